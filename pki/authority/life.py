"""Hold, release, and a reason that turns out to be graver; revocation is the authority's own.

Whether a change follows what stands is judged in the transaction that records it, so two people at
two machines never both succeed.

Spec: RFC 5280 §5.3.1; Decree 68/2024/ND-CP Art. 17 (not checked against the official text).
"""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from pki.audit.entry import present
from pki.authority.approval import (
    approvals_for_certificate,
    facts_of,
    held_at_once,
    moves_of,
)
from pki.authority.authority import Authority
from pki.errors.certificates import HoldExpiredError
from pki.reasons import check_invalidity
from pki.records.certificates import StatusChange, StatusKind, serial_text
from pki.records.changes import ChangeStatus
from pki.records.requests import RequestKind, Submit
from pki.requests.permission import Permission, Permit

_ACTIONS = {
    StatusKind.HOLD: "certificate.hold",
    StatusKind.RELEASE: "certificate.release",
    StatusKind.UPGRADE: "certificate.compromise",
}


def hold(
    authority: Authority, serial: int, *, requester: str, permit: Permit | None = None
) -> StatusChange:
    """Put a certificate on hold: it is on the lists as certificateHold until it is released.

    Where that takes an approval and none is there, it is held all the same, for a lost token does
    not wait; the register says so, and somebody reviews it the next working day.

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
    if permit is None:
        needed = approvals_for_certificate(authority.register, authority.desk, record)
        told = held_at_once(record, needed, requester, now) if needed else None
        return _commit(authority, change, requester, None, told)
    permission = authority.check_change(RequestKind.HOLD, record, now, permit=permit)
    return _commit(authority, change, requester, permission)


def release(
    authority: Authority, serial: int, *, requester: str, permit: Permit | None = None
) -> StatusChange:
    """End a hold: the certificate is good again, and on no list that follows.

    Raises:
        CertificateNotFoundError: no such certificate was issued.
        NotHeldError: it is not on hold.
        RevocationFinalError: it is revoked, which is for good.
        ClockBeforeRecordError: the clock was set back.
    """
    record = authority.issued(serial)
    now = _now(authority)
    permission = authority.check_change(RequestKind.RELEASE, record, now, permit=permit)
    reason = x509.ReasonFlags.remove_from_crl
    change = StatusChange(record.issuer, serial, StatusKind.RELEASE, now, reason)
    return _commit(authority, change, requester, permission)


def declare_compromise(
    authority: Authority,
    serial: int,
    *,
    requester: str,
    invalidity_date: datetime | None = None,
    permit: Permit | None = None,
) -> StatusChange:
    """Raise the reason of a revocation to keyCompromise; its date stays.

    Args:
        authority: that issued the certificate.
        serial: of a revoked certificate.
        requester: who asked.
        invalidity_date: since when the key is known or suspected to be compromised; without it,
            what the revocation said stays.
        permit: the approved request that this carries out, where it takes one.

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
    permission = authority.check_change(
        RequestKind.REVOKE, record, now, permit=permit, reason=reason.value, since=invalidity_date
    )
    change = StatusChange(record.issuer, serial, StatusKind.UPGRADE, now, reason, invalidity_date)
    return _commit(authority, change, requester, permission)


def _now(authority: Authority) -> datetime:
    return present(authority.register, authority.clock)


def _commit(
    authority: Authority,
    change: StatusChange,
    requester: str,
    permission: Permission | None,
    told: Submit | None = None,
) -> StatusChange:
    facts = facts_of(permission)
    if told is not None:
        facts = {"request": told.record.id}
    event = authority.event(_ACTIONS[change.kind], change.at, requester, change.serial, **facts)
    beside = moves_of(permission, change.at) if told is None else (told,)
    changes = (ChangeStatus(change), *beside)
    authority.register.commit(changes, event)
    return change
