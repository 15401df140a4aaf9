"""`antin token doctor`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.session import session_of


def add_to(group: typer.Typer) -> None:
    """Declare the command."""
    group.command("doctor", help="token.doctor")(doctor)


def doctor(
    context: typer.Context,
    report: Annotated[Path | None, typer.Option("--report", help="token.report")] = None,
) -> None:
    """Say why signing works or not: readers, tokens, modules, certificates; nobody logs in."""
    import shutil

    from cli.exit_status import ExitStatus
    from cli.homes.diagnose import diagnose_home
    from cli.tokens.choose import home_of
    from cli.tokens.doctor import diagnosis_object
    from cli.tokens.doctor_page import page
    from cli.tokens.doctor_report import write_report

    session = session_of(context)
    diagnosis = diagnose_home(session, home_of(session), search=True)
    if report is not None:
        write_report(report, diagnosis, session)
        session.tell("cli.token_doctor.reported", path=report)
    # In a pipe there is no terminal to ask, and lines of a page's width.
    width = shutil.get_terminal_size((100, 24)).columns
    session.put(
        "token.doctor/1",
        diagnosis_object(diagnosis, session),
        lambda: page(diagnosis, session, width=width),
    )
    if not diagnosis.able:
        raise typer.Exit(ExitStatus.UNAVAILABLE)
