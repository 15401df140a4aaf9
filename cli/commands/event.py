"""`antin event record|list|show`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import PinSource
from cli.registry_options import Limit, OfAgency, OfPerson
from cli.session import session_of, table
from pki.records.events import EventKind

group = typer.Typer(help="event", no_args_is_help=True, rich_markup_mode=None)
Id = Annotated[str, typer.Argument(help="event.id")]
Key = Annotated[str | None, typer.Option("--key", help="request.key")]
Certificate = Annotated[Path | None, typer.Option("--cert", help="sign.cert")]


@group.command("record", help="event.record")
def record(
    context: typer.Context,
    kind: Annotated[EventKind, typer.Argument(help="event.kind")],
    day: Annotated[str, typer.Option("--day", help="event.day", metavar="DAY")],
    person: OfPerson = None,
    post: Annotated[str | None, typer.Option("--post", help="event.post")] = None,
    agency: Annotated[str | None, typer.Option("--agency", help="event.agency")] = None,
    device: Annotated[str | None, typer.Option("--device", help="event.device")] = None,
    into: Annotated[str | None, typer.Option("--into", help="event.into")] = None,
    new_post: Annotated[str | None, typer.Option("--new-post", help="event.new_post")] = None,
    title: Annotated[str | None, typer.Option("--title", help="event.title")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="event.unit")] = None,
    event_id: Annotated[str | None, typer.Option("--event-id", help="event.event_id")] = None,
    submit: Annotated[bool, typer.Option("--submit", help="event.submit")] = False,
    key: Key = None,
    cert: Certificate = None,
    pin_source: PinSource = None,
) -> None:
    """Record what befell a person, a post, an agency or a token."""
    from cli.events.recording import Wish, record
    from cli.homes.office import open_office
    from cli.requests.signing import Actor

    said = {"person": person, "post": post, "agency": agency, "device": device}
    said |= {"to_agency": into, "new_post": new_post, "title": title, "unit": unit}
    with open_office(session_of(context)) as office:
        submitter = Actor(key, cert, pin_source) if submit else None
        record(office, Wish(kind, day, said, event_id), submitter)


@group.command("list", help="event.list")
def list_events(
    context: typer.Context,
    kind: Annotated[EventKind | None, typer.Option("--kind", help="event.of_kind")] = None,
    person: OfPerson = None,
    agency: OfAgency = None,
    still_open: Annotated[bool, typer.Option("--open", help="event.open")] = False,
    limit: Limit = 50,
) -> None:
    """List events, the newest first, with how much of each is done."""
    from cli.events.shown import Filter, event_row, list_events
    from cli.homes.office import open_office

    session = session_of(context)
    with open_office(session) as office:
        rows = list_events(office, Filter(kind, person, agency, limit, still_open))
    session.put(
        "event.list/1",
        {"events": rows},
        lambda: (
            table([event_row(session, row) for row in rows]) if rows else session.word("cli.none")
        ),
    )


@group.command("show", help="event.show")
def show(context: typer.Context, event: Id) -> None:
    """Show an event, what it asks for, and what of that is done."""
    from cli.events.recording import show
    from cli.homes.office import open_office

    with open_office(session_of(context)) as office:
        show(office, event)
