"""`antin person list|show|add|change|import|export`."""

from typing import Annotated

import typer

from cli.commands import registry_files
from cli.commands.person_erasure import erase
from cli.options import PinSource
from cli.registry_options import (
    After,
    At,
    Clear,
    Code,
    Correct,
    From,
    Limit,
    Name,
    NewName,
    OfAgency,
    PersonStates,
    SeeingCertificate,
    SeeingKey,
    Since,
    Unmasked,
    Words,
    seeing,
)
from cli.session import session_of

group = typer.Typer(help="person", no_args_is_help=True, rich_markup_mode=None)
Surname = Annotated[str | None, typer.Option("--surname", help="person.surname")]
GivenName = Annotated[str | None, typer.Option("--given-name", help="person.given_name")]
Number = Annotated[str | None, typer.Option("--citizen-number", help="person.number")]
Email = Annotated[str | None, typer.Option("--email", help="person.email")]
State = Annotated[PersonStates | None, typer.Option("--state", help="person.state")]


@group.command("list", help="person.list")
def list_people(
    context: typer.Context,
    at: At = None,
    query: Words = None,
    state: State = None,
    agency: OfAgency = None,
    limit: Limit = None,
    after: After = None,
    unmasked: Unmasked = False,
    key: SeeingKey = None,
    cert: SeeingCertificate = None,
    pin_source: PinSource = None,
) -> None:
    """List people."""
    from cli.registry.desk import day_of, open_desk
    from cli.registry.rows import put_list
    from pki.records.people import Person, PersonQuery, PersonState

    narrow = PersonQuery(
        on=day_of(at, "--at"),
        text=query,
        state=PersonState(state) if state else None,
        agency=agency,
        limit=limit,
        after=after,
    )
    with open_desk(session_of(context)) as desk:
        put_list(desk, Person, narrow, who=seeing(key, cert, pin_source) if unmasked else None)


@group.command("show", help="person.show")
def show(
    context: typer.Context,
    code: Code,
    at: At = None,
    unmasked: Unmasked = False,
    key: SeeingKey = None,
    cert: SeeingCertificate = None,
    pin_source: PinSource = None,
) -> None:
    """Show one person and the versions of the entry."""
    from cli.registry.desk import open_desk
    from cli.registry.entries import show_entry
    from pki.records.people import Person

    with open_desk(session_of(context)) as desk:
        who = seeing(key, cert, pin_source) if unmasked else None
        show_entry(desk, Person, code, at=at, who=who)


@group.command("add", help="person.add")
def add(
    context: typer.Context,
    code: Code,
    name: Name,
    surname: Surname = None,
    given_name: GivenName = None,
    number: Number = None,
    email: Email = None,
    state: Annotated[PersonStates, typer.Option("--state", help="person.state")] = "active",
    since: Since = None,
) -> None:
    """Enter a person."""
    from cli.registry.adding import add_new
    from pki.records.people import Person

    told = {"code": code, "name": name, "surname": surname, "given_name": given_name}
    told |= {"citizen_number": number, "email": email, "state": state, "since": since}
    add_new(session_of(context), Person, told)


@group.command("change", help="person.change")
def change(
    context: typer.Context,
    code: Code,
    name: NewName = None,
    surname: Surname = None,
    given_name: GivenName = None,
    number: Number = None,
    email: Email = None,
    state: State = None,
    since: Since = None,
    clear: Clear = None,
    day: From = None,
    correct: Correct = False,
) -> None:
    """Change a person."""
    from cli.registry.adding import change_known
    from cli.registry.entries import Wish
    from pki.records.people import Person

    told = {"name": name, "surname": surname, "given_name": given_name}
    told |= {"citizen_number": number, "email": email, "state": state, "since": since}
    wish = Wish(told, tuple(clear or ()), day, correct)
    change_known(session_of(context), Person, code, wish)


group.command("erase", help="person.erase")(erase)
registry_files.add_to(group, "person.import", "person.export")
