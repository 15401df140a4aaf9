"""`antin crl issue|show`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import PinSource
from cli.session import session_of, table

group = typer.Typer(help="crl", no_args_is_help=True, rich_markup_mode=None)


@group.command("issue", help="crl.issue")
def issue(
    context: typer.Context,
    ca: Annotated[str | None, typer.Option("--ca", help="crl.ca")] = None,
    pin_source: PinSource = None,
) -> None:
    """Issue the next list of one authority, or of all."""
    from cli.actor import actor
    from cli.homes.office import open_office

    session = session_of(context)
    with open_office(session, pin_source=pin_source) as office, office.home.locked():
        names = [ca] if ca else [record.name for record in office.register.list_authorities()]
        for name in names:
            office.authority(name).issue_crl(requester=actor())
        records = [office.register.newest_crl(name) for name in names]
    lists = [
        {
            "ca": record.issuer,
            "number": record.number,
            "this_update": record.this_update.isoformat(),
            "next_update": record.next_update.isoformat(),
        }
        for record in records
        if record is not None
    ]
    session.put(
        "crl.issue/1",
        {"lists": lists},
        lambda: table([tuple(str(value) for value in item.values()) for item in lists]),
    )


@group.command("show", help="crl.show")
def show(context: typer.Context, file: Annotated[Path, typer.Argument(help="crl.file")]) -> None:
    """Print what a list says; a list says nothing of who vouches for it."""
    from cli.files import read_small
    from cli.issuing.crl_text import describe_crl

    session = session_of(context)
    described = describe_crl(read_small(file), file)
    session.put(
        "crl.show/1",
        described,
        lambda: table(
            [
                *((key, str(value)) for key, value in described.items() if key != "revoked"),
                *((one["serial"], one["revoked_at"]) for one in described["revoked"]),
            ]
        ),
    )
