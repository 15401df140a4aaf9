"""`antin queue`: documents that were given out and wait to be raised."""

from typing import Annotated

import typer

from cli.session import session_of

group = typer.Typer(help="queue", no_args_is_help=True, rich_markup_mode=None)


@group.command("list", help="queue.list")
def list_(context: typer.Context) -> None:
    """List what waits."""
    from cli.documents.queued import entries_object, entries_text
    from cli.homes.home import get_home, home_directory
    from signing.queue import Queue

    session = session_of(context)
    home = get_home(home_directory(session.home), session.configuration)
    entries = tuple(Queue(home.queue).entries())
    session.put(
        "queue/1", {"queue": entries_object(entries)}, lambda: entries_text(session, entries)
    )


@group.command("forget", help="queue.forget")
def forget(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(help="queue.ids", metavar="ID")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do_it")] = False,
) -> None:
    """Forget documents: they stay as they are and are not raised."""
    from cli.documents.queued import forget_entries
    from cli.homes.home import get_home, home_directory

    session = session_of(context)
    home = get_home(home_directory(session.home), session.configuration)
    raise typer.Exit(forget_entries(session, home, ids, yes=yes))
