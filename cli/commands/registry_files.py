"""`antin agency|person|post|device import|export`, `antin person example`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DoIt, Output, PinSource
from cli.registry_options import (
    At,
    From,
    LocalDays,
    SeeingCertificate,
    SeeingKey,
    SkipBad,
    Spreadsheet,
    Table,
    Unmasked,
    seeing,
)
from cli.session import session_of

if TYPE_CHECKING:
    from cli.requests.signing import Actor


def add_to(group: typer.Typer, import_help: str, export_help: str) -> None:
    """Declare what reads and writes files of the kind of entry that the helps are named for."""
    kind = import_help.partition(".")[0]

    @group.command("import", help=import_help)
    def import_(
        context: typer.Context,
        path: Table,
        day: From = None,
        skip_bad: SkipBad = False,
        local_days: LocalDays = False,
        yes: DoIt = False,
    ) -> None:
        """Take a file in; without `--yes`, say what it would do."""
        from cli.registry.desk import open_desk
        from cli.registry.files import Wish, import_file
        from cli.registry.kinds import KINDS

        with open_desk(session_of(context)) as desk:
            import_file(desk, KINDS[kind], path, Wish(day, skip_bad, local_days, yes))

    if kind == "person":
        group.command("export", help=export_help)(_export_people)
        group.command("example", help="person.example")(_example)
        return

    @group.command("export", help=export_help)
    def export(
        context: typer.Context,
        output: Output = None,
        at: At = None,
        spreadsheet: Spreadsheet = False,
    ) -> None:
        """Write entries as CSV."""
        _export(kind, context, at, (output, None, spreadsheet))


def _export_people(
    context: typer.Context,
    output: Output = None,
    at: At = None,
    unmasked: Unmasked = False,
    key: SeeingKey = None,
    cert: SeeingCertificate = None,
    pin_source: PinSource = None,
    spreadsheet: Spreadsheet = False,
) -> None:
    """Write people as CSV."""
    who = seeing(key, cert, pin_source) if unmasked else None
    _export("person", context, at, (output, who, spreadsheet))


def _export(
    kind: str,
    context: typer.Context,
    at: str | None,
    shape: "tuple[Path | None, Actor | None, bool]",
) -> None:
    from cli.registry.desk import day_of, open_desk
    from cli.registry.files import Shape, export_file
    from cli.registry.kinds import KINDS, QUERIES

    query = QUERIES[kind](on=day_of(at, "--at"))
    with open_desk(session_of(context)) as desk:
        export_file(desk, KINDS[kind], query, Shape(*shape))


def _example(
    context: typer.Context,
    output: Annotated[Path, typer.Option("-o", "--output", help="person.example.folder")],
    rows: Annotated[
        int, typer.Option("--rows", help="person.example.rows", min=1, max=1_000_000)
    ] = 1000,
) -> None:
    """Write the files of an invented province."""
    from cli.registry.files import write_example

    write_example(session_of(context), output, rows)
