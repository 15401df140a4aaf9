"""By when a request is to be done: working days of Vietnam's offices, and what is overdue.

The day of the request is not counted (Civil Code 2015 Art. 147), the last day is, to its end.
Where the holidays of a year are not known yet, the deadline says that it may move.

Spec: Decree 68/2024/ND-CP Art. 11, 17 (three working days); Labour Code 2019 Art. 111, 112 (not
checked against the official text).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from importlib.resources import files
from pathlib import Path
from typing import Any

from pki.errors.office import HolidaysInvalidError
from pki.records.requests import Case, RequestState

VIETNAM = timezone(timedelta(hours=7))
"""Since 1975, without a summer time."""
WORKING_DAYS = 3
REVIEW_DAYS = 1
_FIXED = frozenset({(1, 1), (4, 30), (5, 1), (9, 2)})
_SATURDAY = 5
_LAST_YEAR = 9998


@dataclass(frozen=True, slots=True)
class Year:
    """What is announced of a year."""

    off: frozenset[date]
    work: frozenset[date]
    """Days of rest on which is worked in exchange."""


@dataclass(frozen=True, slots=True)
class Due:
    """The end of a term."""

    at: datetime
    """Its last second."""
    known: bool
    """Whether the holidays of every year it reaches into are."""

    def is_over(self, now: datetime) -> bool:
        """Say whether it has passed."""
        return now > self.at


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are working days."""

    years: Mapping[int, Year]

    def works(self, day: date) -> bool:
        """Say whether the offices work on a day, as far as is known."""
        year = self.years.get(day.year)
        if year is None:
            return day.weekday() < _SATURDAY and (day.month, day.day) not in _FIXED
        return day in year.work or (day.weekday() < _SATURDAY and day not in year.off)

    def due(self, since: datetime, days: int = WORKING_DAYS) -> Due:
        """Return the end of a term of working days that begins after the day of `since`."""
        day = since.astimezone(VIETNAM).date()
        known = True
        while days and day.year <= _LAST_YEAR:
            day += timedelta(days=1)
            known = known and day.year in self.years
            days -= self.works(day)
        end = datetime.combine(day, time(23, 59, 59), VIETNAM)
        return Due(end.astimezone(UTC), known)

    def due_of(self, case: Case) -> Due | None:
        """Return by when a request is to be done or a hold to be looked at; None for no more."""
        if case.state in {RequestState.SUBMITTED, RequestState.RUNNING}:
            return self.due(case.record.submitted_at)
        if case.state is RequestState.UNREVIEWED:
            return self.due(case.record.submitted_at, REVIEW_DAYS)
        return None


def load_calendar(path: Path | None = None) -> Calendar:
    """Return the calendar that comes with Antin, with the years of a file of one's own.

    Raises:
        HolidaysInvalidError: the file is none.
    """
    years = _years(tomllib.loads((files("pki.requests") / "holidays.toml").read_text("utf-8")))
    if path is None:
        return Calendar(years)
    try:
        own = _years(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except (OSError, ValueError, TypeError) as error:  # TOML's own error is a ValueError
        raise HolidaysInvalidError(path=path) from error
    return Calendar({**years, **own})


def _years(tables: Mapping[str, Any]) -> dict[int, Year]:
    return {int(name): _year(int(name), table) for name, table in tables.items()}


def _year(number: int, table: Any) -> Year:  # noqa: ANN401  whatever stands in a file
    if not isinstance(table, dict) or not set(table) <= {"off", "work"} or "off" not in table:
        raise TypeError("no year")
    off, work = frozenset(table["off"]), frozenset(table.get("work", ()))
    days = off | work
    if any(type(day) is not date or day.year != number for day in days) or off & work:
        raise ValueError("no day of that year")
    return Year(off, work)
