"""`antin cert issue|list|show|export|revoke`."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.options import PinSource, Yes
from cli.session import session_of, table

group = typer.Typer(help="cert", no_args_is_help=True, rich_markup_mode=None)
Serial = Annotated[str, typer.Argument(help="cert.serial")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="output")]


@group.command("issue", help="cert.issue")
def issue(
    context: typer.Context,
    ca: Annotated[str, typer.Option("--ca", help="cert.ca")],
    profile: Annotated[str, typer.Option("--profile", help="cert.profile")],
    csr: Annotated[Path | None, typer.Option("--csr", help="cert.csr")] = None,
    key: Annotated[str | None, typer.Option("--key", help="cert.key")] = None,
    subject: Annotated[Path | None, typer.Option("--subject", help="cert.subject")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="cert.set")] = None,
    output: Output = None,
    pin_source: PinSource = None,
) -> None:
    """Issue one certificate; who it speaks of comes from the options, never from the request."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from cli.certificate_text import certificate_object
    from cli.homes.office import open_office
    from cli.issuing.issue_certificate import Wanted, issue_certificate
    from pki.atomic import write_atomically

    session = session_of(context)
    wanted = Wanted(ca, profile, csr, key, subject, tuple(settings or ()))
    with open_office(session, pin_source=pin_source) as office, office.home.locked():
        certificate = issue_certificate(office, wanted)
    pem = certificate.public_bytes(Encoding.PEM)
    if output is not None:
        write_atomically(output, pem, overwrite=True)
    data = certificate_object(certificate)
    session.put(
        "cert.issue/1",
        {**data, "pem": pem.decode("ascii"), "output": str(output) if output else None},
        lambda: session.word("cli.cert.issued", serial=data["serial"], subject=data["subject"]),
    )


@group.command("list", help="cert.list")
def list_certificates(
    context: typer.Context,
    ca: Annotated[str | None, typer.Option("--ca", help="cert.of_ca")] = None,
    status: Annotated[str | None, typer.Option("--status", help="cert.status")] = None,
    expires_within: Annotated[
        str | None, typer.Option("--expires-within", help="cert.expires_within")
    ] = None,
    query: Annotated[str | None, typer.Option("--query", help="cert.query")] = None,
) -> None:
    """List certificates."""
    from cli.homes.office import open_office
    from cli.issuing.find_certificates import Filter, certificate_rows

    session = session_of(context)
    wanted = Filter(ca, status, expires_within, query)
    with open_office(session) as office:
        rows = certificate_rows(office.register, wanted, session.clock.now())
    columns = ("serial", "status", "profile", "not_after", "subject")
    session.put(
        "cert.list/1",
        {"certificates": rows},
        lambda: (
            table([tuple(row[column] for column in columns) for row in rows])
            if rows
            else session.word("cli.none")
        ),
    )


@group.command("show", help="cert.show")
def show(context: typer.Context, serial: Serial) -> None:
    """Print one certificate's record."""
    from cli.homes.office import open_office
    from cli.issuing.find_certificates import certificate_row

    session = session_of(context)
    with open_office(session) as office:
        record = office.certificate(serial)
        data = certificate_row(office.register, record)
    session.put("cert.show/1", data, lambda: table(list(data.items())))


@group.command("export", help="cert.export")
def export(
    context: typer.Context,
    serial: Serial,
    output: Output = None,
) -> None:
    """Write one certificate as PEM."""
    from cli.errors import UnknownNameError
    from cli.homes.office import open_office
    from cli.issuing.pem import pem_of, put_pem

    session = session_of(context)
    with open_office(session) as office:
        record = office.certificate(serial)
    if record.der is None:
        raise UnknownNameError(kind="cert", name=serial)
    put_pem(session, "cert.export/1", pem_of(record.der), output)


@group.command("revoke", help="cert.revoke")
def revoke(
    context: typer.Context,
    serial: Serial,
    reason: Annotated[str, typer.Option("--reason", help="cert.reason")],
    invalidity_date: Annotated[
        datetime | None,
        typer.Option(
            "--invalidity-date", help="cert.invalidity", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"]
        ),
    ] = None,
    yes: Yes = False,
    pin_source: PinSource = None,
) -> None:
    """Revoke one certificate for good and publish that at once."""
    from cli.homes.office import open_office
    from cli.issuing.revoke_certificate import revoke_certificate

    session = session_of(context)
    with open_office(session, pin_source=pin_source) as office:
        record = office.certificate(serial)
        session.confirm("cli.ask.revoke", yes=yes, subject=record.subject, serial=serial)
        with office.home.locked():
            revocation, number = revoke_certificate(
                office, record, reason=reason, since=invalidity_date
            )
    session.put(
        "cert.revoke/1",
        {
            "serial": serial,
            "reason": revocation.reason.value,
            "revoked_at": revocation.revoked_at.isoformat(),
            "crl_number": number,
        },
        lambda: session.word(
            "cli.cert.revoked", serial=serial, at=revocation.revoked_at, number=number
        ),
    )
