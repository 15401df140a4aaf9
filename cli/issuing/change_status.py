"""Revokes, holds or releases one certificate and publishes the list that says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from cryptography import x509

from cli.actor import actor
from cli.homes.office import Office
from pki.authority.authority import Authority
from pki.authority.life import declare_compromise
from pki.reasons import parse_reason
from pki.records.certificates import (
    CertificateQuery,
    CertificateRecord,
    CertificateState,
    StatusChange,
    serial_text,
)
from pki.transitions import is_held


@dataclass(frozen=True, slots=True)
class Published:
    """What was recorded, and the list that says so."""

    at: datetime
    """Since when it is revoked or held, or when it was released."""
    reason: str
    crl_number: int
    same_key: tuple[str, ...] = ()
    """Serials of other certificates of a compromised key that nobody revoked yet."""


class Holding(Protocol):
    """Puts on hold or releases."""

    def __call__(self, authority: Authority, serial: int, *, requester: str) -> StatusChange:
        """Record it, and return what was recorded."""
        ...


def is_revoked(office: Office, record: CertificateRecord) -> bool:
    """Say whether the certificate is revoked, and not only on hold."""
    standing = office.register.find_revocation(record.issuer, record.serial)
    return standing is not None and not is_held(standing)


def revoke_certificate(
    office: Office, record: CertificateRecord, *, reason: str, since: datetime | None
) -> Published:
    """Revoke; of what is revoked already, raise the reason where it is keyCompromise.

    Raises:
        RevocationReasonError: no such reason, or not for a revocation.
        PKIError: any refusal of the authority.
    """
    told = parse_reason(reason)
    serial, invalid = record.serial, in_utc(since)
    compromised = told is x509.ReasonFlags.key_compromise
    # The key is opened first: a revocation whose list cannot be signed would show in OCSP alone.
    authority = office.authority(record.issuer)
    standing = office.register.find_revocation(record.issuer, serial)
    if compromised and standing is not None and not is_held(standing):
        declare_compromise(authority, serial, requester=actor(), invalidity_date=invalid)
        since = standing.revoked_at
    else:
        revoked = authority.revoke(serial, told, requester=actor(), invalidity_date=invalid)
        since = revoked.revoked_at
    others = _of_the_same_key(office, record) if compromised else ()
    return Published(since, told.value, _publish(office, authority), others)


def change_hold(office: Office, record: CertificateRecord, action: Holding) -> Published:
    """Put a certificate on hold, or end its hold.

    Args:
        office: the home.
        record: the certificate's.
        action: `hold` or `release`, of `pki.authority.life`.

    Raises:
        PKIError: any refusal of the authority.
    """
    authority = office.authority(record.issuer)
    changed = action(authority, record.serial, requester=actor())
    return Published(changed.at, changed.reason.value, _publish(office, authority))


def in_utc(at: datetime | None) -> datetime | None:
    """Return the instant in UTC; a date without a zone is its midnight there."""
    if at is None:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _publish(office: Office, authority: Authority) -> int:
    authority.issue_crl(requester=actor())
    newest = office.register.newest_crl_head(authority.issuer.name)
    return newest.number if newest else 0


def _of_the_same_key(office: Office, record: CertificateRecord) -> tuple[str, ...]:
    query = CertificateQuery(spki_sha256=record.spki_sha256, state=CertificateState.ISSUED)
    return tuple(serial_text(one.serial) for one in office.register.find_certificates(query))
