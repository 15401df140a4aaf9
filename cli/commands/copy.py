"""`antin copy`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.options import FinalTry, PasswordSource, PinSource
from cli.session import session_of


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    app.command("copy", help="copy")(copy)


def copy(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="copy.files", metavar="FILE")],
    kind: Annotated[
        Literal["sao-y", "sao-luc", "trich-sao"], typer.Option("--kind", help="copy.kind")
    ],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="copy.output")] = None,
    source: Annotated[
        Literal["original", "copy", "paper"] | None, typer.Option("--from", help="copy.from")
    ] = None,
    pages: Annotated[str | None, typer.Option("--pages", help="copy.pages")] = None,
    number: Annotated[str | None, typer.Option("--number", help="copy.number")] = None,
    accept_unknown: Annotated[
        bool, typer.Option("--accept-unknown-status", help="copy.accept_unknown")
    ] = False,
    key: Annotated[str | None, typer.Option("--key", help="key")] = None,
    cert: Annotated[Path | None, typer.Option("--cert", help="copy.cert")] = None,
    level: Annotated[str | None, typer.Option("--level", help="sign.level")] = None,
    display: Annotated[str | None, typer.Option("--display", help="copy.display")] = None,
    place: Annotated[str | None, typer.Option("--place", help="copy.place")] = None,
    tsa: Annotated[str | None, typer.Option("--tsa", help="sign.tsa")] = None,
    owner: Annotated[str | None, typer.Option("--expect-owner", help="sign.owner")] = None,
    require_status: Annotated[
        bool, typer.Option("--require-status", help="sign.require_status")
    ] = False,
    pkcs1: Annotated[bool, typer.Option("--pkcs1", help="sign.pkcs1")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="sign.overwrite")] = False,
    one_pin: Annotated[bool, typer.Option("--one-pin", help="sign.one_pin")] = False,
    final_try: FinalTry = False,
    json_lines: Annotated[bool, typer.Option("--json-lines", help="json_lines")] = False,
    pin_source: PinSource = None,
    password_source: PasswordSource = None,
) -> None:
    """Make copies of judged documents, each signed by the agency that copies."""
    from cli.documents.copies import CopyWords, copy_all
    from cli.documents.sign_wishes import SignWishes
    from cli.homes.home import find_home, home_directory
    from cli.homes.keys import PINs

    session = session_of(context)
    home = find_home(home_directory(session.home), session.configuration)
    wishes = SignWishes(
        level=level,
        display=display or f"copy-{kind}",
        place=place,
        tsa=tsa,
        lock="all",
        permit=1,
        owner=owner,
        pkcs1=pkcs1,
        number=number,
        require_status=require_status,
    )
    words = CopyWords(kind, source, pages, accept_unknown, password_source)
    pins = PINs(session, home, pin_source, final_try=final_try, one_pin=one_pin)
    status = copy_all(
        (pins, home),
        (wishes, words),
        (key, cert),
        (files, output),
        overwrite=overwrite,
        json_lines=json_lines,
    )
    raise typer.Exit(status)
