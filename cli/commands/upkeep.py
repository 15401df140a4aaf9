"""`antin upkeep`."""

from typing import Annotated

import typer

from cli.options import PinSource
from cli.session import session_of


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    app.command("upkeep", help="upkeep")(upkeep)


def upkeep(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="upkeep.yes")] = False,
    check: Annotated[bool, typer.Option("--check", help="upkeep.check")] = False,
    pin_source: PinSource = None,
) -> None:
    """Say what lapses and what is due; with `--yes`, do what needs nobody."""
    from cli.exit_status import ExitStatus
    from cli.homes.office import open_office
    from cli.overview.keeping import Counting
    from cli.session import table
    from cli.upkeep.noticing import Noticing
    from cli.upkeep.raising import Raising
    from cli.upkeep.report import alarm_object, alarm_row, all_well, outcome_object, outcome_row
    from cli.upkeep.watching import Watching
    from cli.upkeep.work import Outcome, Upkeep

    session = session_of(context)
    with open_office(session, pin_source=pin_source) as office:
        keeping = Upkeep(office)
        outcomes = keeping.work() if yes else tuple(Outcome(one, "due") for one in keeping.due())
        raising = Raising(session, office.home)
        outcomes += raising.work() if yes else raising.due()
        watching = Watching(office)
        outcomes += watching.work() if yes else watching.due()
        noticing = Noticing(office)
        outcomes += noticing.work() if yes else noticing.due()
        counted = Counting(office).work() if yes else ()
        alarms = (*keeping.look(), *counted)
    rows = [
        *(outcome_row(one, session) for one in outcomes),
        *(alarm_row(one, session) for one in alarms),
    ]
    session.put(
        "upkeep/1",
        {
            "tasks": [outcome_object(one, session.language) for one in outcomes],
            "alarms": [alarm_object(one, session.language) for one in alarms],
        },
        lambda: table(rows) if rows else session.word("cli.upkeep.nothing"),
    )
    if (check and not all_well(alarms)) or any(one.state == "failed" for one in outcomes):
        raise typer.Exit(ExitStatus.REFUSED)
