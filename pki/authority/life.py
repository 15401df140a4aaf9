"""Hold, release, and a reason that turns out to be graver; revocation is the authority's own.

Whether a change follows what stands is judged in the transaction that records it, so two people at
two machines never both succeed.

Spec: RFC 5280 §5.3.1; Decree 68/2024/ND-CP Art. 17 (not checked against the official text).
"""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from pki.audit.entry import present
from pki.authority.authority import Authority
from pki.errors.certificates import HoldExpiredError
from pki.reasons import check_invalidity
from pki.records.certificates import StatusChange, StatusKind, serial_text
from pki.records.changes import ChangeStatus

_ACTIONS = {
    StatusKind.HOLD: "certificate.hold",
    StatusKind.RELEASE: "certificate.release",
    StatusKind.UPGRADE: "certificate.compromise",
}


def hold(authority: Authority, serial: int, *, requester: str) -> StatusChange:
    """Put a certificate on hold: it is on the lists as certificateHold until it is released.

    Raises:
        CertificateNotFoundError: no such certificate was issued.
        CertificateHeldError: it is on hold.
        AlreadyRevokedError: it is revoked.
        HoldExpiredError: it has expired.
        ClockBeforeRecordError: the clock was set back.
    """
    record = authority.issued(serial)
    now = _now(authority)
    if record.not_after < now:
        raise HoldExpiredError(serial=serial_text(serial), not_after=record.not_after)
    change = StatusChange(
        record.issuer, serial, StatusKind.HOLD, now, x509.ReasonFlags.certificate_hold
    )
    return _commit(authority, change, requester)


def release(authority: Authority, serial: int, *, requester: str) -> StatusChange:
    """End a hold: the certificate is good again, and on no list that follows.

    Raises:
        CertificateNotFoundError: no such certificate was issued.
        NotHeldError: it is not on hold.
        RevocationFinalError: it is revoked, which is for good.
        ClockBeforeRecordError: the clock was set back.
    """
    record = authority.issued(serial)
    change = StatusChange(
        record.issuer,
        serial,
        StatusKind.RELEASE,
        _now(authority),
        x509.ReasonFlags.remove_from_crl,
    )
    return _commit(authority, change, requester)


def declare_compromise(
    authority: Authority,
    serial: int,
    *,
    requester: str,
    invalidity_date: datetime | None = None,
) -> StatusChange:
    """Raise the reason of a revocation to keyCompromise; its date stays.

    Args:
        authority: that issued the certificate.
        serial: of a revoked certificate.
        requester: who asked.
        invalidity_date: since when the key is known or suspected to be compromised; without it,
            what the revocation said stays.

    Raises:
        CertificateNotFoundError: no such certificate was issued.
        NotRevokedError: it is not revoked.
        AlreadyRevokedError: it is revoked for a compromise.
        InvalidityDateError: the invalidity date lies in the future.
        ClockBeforeRecordError: the clock was set back.
    """
    record = authority.issued(serial)
    now = _now(authority)
    check_invalidity(invalidity_date, now)
    reason = x509.ReasonFlags.key_compromise
    change = StatusChange(record.issuer, serial, StatusKind.UPGRADE, now, reason, invalidity_date)
    return _commit(authority, change, requester)


def _now(authority: Authority) -> datetime:
    return present(authority.register, authority.clock)


def _commit(authority: Authority, change: StatusChange, requester: str) -> StatusChange:
    event = authority.event(_ACTIONS[change.kind], change.at, requester, change.serial)
    authority.register.commit((ChangeStatus(change),), event)
    return change
