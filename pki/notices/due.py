"""When it is told that a certificate ends: at each of some thresholds once.

At any moment one threshold applies: the smallest that the end is not farther away than. So after a
run that was missed for weeks the newest is told, and none of those that went by. A threshold that
is as long as the certificate's whole life says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from pki.records.notices import Band

DAYS = (90, 60, 30, 7)
"""Before the end."""


def bands(now: datetime, days: Iterable[int] = DAYS) -> tuple[Band, ...]:
    """Return what ends now within each threshold and not within a smaller one, soonest first."""
    found, after = [], now
    for threshold in sorted(set(days)):
        upto = now + timedelta(days=threshold)
        found.append(Band(after, upto, threshold))
        after = upto
    return tuple(found)


def lives_longer(not_before: datetime, not_after: datetime, days: int) -> bool:
    """Say whether a certificate's life is longer than a threshold."""
    return not_after - not_before > timedelta(days=days)


def threshold_of(
    not_before: datetime, not_after: datetime, now: datetime, days: Iterable[int] = DAYS
) -> int | None:
    """Return the threshold that applies to a certificate now; None where there is none."""
    for band in bands(now, days):
        if band.after < not_after <= band.upto:
            return band.days if lives_longer(not_before, not_after, band.days) else None
    return None
