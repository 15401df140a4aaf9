"""How far a clock may be from what the register knows, on both engines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pki_engines import Place
from pki_world import NOW, World, make_world

from pki.audit import entry
from pki.audit.entry import check_clock, confirm_clock, read_content
from pki.clock import ANY_TIME, ClockBounds, FixedClock, SystemClock
from pki.errors.clock import ClockBeforeRecordError, ClockGapError, ClockSkewError
from pki.register.sql import open_register
from pki.upkeep.watch import register_alarms

DAY = timedelta(days=1)
GAP = ClockBounds(max_gap=30 * DAY)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def rested(tmp_path: Path, place: Place, clock: FixedClock) -> World:
    """An administration whose last entry is one second too old."""
    world = make_world(tmp_path, clock, place=place.url)
    world.register.close()
    world.register.clock_bounds = GAP
    clock.advance(30 * DAY + timedelta(seconds=1))
    return world


def test_after_a_long_rest_a_person_looks_first(rested: World, clock: FixedClock):
    before = rested.register.last_audit_entry()
    acts: tuple[Callable[[], object], ...] = (rested.issue, rested.issuing.issue_crl)
    for act in acts:
        with pytest.raises(ClockGapError) as refused:
            act()
        assert refused.value.facts["days"] == 30
    assert rested.register.last_audit_entry() == before
    confirm_clock(rested.register, clock.now(), actor="quản trị")
    last = rested.register.last_audit_entry()
    assert last is not None
    told = read_content(last.content)
    assert told is not None
    assert (told[1].actor, told[1].action, told[1].at) == ("quản trị", "clock.confirm", clock.now())
    for act in acts:
        act()
    rested.register.close()


def test_a_rest_within_the_bound_needs_nobody(rested: World, clock: FixedClock):
    clock.advance(-timedelta(seconds=1))
    rested.issue()
    rested.register.close()


def test_nobody_vouches_for_a_clock_that_was_set_back(rested: World):
    with pytest.raises(ClockBeforeRecordError):
        confirm_clock(rested.register, NOW - DAY, actor="quản trị")
    rested.register.close()


def test_without_its_guard_the_gap_is_not_seen(rested: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(entry, "_check_gap", lambda *_: None)
    rested.issue()
    rested.register.close()


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
@pytest.mark.parametrize("ahead", [61, -61])
def test_the_server_s_clock_is_asked(tmp_path: Path, place: Place, ahead: int):
    world = make_world(tmp_path, FixedClock(datetime(2000, 1, 1, tzinfo=UTC)), place=place.url)
    register = open_register(place.url, bounds=ClockBounds(max_skew=timedelta(seconds=60)))
    right = SystemClock().now()
    server = register.server_time()
    assert server is not None
    assert abs(server - right) < timedelta(seconds=30)
    check_clock(register, right)
    wrong = right + timedelta(seconds=ahead)
    for act in (check_clock, lambda *given: confirm_clock(*given, actor="quản trị")):
        with pytest.raises(ClockSkewError) as refused:
            act(register, wrong)
        assert refused.value.facts["seconds"] == 60
    register.clock_bounds = ANY_TIME
    check_clock(register, wrong)
    register.close()
    world.register.close()


def test_the_alarms_tell_of_a_clock_in_doubt(rested: World, clock: FixedClock, place: Place):
    def told(now: datetime) -> set[str]:
        return {one.code for one in register_alarms(rested.register, now) if "clock" in one.code}

    assert told(clock.now()) == {"pki.upkeep.clock_gap"}
    assert told(NOW) == set()
    assert told(NOW - DAY) == {"pki.upkeep.clock"}
    rested.register.clock_bounds = ClockBounds(max_skew=timedelta(seconds=60))
    skew = {"pki.upkeep.clock_skew"} if place.engine == "postgresql" else set()
    assert told(datetime(2099, 1, 1, tzinfo=UTC)) == skew
    rested.register.close()


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_file_has_no_clock_of_its_own(tmp_path: Path, place: Place):
    world = make_world(tmp_path, place=place.url)
    assert world.register.server_time() is None
    assert world.register.clock_bounds == ANY_TIME
    world.register.clock_bounds = ClockBounds(max_skew=timedelta(seconds=1))
    world.issue()
    world.register.close()
