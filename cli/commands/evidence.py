"""`antin evidence`: what is kept about each signature."""

from pathlib import Path
from typing import Annotated

import typer

from cli.session import session_of

group = typer.Typer(help="evidence", no_args_is_help=True, rich_markup_mode=None)
IDS = Annotated[list[str], typer.Argument(help="evidence.ids", metavar="ID")]


@group.command("list", help="evidence.list")
def list_(
    context: typer.Context,
    query: Annotated[str | None, typer.Option("--query", help="evidence.query")] = None,
) -> None:
    """List what is kept."""
    from cli.documents.kept import ledger_of, list_kept
    from cli.homes.home import get_home, home_directory

    session = session_of(context)
    home = get_home(home_directory(session.home), session.configuration)
    list_kept(session, ledger_of(session, home), query)


@group.command("export", help="evidence.export")
def export(
    context: typer.Context,
    ids: IDS,
    output: Annotated[Path, typer.Option("-o", "--output", help="evidence.output")],
) -> None:
    """Write records into a ZIP file."""
    from cli.documents.kept import export_kept, ledger_of
    from cli.homes.home import get_home, home_directory

    session = session_of(context)
    home = get_home(home_directory(session.home), session.configuration)
    export_kept(session, ledger_of(session, home), ids, output)


@group.command("erase", help="evidence.erase")
def erase(
    context: typer.Context,
    ids: IDS,
    reason: Annotated[str, typer.Option("--reason", help="evidence.reason")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do_it")] = False,
) -> None:
    """Erase records; their lines stay."""
    from cli.documents.kept import erase_kept
    from cli.homes.home import get_home, home_directory

    session = session_of(context)
    home = get_home(home_directory(session.home), session.configuration)
    raise typer.Exit(erase_kept(session, home, ids, reason, yes=yes))


@group.command("verify", help="evidence.verify")
def verify(
    context: typer.Context,
    head: Annotated[str | None, typer.Option("--head", help="evidence.head")] = None,
) -> None:
    """Check every line and every record."""
    from cli.documents.kept import ledger_of, verify_kept
    from cli.homes.home import get_home, home_directory

    session = session_of(context)
    home = get_home(home_directory(session.home), session.configuration)
    raise typer.Exit(verify_kept(session, ledger_of(session, home), head))
