"""What the status of a serial was at a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509

from pki.records import Register


class Standing(StrEnum):
    """How a serial stood."""

    UNKNOWN = "unknown"
    """Nothing was issued under it."""
    NOT_YET_VALID = "not-yet-valid"
    GOOD = "good"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class StatusAt:
    """Status of a serial at a moment."""

    serial: int
    at: datetime
    standing: Standing
    revoked_at: datetime | None = None
    reason: x509.ReasonFlags | None = None


def judge_status(register: Register, issuer: str, serial: int, *, at: datetime) -> StatusAt:
    """Return the status at `at`; revoked counts from the very second of the revocation."""
    record = register.find_certificate(issuer, serial)
    revocation = register.find_revocation(issuer, serial)
    if revocation is not None and revocation.revoked_at <= at:
        return StatusAt(serial, at, Standing.REVOKED, revocation.revoked_at, revocation.reason)
    if record is None or record.der is None:
        return StatusAt(serial, at, Standing.UNKNOWN)
    if at < record.not_before:
        return StatusAt(serial, at, Standing.NOT_YET_VALID)
    return StatusAt(serial, at, Standing.GOOD if at <= record.not_after else Standing.EXPIRED)
