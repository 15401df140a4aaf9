"""Working days: weekends, holidays, Saturdays worked in exchange, and years not known yet."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pki_request_rows import submitted

from pki.errors.office import HolidaysInvalidError
from pki.records.requests import Case, RequestState
from pki.requests.deadlines import VIETNAM, Due, load_calendar
from pki.upkeep.alarm import Severity
from pki.upkeep.requests import request_alarms

CALENDAR = load_calendar()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("since", "due", "known"),
    [
        ("2026-03-02T09:00", "2026-03-05", True),  # Monday to Thursday
        ("2026-03-06T16:00", "2026-03-11", True),  # Friday: the weekend does not count
        ("2026-03-07T10:00", "2026-03-11", True),  # Saturday
        ("2026-02-13T16:00", "2026-02-25", True),  # the Friday before Tết
        ("2026-04-24T08:00", "2026-05-04", True),  # the ancestors' day made up for, 30/4, 1/5
        ("2026-08-20T08:00", "2026-08-24", True),  # Saturday 22 August is worked
        ("2026-08-28T08:00", "2026-09-07", True),  # National Day
        ("2026-12-28T08:00", "2026-12-31", True),
        ("2026-12-29T08:00", "2027-01-04", False),  # nobody has said what 2027 is like
        ("2030-04-29T08:00", "2030-05-06", False),  # 30/4 and 1/5 are in the law
        ("2026-03-02T23:30", "2026-03-05", True),
    ],
)
def test_three_working_days(since: str, due: str, known: bool):
    found = CALENDAR.due(at(since))
    assert found.known is known
    assert found.at == at(f"{due}T23:59:59")
    assert not found.is_over(found.at)
    assert found.is_over(found.at + timedelta(seconds=1))


def test_a_day_is_a_day_of_vietnam():
    """23:30 on Sunday in London is Monday morning there."""
    since = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    assert CALENDAR.due(since).at == at("2026-03-05T23:59:59")


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(1, 20))
def test_so_many_working_days_lie_between(first: date, days: int):
    since = at(f"{first}T12:00")
    due = CALENDAR.due(since, days)
    last = due.at.astimezone(VIETNAM).date()
    between = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    assert sum(map(CALENDAR.works, between)) == days
    assert CALENDAR.works(last)
    assert due.known is all(day.year in CALENDAR.years for day in between)


def test_the_end_of_time_is_no_error():
    assert CALENDAR.due(datetime(9998, 12, 31, tzinfo=UTC)).known is False


def test_years_of_the_law_have_their_days():
    """Labour Code 2019 Art. 112: eleven days; each that falls on a weekend is made up for."""
    for number, year in CALENDAR.years.items():
        assert sum(day.weekday() < 5 for day in year.off) >= 11 - 1
        assert all(day.weekday() == 5 for day in year.work)
        for month, day in ((1, 1), (4, 30), (5, 1), (9, 2)):
            assert not CALENDAR.works(date(number, month, day))


def test_own_years_are_added(tmp_path: Path):
    path = tmp_path / "nghỉ.toml"
    path.write_text("[2027]\noff = [2027-01-01, 2027-01-04]\nwork = [2027-01-09]\n", "utf-8")
    found = load_calendar(path).due(at("2026-12-29T08:00"))
    assert found == Due(at("2027-01-05T23:59:59"), True)
    assert load_calendar(path).works(date(2027, 1, 9))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[2027",
        "year = 1",
        "[2027]\nwork = []",
        "[2027]\noff = [2026-01-01]",
        "[2027]\noff = [1]",
        '[2027]\noff = ["2027-01-01"]',
        "[2027]\noff = 7",
        "[2027]\noff = [2027-01-01]\nwork = [2027-01-01]",
        "[2027]\noff = []\nfree = []",
        "[x]\noff = []",
        "[2027]\noff = [2027-01-01T00:00:00]",
    ],
)
def test_a_bad_calendar_is_told(tmp_path: Path, text: str):
    path = tmp_path / "holidays.toml"
    if text:
        path.write_text(text, "utf-8")
    with pytest.raises(HolidaysInvalidError):
        load_calendar(path)


def case(state: RequestState, number: str = "R-1") -> Case:
    record = submitted(number, submitted_at=at("2026-03-02T09:00")).record
    return Case(record, state, 1, record.submitted_at)


class Cases:
    """What the register would tell."""

    def __init__(self, *found: Case) -> None:
        self.found = found

    def list(self, _: object) -> tuple[Case, ...]:
        return self.found


def test_what_is_open_has_a_term():
    due = {state: CALENDAR.due_of(case(state)) for state in RequestState}
    three, one = at("2026-03-05T23:59:59"), at("2026-03-03T23:59:59")
    open_ones = {state: found.at for state, found in due.items() if found is not None}
    assert open_ones == {
        RequestState.SUBMITTED: three,
        RequestState.RUNNING: three,
        RequestState.UNREVIEWED: one,
    }


def test_alarms_tell_of_holds_at_once_and_of_others_when_they_are_late():
    cases = Cases(case(RequestState.SUBMITTED, "A"), case(RequestState.UNREVIEWED, "B"))

    def told(day: str) -> list[tuple[str, str, str]]:
        found = request_alarms(cases, CALENDAR, at(day))  # type: ignore[arg-type]
        return [(one.code.rsplit(".", 1)[1], one.what, one.severity.value) for one in found]

    warned, failed = Severity.WARNING.value, Severity.ERROR.value
    assert told("2026-03-03T10:00") == [("hold_unreviewed", "B", warned)]
    assert told("2026-03-06T10:00") == [
        ("request_overdue", "A", warned),
        ("hold_unreviewed", "B", failed),
    ]
    assert list(request_alarms(Cases(case(RequestState.DONE)), CALENDAR, at("2026-04-01"))) == []  # type: ignore[arg-type]
