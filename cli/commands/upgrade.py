"""`antin upgrade`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import DoIt
from cli.session import session_of


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    app.command("upgrade", help="upgrade")(upgrade)


def upgrade(
    context: typer.Context,
    to: Annotated[int | None, typer.Option("--to", help="upgrade.to", min=1)] = None,
    backup: Annotated[Path | None, typer.Option("--backup", help="upgrade.backup")] = None,
    backup_made: Annotated[bool, typer.Option("--backup-made", help="upgrade.backup_made")] = False,
    yes: DoIt = False,
) -> None:
    """Bring the home's register to the version this Antin needs, after backing it up."""
    from cli.homes.upgrade_register import Wanted, upgrade_register

    session = session_of(context)
    done = upgrade_register(session, Wanted(to, backup, backup_made, yes))
    facts = {"version": done.to, "register": done.register}
    message = "cli.upgrade.done" if done.changed else "cli.upgrade.current"
    session.put("upgrade/1", done.as_json(), lambda: session.word(message, **facts))
