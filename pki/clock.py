"""Time as a value that is passed in. The one file that asks the system."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the present instant."""

    def now(self) -> datetime:
        """Return the present as an aware datetime in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class ClockBounds:
    """How far a clock may be from what is known besides it; None where nothing is asked."""

    max_gap: timedelta | None = None
    """After the last entry of the audit log."""
    max_skew: timedelta | None = None
    """From the clock of the register's server, either way; a register in a file has none."""


ANY_TIME = ClockBounds()


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the system time in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """Stands still at one instant until it is moved: any date can be judged or rehearsed."""

    def __init__(self, instant: datetime) -> None:
        if instant.tzinfo is None:
            raise ValueError("a clock needs an aware instant")
        self._instant = instant.astimezone(UTC)

    def now(self) -> datetime:
        """Return the instant it was set to."""
        return self._instant

    def advance(self, by: timedelta) -> None:
        """Move the instant by `by` (backwards if negative)."""
        self._instant += by


def whole_second(instant: datetime) -> datetime:
    """Return `instant` cut to the second: X.509 times carry no fraction (RFC 5280 §4.1.2.5)."""
    return instant.astimezone(UTC).replace(microsecond=0)
