"""`antin ca create|list|show|export|recover`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands import ceremony, hierarchy, importing
from cli.options import KeyTypeName, PinSource
from cli.session import session_of, table

group = typer.Typer(help="ca", no_args_is_help=True, rich_markup_mode=None)
Name = Annotated[str, typer.Argument(help="ca.name")]


@group.command("create", help="ca.create")
def create(
    context: typer.Context,
    name: Name,
    profile: Annotated[str, typer.Option("--profile", help="ca.profile")],
    subject: Annotated[str, typer.Option("--subject", help="ca.subject")],
    key: Annotated[str | None, typer.Option("--key", help="key")] = None,
    key_type: Annotated[KeyTypeName | None, typer.Option("--key-type", help="key_type")] = None,
    token: Annotated[str | None, typer.Option("--token", help="ca.token")] = None,
    parent: Annotated[str | None, typer.Option("--parent", help="ca.parent")] = None,
    pin_source: PinSource = None,
) -> None:
    """Make a root or an issuing authority, and its first revocation list."""
    from cli.certificate_text import certificate_object
    from cli.homes.office import open_office
    from cli.homes.responders import tell_responder
    from cli.issuing.create_authority import Wanted, create_authority
    from pki.keys import KeyType
    from pki.names import name_text

    session = session_of(context)
    kind = KeyType(key_type) if key_type else None
    wanted = Wanted(name, profile, subject, parent, key, kind, token)
    with open_office(session, pin_source=pin_source) as office, office.home.locked():
        authority = create_authority(office, wanted)
        responder = tell_responder(office, authority)
    certificate = authority.issuer.certificate
    session.put(
        "ca.create/1",
        {"name": name, **certificate_object(certificate), "responder": responder},
        lambda: session.word("cli.ca.created", name=name, subject=name_text(certificate.subject)),
    )


@group.command("list", help="ca.list")
def list_authorities(context: typer.Context) -> None:
    """Name the authorities of this home."""
    from cli.homes.office import open_office

    session = session_of(context)
    with open_office(session) as office:
        records = office.register.list_authorities()
    rows = [{"name": one.name, "parent": one.parent, "profile": one.profile} for one in records]
    session.put(
        "ca.list/1",
        {"authorities": rows},
        lambda: (
            table([(one.name, one.profile, one.parent or "-") for one in records])
            if records
            else session.word("cli.none")
        ),
    )


@group.command("show", help="ca.show")
def show(context: typer.Context, name: Name) -> None:
    """Print an authority's certificate and its newest list."""
    from cryptography import x509

    from cli.certificate_text import certificate_object
    from cli.homes.office import open_office

    session = session_of(context)
    with open_office(session) as office:
        record = office.record(name)
        crl = office.register.newest_crl_head(name)
        succession = office.register.find_succession(name)
    certificate = x509.load_der_x509_certificate(record.certificate_der)
    data = {
        "name": record.name,
        "parent": record.parent,
        "profile": record.profile,
        "key": record.key_uri,
        **certificate_object(certificate),
        "successor": succession.successor if succession else None,
        "crl_number": crl.number if crl else None,
        "crl_next_update": crl.next_update.isoformat() if crl else None,
    }
    session.put(
        "ca.show/1",
        data,
        lambda: table([(key, "-" if value is None else str(value)) for key, value in data.items()]),
    )


@group.command("export", help="ca.export")
def export(
    context: typer.Context,
    name: Name,
    chain: Annotated[bool, typer.Option("--chain", help="ca.chain")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="output")] = None,
) -> None:
    """Write an authority's certificate as PEM, with those above it if asked."""
    from cli.homes.office import open_office
    from cli.issuing.pem import chain_pem, put_pem

    session = session_of(context)
    with open_office(session) as office:
        pem = chain_pem(office, name, whole=chain)
    put_pem(session, "ca.export/1", pem, output)


@group.command("recover", help="ca.recover")
def recover(
    context: typer.Context,
    ca: Annotated[str | None, typer.Option("--ca", help="crl.ca")] = None,
    pin_source: PinSource = None,
) -> None:
    """Revoke what an interruption left reserved, and publish that."""
    from cli.actor import actor
    from cli.homes.office import open_office
    from pki.authority.unmade import give_up_unmade
    from pki.records.certificates import serial_text

    session = session_of(context)
    given_up: list[dict[str, str]] = []
    with open_office(session, pin_source=pin_source) as office, office.home.locked():
        names = [ca] if ca else [record.name for record in office.register.list_authorities()]
        for name in names:
            authority = office.authority(name)
            records = authority.recover_open(requester=actor())
            # Also where nothing was open: what was interrupted may be the list itself.
            authority.issue_crl(requester=actor())
            given_up += [{"ca": name, "serial": serial_text(one.serial)} for one in records]
        if ca is None:
            unmade = give_up_unmade(office.register, session.clock, requester=actor())
            given_up += [{"ca": one.issuer, "serial": serial_text(one.serial)} for one in unmade]
    session.put(
        "ca.recover/1",
        {"given_up": given_up},
        lambda: session.word("cli.ca.recovered", count=len(given_up)),
    )


hierarchy.add_to(group)
importing.add_to_authority(group)
group.add_typer(ceremony.group, name="ceremony")
