"""The end of a command that only showed what it would do."""

from __future__ import annotations

from typing import NoReturn

import typer

from cli.exit_status import ExitStatus
from cli.session import Session


def end_dry_run(session: Session, advice_id: str) -> NoReturn:
    """Say that nothing was done, and what does it; end with the status of a refusal."""
    session.tell("cli.nothing_done", advice=session.word(advice_id))
    raise typer.Exit(ExitStatus.REFUSED)
