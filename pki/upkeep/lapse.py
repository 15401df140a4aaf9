"""When a thing that lapses is to be renewed, and when it is too late for silence.

The steps are parts of its own lifetime, so what lasts a day and what lasts twenty years each leave
time for several tries, and then for a person:

- a revocation list is followed when half of its time is over; a quarter before its end that is a
  warning, a tenth before its end an error;
- a certificate is followed in the last third of its life, a warning in the last sixth, an error in
  the last twelfth, and never earlier than 90, 45 and 14 days before its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from pki.records.lists import CRLHead, CRLRecord
from pki.upkeep.alarm import Severity


@dataclass(frozen=True, slots=True)
class Lapse:
    """The end of a thing, and the steps before it."""

    ends: datetime
    due: datetime
    """From here on it is renewed."""
    warn: datetime
    fail: datetime

    def is_due(self, now: datetime) -> bool:
        """Say whether it is time to renew it."""
        return now >= self.due

    def severity(self, now: datetime) -> Severity | None:
        """Return how bad it is that it was not renewed yet; None while there is time."""
        if now >= self.fail:
            return Severity.ERROR
        return Severity.WARNING if now >= self.warn else None


def list_lapse(record: CRLHead | CRLRecord) -> Lapse:
    """Return the steps of a revocation list."""
    life = record.next_update - record.this_update
    end = record.next_update
    return Lapse(end, end - life / 2, end - life / 4, end - life / 10)


def certificate_lapse(certificate: x509.Certificate) -> Lapse:
    """Return the steps of a signer's certificate."""
    end = certificate.not_valid_after_utc
    life = end - certificate.not_valid_before_utc

    def before(part: int, days: int) -> datetime:
        return end - min(life / part, timedelta(days=days))

    return Lapse(end, before(3, 90), before(6, 45), before(12, 14))
