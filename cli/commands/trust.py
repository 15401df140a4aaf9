"""`antin trust list|refresh|show`: the trusted lists of a home."""

from typing import Annotated

import typer

from cli.session import session_of

group = typer.Typer(help="trust", no_args_is_help=True, rich_markup_mode=None)


@group.command("list", help="trust.list")
def list_(context: typer.Context) -> None:
    """List the trusted lists as they are kept; nobody is asked."""
    from cli.documents.lists import put_lists
    from cli.homes.home import find_home, home_directory
    from cli.homes.lists import follow_lists

    session = session_of(context)
    home = find_home(home_directory(session.home), session.configuration)
    put_lists(session, "trust.list/1", follow_lists(session, home, None))


@group.command("refresh", help="trust.refresh")
def refresh(context: typer.Context) -> None:
    """Fetch every list anew."""
    from cli.documents.lists import put_lists, status_of_lists
    from cli.homes.home import get_home, home_directory
    from cli.homes.late_fetcher import LateFetcher
    from cli.homes.lists import follow_lists

    session = session_of(context)
    home = get_home(home_directory(session.home), session.configuration)
    fetcher = LateFetcher(home.settings.network.allow, session.clock, None)
    had = follow_lists(session, home, fetcher, anew=True)
    put_lists(session, "trust.refresh/1", had)
    raise typer.Exit(status_of_lists(had))


@group.command("show", help="trust.show")
def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="trust.name")],
    query: Annotated[str | None, typer.Option("--query", help="trust.query")] = None,
) -> None:
    """Show the services of one list."""
    from cli.documents.lists import get_list, put_services
    from cli.homes.home import find_home, home_directory
    from cli.homes.lists import follow_lists

    session = session_of(context)
    home = find_home(home_directory(session.home), session.configuration)
    put_services(session, get_list(follow_lists(session, home, None), name), query)
