"""`antin crl issue|show|check`."""

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
    delta: Annotated[bool, typer.Option("--delta", help="crl.delta")] = False,
    pin_source: PinSource = None,
) -> None:
    """Issue the next list of one authority, or of all."""
    from cli.actor import actor
    from cli.homes.office import open_office

    session = session_of(context)
    with open_office(session, pin_source=pin_source) as office, office.home.locked():
        known = office.register.list_authorities()
        names = [ca] if ca else [one.name for one in known if one.delta_lifetime or not delta]
        for name in names:
            office.authority(name).issue_crl(requester=actor(), delta=delta)
        records = [office.register.newest_crl(name, delta=delta) for name in names]
    lists = [
        {
            "ca": record.issuer,
            "number": record.number,
            "this_update": record.this_update.isoformat(),
            "next_update": record.next_update.isoformat(),
            "base_number": record.base_number,
        }
        for record in records
        if record is not None
    ]
    session.put(
        "crl.issue/1",
        {"lists": lists},
        lambda: (
            table([tuple(map(str, list(item.values())[:4])) for item in lists])
            if lists
            else session.word("cli.none")
        ),
    )


@group.command("show", help="crl.show")
def show(context: typer.Context, file: Annotated[Path, typer.Argument(help="crl.file")]) -> None:
    """Print what a list says; a list says nothing of who vouches for it."""
    from cli.issuing.crl_text import entry_objects, head_object, read_shown

    session = session_of(context)
    read = read_shown(file)
    head = head_object(read)
    session.put_long(
        "crl.show/1",
        head,
        ("revoked", entry_objects(read)),
        text=lambda: table([(key, str(value)) for key, value in head.items()]),
        row=lambda one: f"{one['serial']:<40}  {one['revoked_at']}  {one['reason']}",
    )


@group.command("check", help="crl.check")
def check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="crl.file")],
    ca: Annotated[str | None, typer.Option("--ca", help="crl.of")] = None,
    previous: Annotated[Path | None, typer.Option("--previous", help="crl.previous")] = None,
) -> None:
    """Hold a list against the register and the list before it, as is done before publication."""
    from cli.exit_status import ExitStatus
    from cli.homes.office import open_office
    from cli.issuing.check_crl import check_crl
    from cli.issuing.crl_text import check_object, check_text

    session = session_of(context)
    with open_office(session) as office:
        checked = check_crl(office, file, ca, previous)
    session.put(
        "crl.check/1",
        check_object(checked, session.language),
        lambda: check_text(checked, session),
    )
    if checked.findings:
        raise typer.Exit(ExitStatus.REFUSED)
