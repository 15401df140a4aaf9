"""`antin doctor`."""

import typer

from cli.session import session_of


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    app.command("doctor", help="doctor")(doctor)


def doctor(context: typer.Context) -> None:
    """Look at what this machine and this home need, and say what to mend."""
    from cli.exit_status import ExitStatus
    from cli.homes.examine import examine
    from cli.session import table

    session = session_of(context)
    checks = examine(session)
    rows = [check.as_row(session) for check in checks]
    session.put(
        "doctor/1",
        {"checks": [check.as_json(session) for check in checks]},
        lambda: table(rows),
    )
    if any(check.error is not None for check in checks):
        raise typer.Exit(ExitStatus.UNAVAILABLE)
