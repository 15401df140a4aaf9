"""Erases what certificates say of people as an administrator asks for it on the command line."""

from __future__ import annotations

from collections.abc import Sequence

from cli.actor import actor
from cli.homes.office import Office
from cli.session import Session, table
from pki.authority.erasure import check_erasable, erase
from pki.records.certificates import CertificateRecord, ErasureReason, serial_text


def plan_erasure(office: Office, serials: Sequence[str]) -> tuple[CertificateRecord, ...]:
    """Find what is to be erased, each once; nothing is changed.

    Raises:
        UnknownNameError: no such certificate.
        RefusedError: one of them may not be erased, as `pki.authority.erasure` says.
    """
    found = [office.certificate(serial) for serial in serials]
    records = {(one.issuer, one.serial): one for one in found}.values()
    for record in records:
        check_erasable(office.register, record, office.session.clock.now(), years=_years(office))
    return tuple(records)


def erase_certificates(office: Office, records: Sequence[CertificateRecord], reason: str) -> None:
    """Erase all of them, or none.

    Raises:
        PKIError: as of `pki.authority.erasure.erase`.
    """
    erase(
        office.register,
        office.session.clock,
        records,
        reason=ErasureReason(reason),
        requester=actor(),
        years=_years(office),
    )


def put_erasure(
    session: Session, records: Sequence[CertificateRecord], reason: str, *, done: bool
) -> None:
    """Show what goes, or what went: then the name is told no more."""
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
