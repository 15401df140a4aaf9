"""`antin cert issue|list|show|export`; others in `certificate_{assign,bulk,erasure,life,lint}`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands import (
    certificate_assign,
    certificate_bulk,
    certificate_erasure,
    certificate_life,
    certificate_lint,
    importing,
    watching,
)
from cli.options import Output, PinSource, RequestId, Serial
from cli.session import session_of, table

group = typer.Typer(help="cert", no_args_is_help=True, rich_markup_mode=None)


@group.command("issue", help="cert.issue")
def issue(
    context: typer.Context,
    ca: Annotated[str, typer.Option("--ca", help="cert.ca")],
    profile: Annotated[str, typer.Option("--profile", help="cert.profile")],
    csr: Annotated[Path | None, typer.Option("--csr", help="cert.csr")] = None,
    key: Annotated[str | None, typer.Option("--key", help="cert.key")] = None,
    subject: Annotated[Path | None, typer.Option("--subject", help="cert.subject")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="cert.set")] = None,
    request_id: RequestId = None,
    output: Output = None,
    pin_source: PinSource = None,
) -> None:
    """Issue one certificate; who it speaks of comes from the options, never from the request."""
    from cli.homes.office import open_office
    from cli.issuing.issue_certificate import Wanted, issue_certificate
    from cli.issuing.pem import put_issued

    session = session_of(context)
    wanted = Wanted(ca, profile, csr, key, subject, tuple(settings or ()), request_id)
    with open_office(session, pin_source=pin_source) as office, office.home.locked():
        certificate = issue_certificate(office, wanted)
    put_issued(session, "cert.issue/1", certificate, output=output)


@group.command("list", help="cert.list")
def list_certificates(
    context: typer.Context,
    ca: Annotated[str | None, typer.Option("--ca", help="cert.of_ca")] = None,
    status: Annotated[str | None, typer.Option("--status", help="cert.with_status")] = None,
    expires_within: Annotated[
        str | None, typer.Option("--expires-within", help="cert.expires_within")
    ] = None,
    query: Annotated[str | None, typer.Option("--query", help="cert.query")] = None,
    foreign: Annotated[bool, typer.Option("--foreign", help="cert.foreign")] = False,
    limit: Annotated[int | None, typer.Option("--limit", help="registry.limit", min=1)] = None,
    after: Annotated[str | None, typer.Option("--after", help="cert.after")] = None,
) -> None:
    """List certificates."""
    from cli.homes.office import open_office
    from cli.issuing.find_certificates import Filter
    from cli.issuing.list_certificates import list_foreign, list_own

    session = session_of(context)
    with open_office(session) as office:
        if foreign:
            list_foreign(office, Filter(ca, status, expires_within, query, limit), after)
        else:
            list_own(office, Filter(ca, status, expires_within, query, limit), after)


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
    from pki.authority.erasure import check_not_erased

    session = session_of(context)
    with open_office(session) as office:
        record = office.certificate(serial)
        check_not_erased(office.register, record)
    if record.der is None:
        raise UnknownNameError(kind="cert", name=serial)
    put_pem(session, "cert.export/1", pem_of(record.der), output)


group.command("bulk", help="cert.bulk")(certificate_bulk.bulk)
group.command("lint", help="cert.lint")(certificate_lint.lint)
group.command("assign", help="cert.assign")(certificate_assign.assign)
group.command("erase", help="cert.erase")(certificate_erasure.erase)
for _help, _command in certificate_life.COMMANDS.items():
    group.command(_help.removeprefix("cert."), help=_help)(_command)
importing.add_to_certificate(group)
watching.add_to_certificate(group)
