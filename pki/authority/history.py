"""What the status of a serial was at a moment, read from changes that are never overwritten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509

from pki.records.certificates import CertificateRecord, StatusChange, StatusKind
from pki.records.register import Register


class Standing(StrEnum):
    """How a serial stood."""

    UNKNOWN = "unknown"
    """Nothing was issued under it."""
    NOT_YET_VALID = "not-yet-valid"
    GOOD = "good"
    EXPIRED = "expired"
    HELD = "held"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class StatusAt:
    """Status of a serial at a moment."""

    serial: int
    at: datetime
    standing: Standing
    revoked_at: datetime | None = None
    """Since when it was revoked or on hold; of a revocation that ended a hold, since the hold."""
    reason: x509.ReasonFlags | None = None
    invalidity_date: datetime | None = None


def judge_status(register: Register, issuer: str, serial: int, *, at: datetime) -> StatusAt:
    """Return the status at `at`; a change counts from the very second in which it was recorded.

    What was before the newest entry of the audit log is settled: no later change alters it.
    """
    record = register.find_certificate(issuer, serial)
    # Asked after the certificate: a change that comes between the two is told.
    changes = register.status_changes(issuer, serial)
    return _fold(StatusAt(serial, at, _by_time(record, at)), changes)


def _by_time(record: CertificateRecord | None, at: datetime) -> Standing:
    if record is None or not record.was_issued:
        return Standing.UNKNOWN
    if at < record.not_before:
        return Standing.NOT_YET_VALID
    return Standing.GOOD if at <= record.not_after else Standing.EXPIRED


def _fold(start: StatusAt, changes: Iterable[StatusChange]) -> StatusAt:
    told = start
    for change in changes:
        if change.at > start.at:
            break
        told = start if change.kind is StatusKind.RELEASE else _after(told, change)
    return told


def _after(told: StatusAt, change: StatusChange) -> StatusAt:
    return StatusAt(
        told.serial,
        told.at,
        Standing.HELD if change.kind is StatusKind.HOLD else Standing.REVOKED,
        told.revoked_at or change.at,
        change.reason,
        change.invalidity_date or told.invalidity_date,
    )
