"""`antin mandate list|check`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.session import session_of, table

group = typer.Typer(help="mandate", no_args_is_help=True, rich_markup_mode=None)


@group.command("list", help="mandate.list")
def list_mandates(context: typer.Context) -> None:
    """List the home's mandates, and which are in force today."""
    from cli.documents.mandates import mandate_object, row_of
    from cli.homes.home import find_home, home_directory
    from pki.words import VIETNAM
    from signing.mandates.mandate import read_mandates

    session = session_of(context)
    folder = find_home(home_directory(session.home), session.configuration).mandates
    day = session.clock.now().astimezone(VIETNAM).date()
    mandates = read_mandates(folder)
    session.put(
        "mandate.list/1",
        {"mandates": [mandate_object(each, day) for each in mandates]},
        lambda: (
            table([row_of(session, each, day) for each in mandates])
            if mandates
            else session.word("cli.mandate.none", folder=folder)
        ),
    )


@group.command("check", help="mandate.check")
def check(
    context: typer.Context, file: Annotated[Path, typer.Argument(help="mandate.file")]
) -> None:
    """Read a mandate's file and tell what it says."""
    from cli.documents.mandates import mandate_object, row_of
    from pki.words import VIETNAM
    from signing.mandates.mandate import read_mandate

    session = session_of(context)
    day = session.clock.now().astimezone(VIETNAM).date()
    mandate = read_mandate(file)
    session.put(
        "mandate.check/1",
        {"mandate": mandate_object(mandate, day)},
        lambda: table([row_of(session, mandate, day)]),
    )
