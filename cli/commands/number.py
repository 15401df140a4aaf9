"""`antin number`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import PasswordSource
from cli.session import session_of


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    app.command("number", help="number")(number)


def number(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="number.file", metavar="FILE")],
    output: Annotated[Path, typer.Option("-o", "--output", help="number.output")],
    number: Annotated[str, typer.Option("--number", help="number.number")],
    date: Annotated[str, typer.Option("--date", help="number.date")],
    without_leader: Annotated[
        bool, typer.Option("--without-leader", help="number.without_leader")
    ] = False,
    require_status: Annotated[
        bool, typer.Option("--require-status", help="sign.require_status")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="sign.overwrite")] = False,
    password_source: PasswordSource = None,
) -> None:
    """Fill number and date of a prepared document in."""
    from cli.documents.outgoing import number_file, read_date
    from signing.outgoing.number import Numbering

    wish = Numbering(
        number,
        read_date(date),
        without_leader=without_leader,
        require_status=require_status,
    )
    number_file(
        session_of(context),
        (file, output),
        wish,
        overwrite=overwrite,
        password_source=password_source,
    )
