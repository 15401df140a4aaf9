"""`antin overview`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.session import session_of


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    app.command("overview", help="overview")(overview)


def overview(
    context: typer.Context,
    as_csv: Annotated[bool, typer.Option("--csv", help="overview.csv")] = False,
    html: Annotated[Path | None, typer.Option("--html", help="overview.html")] = None,
    recount: Annotated[bool, typer.Option("--recount", help="overview.recount")] = False,
) -> None:
    """Show what there is at a glance."""
    from cli.homes.office import open_office
    from cli.overview.collect import look_over_office, put_overview

    session = session_of(context)
    with open_office(session) as office:
        found = look_over_office(office, recount=recount)
    put_overview(session, found, as_csv=as_csv, html=html)
