"""What there is at a glance: by agency, status and end; tokens; cases by kind and month."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from pki.records.certificates import CertificateState
from pki.records.people import DeviceState
from pki.records.requests import RequestKind
from pki.records.watching import WatchedStanding
from pki.watching.counts import (
    ALL,
    HELD,
    ISSUED,
    REVOKED,
    CountedRegister,
    Counts,
    month_starts,
    unit_of,
)

SPANS = (30, 60, 90)
"""Days within which what ends is counted; each includes the ones before it."""
STATUSES = ("valid", "unknown", "held", "revoked", "expired", "reserved", "abandoned")
"""Unknown are those of others alone, the last two ours alone."""


@dataclass(slots=True)
class UnitCounts:
    """One unit's certificates that could be used, and how many of them end soon."""

    unit: str
    own: int = 0
    foreign: int = 0
    """Of others, good or of unknown status."""
    revoked: int = 0
    """Ours and others', before their end."""
    ending: dict[int, int] = field(default_factory=lambda: dict.fromkeys(SPANS, 0))


@dataclass(slots=True)
class Overview:
    """All that is shown."""

    at: datetime
    own: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATUSES, 0))
    foreign: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATUSES, 0))
    own_ending: dict[int, int] = field(default_factory=lambda: dict.fromkeys(SPANS, 0))
    foreign_ending: dict[int, int] = field(default_factory=lambda: dict.fromkeys(SPANS, 0))
    units: tuple[UnitCounts, ...] = ()
    """The largest first."""
    devices: dict[DeviceState, int] = field(default_factory=dict)
    open_requests: dict[RequestKind, int] = field(default_factory=dict)
    """Those that somebody still has something to do with."""
    cases: dict[str, dict[str, int]] = field(default_factory=dict)
    """Of the same months, how many requests of each kind were submitted."""
    months: dict[str, dict[str, int]] = field(default_factory=dict)
    """The last twelve, oldest first: how many were issued, held, released, revoked."""


def look_over(register: CountedRegister, counts: Counts, now: datetime) -> Overview:
    """Return the overview of a moment."""
    looking = _Looking(register, counts, now)
    looking.take_cells()
    looking.take_unissued()
    overview = looking.overview
    overview.units = tuple(
        sorted(looking.units.values(), key=lambda one: (-one.own - one.foreign, one.unit))
    )
    overview.devices = register.device_states()
    overview.months = _months(counts, now)
    overview.open_requests = register.open_requests()
    overview.cases = _cases(register, now)
    return overview


class _Looking:
    def __init__(self, register: CountedRegister, counts: Counts, now: datetime) -> None:
        self.overview = Overview(now)
        self.units: dict[str, UnitCounts] = {}
        self._register, self._counts, self._now = register, counts, now
        self._today = now.astimezone(UTC).date().toordinal()
        self._stale: dict[str, bool] = {}

    def take_cells(self) -> None:
        for (status, issuer, unit), days in self._counts.cells.items():
            for day, number in days.items():
                if number:
                    self._take(status, issuer, (unit, day), number)

    def take_unissued(self) -> None:
        """What was reserved and not released is none: it was counted with all."""
        for state, not_after, folded in self._register.unissued():
            day = not_after.astimezone(UTC).date().toordinal()
            self._take(ALL, "", (unit_of(folded), day), -1)
            reserved = state is CertificateState.RESERVED
            self.overview.own["reserved" if reserved else "abandoned"] += 1

    def _take(self, status: str, issuer: str, place: tuple[str, int], number: int) -> None:
        if status in {ALL, REVOKED, HELD}:
            self._take_own(status, place, number)
        else:
            self._take_foreign(WatchedStanding(status), issuer, place, number)

    def _take_own(self, status: str, place: tuple[str, int], number: int) -> None:
        unit, day = place
        own, over = self.overview.own, day < self._today
        usable = number if status == ALL else -number
        own["expired" if over else "valid"] += usable
        if status != ALL:
            own["revoked" if status == REVOKED else "held"] += number
        if not over:
            self._unit(unit).own += usable
            self._unit(unit).revoked += number if status == REVOKED else 0
            self._end(unit, day, usable, self.overview.own_ending)

    def _take_foreign(
        self, standing: WatchedStanding, issuer: str, place: tuple[str, int], number: int
    ) -> None:
        unit, day = place
        told, over = self.overview.foreign, day < self._today
        if standing in {WatchedStanding.REVOKED, WatchedStanding.HELD}:
            told[str(standing)] += number
            self._unit(unit).revoked += 0 if over else number
        elif over:
            told["expired"] += number
        else:
            good = standing is WatchedStanding.GOOD and not self._is_stale(issuer)
            told["valid" if good else "unknown"] += number
            self._unit(unit).foreign += number
            self._end(unit, day, number, self.overview.foreign_ending)

    def _end(self, unit: str, day: int, number: int, ending: dict[int, int]) -> None:
        for span in SPANS:
            if day - self._today <= span:
                ending[span] += number
                self._unit(unit).ending[span] += number

    def _unit(self, unit: str) -> UnitCounts:
        if unit not in self.units:
            self.units[unit] = UnitCounts(self._counts.units.get(unit, unit))
        return self.units[unit]

    def _is_stale(self, issuer: str) -> bool:
        if issuer not in self._stale:
            until = self._register.good_until(issuer)
            self._stale[issuer] = until is None or until < self._now
        return self._stale[issuer]


def _cases(register: CountedRegister, now: datetime) -> dict[str, dict[str, int]]:
    starts = month_starts(now)
    found: dict[str, dict[str, int]] = {f"{start:%Y-%m}": {} for start in starts[:-1]}
    for kind, at in register.requests_since(starts[0]):
        month = found.setdefault(f"{at:%Y-%m}", {})
        month[str(kind)] = month.get(str(kind), 0) + 1
    return found


def _months(counts: Counts, now: datetime) -> dict[str, dict[str, int]]:
    names = [f"{start:%Y-%m}" for start in month_starts(now)[:-1]]
    return {month: {ISSUED: 0, **counts.months.get(month, {})} for month in names}
