"""`antin role list|grant|end`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.commands.request import Certificate, Key
from cli.options import PinSource
from cli.session import session_of, table
from pki.records.requests import Role

group = typer.Typer(help="role", no_args_is_help=True, rich_markup_mode=None)

_MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"]


@group.command("list", help="role.list")
def list_roles(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="role.all")] = False,
) -> None:
    """List who has which role."""
    from cli.homes.office import open_office
    from cli.requests.shown import grant_object, grant_row

    session = session_of(context)
    with open_office(session) as office:
        now = session.clock.now()
        found = office.register.cases.grants()
        rows = [grant_object(one, now) for one in found if everything or one.holds(now)]
    session.put(
        "role.list/1",
        {"roles": rows},
        lambda: (
            table([grant_row(session, row) for row in rows]) if rows else session.word("cli.none")
        ),
    )


@group.command("grant", help="role.grant")
def grant(
    context: typer.Context,
    role: Annotated[Role, typer.Argument(help="role.role")],
    file: Annotated[Path, typer.Argument(help="role.file")],
    person: Annotated[str, typer.Option("--person", help="role.person")],
    since: Annotated[
        datetime | None, typer.Option("--since", help="role.since", formats=_MOMENTS)
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", help="role.until", formats=_MOMENTS)
    ] = None,
    key: Key = None,
    cert: Certificate = None,
    pin_source: PinSource = None,
) -> None:
    """Give the holder of a certificate a role."""
    from cli.homes.office import open_office
    from cli.issuing.change_status import in_utc
    from cli.requests.roles import Wanted, give
    from cli.requests.shown import grant_object
    from cli.requests.signing import Actor

    session = session_of(context)
    begin = in_utc(since) or session.clock.now().astimezone(UTC)
    wanted = Wanted(role, file, person, begin, in_utc(until))
    with open_office(session) as office:
        given = give(office, wanted, Actor(key, cert, pin_source))
    told = grant_object(given, session.clock.now())
    name = session.word(f"cli.role.{given.role.value}")
    session.put(
        "role.grant/1",
        told,
        lambda: session.word("cli.role.granted", grant=given.id, person=given.person, role=name),
    )


@group.command("end", help="role.end")
def end(
    context: typer.Context,
    grant_id: Annotated[str, typer.Argument(help="role.grant_id", metavar="GRANT")],
    key: Key = None,
    cert: Certificate = None,
    pin_source: PinSource = None,
) -> None:
    """End a role now."""
    from cli.homes.office import open_office
    from cli.requests.roles import take
    from cli.requests.signing import Actor

    session = session_of(context)
    with open_office(session) as office:
        ended = take(office, grant_id, Actor(key, cert, pin_source))
    session.put(
        "role.end/1",
        {"grant": ended.id, "role": ended.role.value, "person": ended.person},
        lambda: session.word("cli.role.ended", grant=ended.id, person=ended.person),
    )
