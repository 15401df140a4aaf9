"""`antin cert lint`."""

import typer

from cli.options import Serial
from cli.session import session_of


def lint(context: typer.Context, serial: Serial) -> None:
    """Judge an issued certificate again, by Antin's rules and by pkilint."""
    from cli.errors import CertificateFaultyError, UnknownNameError
    from cli.homes.office import open_office
    from cli.issuing.lint_certificate import finding_line, lint_certificate
    from pki.authority.erasure import check_not_erased

    session = session_of(context)
    with open_office(session) as office:
        record = office.certificate(serial)
        check_not_erased(office.register, record)
        if record.der is None:
            raise UnknownNameError(kind="cert", name=serial)
        data = lint_certificate(office, record, record.der)
    findings = data["findings"]
    session.put(
        "cert.lint/1",
        data,
        lambda: "\n".join(map(finding_line, findings)) or session.word("cli.cert.lint_clean"),
    )
    if not data["passed"]:
        raise CertificateFaultyError(serial=data["serial"], count=len(findings))
