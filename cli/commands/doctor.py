"""`antin doctor`."""

import typer

from cli.session import session_of


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    app.command("doctor", help="doctor")(doctor)


def doctor(context: typer.Context) -> None:
    """Look at what this machine and this home need, and say what to mend."""
    from cli.exit_status import ExitStatus
    from cli.homes.examine import alarms_of, examine
    from cli.session import table
    from cli.upkeep.report import alarm_object, alarm_row

    session = session_of(context)
    checks = examine(session)
    alarms = alarms_of(session)
    rows = [check.as_row(session) for check in checks]
    told = [": ".join(alarm_row(alarm, session)) for alarm in alarms]
    session.put(
        "doctor/1",
        {
            "checks": [check.as_json(session) for check in checks],
            "alarms": [alarm_object(alarm, session.language) for alarm in alarms],
        },
        lambda: "\n".join((table(rows), *told)),
    )
    if any(check.error is not None for check in checks):
        raise typer.Exit(ExitStatus.UNAVAILABLE)
