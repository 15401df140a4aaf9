"""`antin selftest invariants`."""

import typer

from cli.session import session_of

group = typer.Typer(help="selftest", no_args_is_help=True, rich_markup_mode=None)


@group.callback()
def selftest() -> None:
    """Keep `invariants` a command of its own: a group of one would be taken for it."""


@group.command("invariants", help="selftest.invariants")
def invariants(context: typer.Context) -> None:
    """Try what an authority must never break, and look at the register for it."""
    from cli.exit_status import ExitStatus
    from cli.homes.office import open_office
    from cli.selftest.check import check_invariants

    session = session_of(context)
    with open_office(session) as office:
        checked = check_invariants(office.register, office.home.register, session.clock.now())
    data = checked.as_json(session)
    session.put("selftest.invariants/1", data, lambda: checked.as_text(session))
    if checked.is_broken:
        raise typer.Exit(ExitStatus.REFUSED)
