"""`antin prepare`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import PasswordSource
from cli.session import session_of


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    app.command("prepare", help="prepare")(prepare)


def prepare(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="prepare.file", metavar="FILE")],
    output: Annotated[Path, typer.Option("-o", "--output", help="prepare.output")],
    leader: Annotated[str, typer.Option("--leader", help="prepare.leader")],
    agency: Annotated[str | None, typer.Option("--agency", help="prepare.agency")] = None,
    number: Annotated[str | None, typer.Option("--number", help="prepare.number")] = None,
    date: Annotated[str | None, typer.Option("--date", help="prepare.date")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="sign.overwrite")] = False,
    password_source: PasswordSource = None,
) -> None:
    """Put fields for number, date and both signatures into a document."""
    from cli.documents.outgoing import prepare_file, read_places

    session = session_of(context)
    places = read_places(leader=leader, agency=agency, number=number, date=date)
    prepare_file(
        session, (file, output), places, overwrite=overwrite, password_source=password_source
    )
