"""`antin cert renew|rekey|hold|release|revoke|status`."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Output, PinSource, RequestId, Serial, Yes
from cli.session import Session, session_of, table

if TYPE_CHECKING:
    from cli.issuing.change_status import Holding
    from pki.errors.tree import Fact

Profile = Annotated[str | None, typer.Option("--profile", help="cert.same_profile")]
_MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"]


def renew(
    context: typer.Context,
    serial: Serial,
    profile: Profile = None,
    request_id: RequestId = None,
    output: Output = None,
    pin_source: PinSource = None,
) -> None:
    """Certify the same key of the same holder again."""
    from cli.homes.office import open_office
    from cli.issuing.follow_certificate import Wanted, renew_certificate
    from cli.issuing.pem import put_issued

    session = session_of(context)
    with open_office(session, pin_source=pin_source) as office:
        wanted = Wanted(office.certificate(serial), profile, request_id)
        with office.home.locked():
            certificate = renew_certificate(office, wanted)
    put_issued(session, "cert.renew/1", certificate, output=output, replaces=serial)


def rekey(
    context: typer.Context,
    serial: Serial,
    csr: Annotated[Path | None, typer.Option("--csr", help="cert.csr")] = None,
    key: Annotated[str | None, typer.Option("--key", help="cert.key")] = None,
    profile: Profile = None,
    request_id: RequestId = None,
    output: Output = None,
    pin_source: PinSource = None,
) -> None:
    """Certify a new key of the same holder."""
    from cli.homes.office import open_office
    from cli.issuing.follow_certificate import Wanted, rekey_certificate
    from cli.issuing.pem import put_issued

    session = session_of(context)
    with open_office(session, pin_source=pin_source) as office:
        wanted = Wanted(office.certificate(serial), profile, request_id)
        with office.home.locked():
            certificate = rekey_certificate(office, wanted, csr=csr, key=key)
    put_issued(session, "cert.rekey/1", certificate, output=output, replaces=serial)


def hold(
    context: typer.Context, serial: Serial, yes: Yes = False, pin_source: PinSource = None
) -> None:
    """Put one certificate on hold and publish that at once."""
    from pki.authority import life

    _change_hold(session_of(context), serial, life.hold, yes=yes, pin_source=pin_source)


def release(
    context: typer.Context, serial: Serial, yes: Yes = False, pin_source: PinSource = None
) -> None:
    """End the hold of one certificate and publish that at once."""
    from pki.authority import life

    _change_hold(session_of(context), serial, life.release, yes=yes, pin_source=pin_source)


def _change_hold(
    session: Session, serial: str, action: "Holding", *, yes: bool, pin_source: str | None
) -> None:
    """Ask, hold or release, publish and tell: the two differ in their words alone."""
    from cli.homes.office import open_office
    from cli.issuing.change_status import change_hold
    from pki.authority import life

    name, done_so = ("hold", "held") if action is life.hold else ("release", "released")
    with open_office(session, pin_source=pin_source) as office:
        record = office.certificate(serial)
        session.confirm(f"cli.ask.{name}", yes=yes, subject=record.subject, serial=serial)
        with office.home.locked():
            done = change_hold(office, record, action)
    told = {"serial": serial, f"{done_so}_at": done.at.isoformat(), "crl_number": done.crl_number}
    facts: dict[str, Fact] = {"serial": serial, "at": done.at, "number": done.crl_number}
    session.put(f"cert.{name}/1", told, lambda: session.word(f"cli.cert.{done_so}", **facts))


def revoke(
    context: typer.Context,
    serial: Serial,
    reason: Annotated[str, typer.Option("--reason", help="cert.reason")],
    invalidity_date: Annotated[
        datetime | None,
        typer.Option("--invalidity-date", help="cert.invalidity", formats=_MOMENTS),
    ] = None,
    yes: Yes = False,
    pin_source: PinSource = None,
) -> None:
    """Revoke one certificate for good and publish that at once."""
    from cli.homes.office import open_office
    from cli.issuing.change_status import is_revoked, revoke_certificate

    session = session_of(context)
    with open_office(session, pin_source=pin_source) as office:
        record = office.certificate(serial)
        ask = "cli.ask.compromise" if is_revoked(office, record) else "cli.ask.revoke"
        session.confirm(ask, yes=yes, subject=record.subject, serial=serial)
        with office.home.locked():
            done = revoke_certificate(office, record, reason=reason, since=invalidity_date)
    if done.same_key:
        session.tell("cli.cert.same_key", serials=done.same_key)
    session.put(
        "cert.revoke/1",
        {
            "serial": serial,
            "reason": done.reason,
            "revoked_at": done.at.isoformat(),
            "crl_number": done.crl_number,
            "same_key": list(done.same_key),
        },
        lambda: session.word("cli.cert.revoked", serial=serial, at=done.at, number=done.crl_number),
    )


def status(
    context: typer.Context,
    serial: Serial,
    at: Annotated[datetime | None, typer.Option("--at", help="cert.at", formats=_MOMENTS)] = None,
) -> None:
    """Tell what the status of one certificate was at a moment."""
    from cli.homes.office import open_office
    from cli.issuing.certificate_status import certificate_status, status_rows

    session = session_of(context)
    with open_office(session) as office:
        data = certificate_status(office, office.certificate(serial), at)
    session.put("cert.status/1", data, lambda: table(status_rows(data)))


COMMANDS: dict[str, Callable[..., None]] = {
    "cert.renew": renew,
    "cert.rekey": rekey,
    "cert.hold": hold,
    "cert.release": release,
    "cert.revoke": revoke,
    "cert.status": status,
}
"""By the message id of their help."""
