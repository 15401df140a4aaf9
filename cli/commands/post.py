"""`antin post list|show|add|change|import|export`."""

from typing import Annotated

import typer

from cli.commands import registry_files
from cli.registry_options import (
    After,
    At,
    Clear,
    Code,
    Correct,
    From,
    Limit,
    OfAgency,
    OfPerson,
    Since,
    Until,
    Words,
)
from cli.session import session_of

group = typer.Typer(help="post", no_args_is_help=True, rich_markup_mode=None)
Title = Annotated[str | None, typer.Option("--title", help="post.title")]
Unit = Annotated[str | None, typer.Option("--unit", help="post.unit")]


@group.command("list", help="post.list")
def list_posts(
    context: typer.Context,
    at: At = None,
    query: Words = None,
    person: OfPerson = None,
    agency: OfAgency = None,
    limit: Limit = None,
    after: After = None,
) -> None:
    """List posts."""
    from cli.registry.desk import day_of, open_desk
    from cli.registry.rows import put_list
    from pki.records.people import Post, PostQuery

    day = day_of(at, "--at")
    narrow = PostQuery(on=day, text=query, person=person, agency=agency, limit=limit, after=after)
    with open_desk(session_of(context)) as desk:
        put_list(desk, Post, narrow)


@group.command("show", help="post.show")
def show(context: typer.Context, code: Code, at: At = None) -> None:
    """Show one post and its versions."""
    from cli.registry.desk import open_desk
    from cli.registry.entries import show_entry
    from pki.records.people import Post

    with open_desk(session_of(context)) as desk:
        show_entry(desk, Post, code, at=at)


@group.command("add", help="post.add")
def add(
    context: typer.Context,
    code: Code,
    person: Annotated[str, typer.Option("--person", help="registry.person")],
    agency: Annotated[str, typer.Option("--agency", help="registry.agency")],
    title: Annotated[str, typer.Option("--title", help="post.title")],
    unit: Unit = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Enter a post."""
    from cli.registry.adding import add_new
    from pki.records.people import Post

    told = {"unit": unit, "since": since, "until": until}
    told |= {"code": code, "person": person, "agency": agency, "title": title}
    add_new(session_of(context), Post, told)


@group.command("change", help="post.change")
def change(
    context: typer.Context,
    code: Code,
    person: OfPerson = None,
    agency: OfAgency = None,
    title: Title = None,
    unit: Unit = None,
    since: Since = None,
    until: Until = None,
    clear: Clear = None,
    day: From = None,
    correct: Correct = False,
) -> None:
    """Change or end a post."""
    from cli.registry.adding import change_known
    from cli.registry.entries import Wish
    from pki.records.people import Post

    told = {"person": person, "agency": agency, "title": title}
    told |= {"unit": unit, "since": since, "until": until}
    change_known(session_of(context), Post, code, Wish(told, tuple(clear or ()), day, correct))


registry_files.add_to(group, "post.import", "post.export")
