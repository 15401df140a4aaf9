"""Erases what certificates say of people as an administrator asks for it on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cli.actor import actor
from cli.errors import BadOptionError, UnknownNameError
from cli.homes.office import Office
from cli.session import Session, table
from pki.authority.erasure import check_erasable, erase
from pki.authority.personal import check_foreign_erasable, erase_foreign
from pki.records.certificates import (
    CertificateRecord,
    ErasureReason,
    ForeignCertificate,
    serial_text,
)

FOREIGN = "sha256:"
"""Before the fingerprint of a certificate of another authority."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be erased: our certificates, or others'."""

    own: tuple[CertificateRecord, ...] = ()
    foreign: tuple[ForeignCertificate, ...] = ()


def plan_erasure(office: Office, named: Sequence[str]) -> Planned:
    """Find what is to be erased, each once; nothing is changed.

    Raises:
        BadOptionError: certificates of ours and of others at once.
        UnknownNameError: no such certificate.
        RefusedError: one of them may not be erased, as `pki.authority.erasure` and
            `pki.authority.personal` say.
    """
    others = [one for one in named if one.startswith(FOREIGN)]
    if others and len(others) < len(named):
        raise BadOptionError(option="SERIAL", value=others[0], form=f"SERIAL… | {FOREIGN}…")
    now = office.session.clock.now()
    if others:
        foreign = {one: find_foreign(office, one) for one in others}
        for certificate in foreign.values():
            check_foreign_erasable(office.register, certificate, now)
        return Planned(foreign=tuple(foreign.values()))
    found = [office.certificate(serial) for serial in named]
    records = {(one.issuer, one.serial): one for one in found}.values()
    for record in records:
        check_erasable(office.register, record, now, years=_years(office))
    return Planned(tuple(records))


def find_foreign(office: Office, named: str) -> ForeignCertificate:
    """Return another authority's certificate by `sha256:` and its fingerprint.

    Raises:
        UnknownNameError: none is recorded.
    """
    found = office.register.foreign_certificate(named.removeprefix(FOREIGN).lower())
    if found is None:
        raise UnknownNameError(kind="cert", name=named)
    return found


def erase_certificates(office: Office, planned: Planned, reason: str) -> None:
    """Erase all of them, or none.

    Raises:
        PKIError: as of `pki.authority.erasure.erase` and `pki.authority.personal.erase_foreign`.
    """
    register, clock, why = office.register, office.session.clock, ErasureReason(reason)
    if planned.foreign:
        erase_foreign(register, clock, planned.foreign, reason=why, requester=actor())
        return
    years = _years(office)
    erase(register, clock, planned.own, reason=why, requester=actor(), years=years)


def put_erasure(session: Session, planned: Planned, reason: str, *, done: bool) -> None:
    """Show what goes, or what went: then the name is told no more."""
    records: tuple[CertificateRecord | ForeignCertificate, ...] = (*planned.own, *planned.foreign)
    rows = [
        {
            "serial": serial_text(one.serial),
            "ca": one.issuer,
            "not_after": one.not_after.isoformat(),
            "subject": "" if done else one.subject,
        }
        for one in records
    ]

    def text() -> str:
        if done:
            return session.word("cli.cert.erased", serials=tuple(row["serial"] for row in rows))
        return table([tuple(row.values()) for row in rows])

    session.put("cert.erase/1", {"certificates": rows, "reason": reason, "done": done}, text)


def _years(office: Office) -> int:
    return office.home.settings.authorities.retention_years
