"""Which version follows from what is said, and whether it fits the others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pki_people import DAY, LATER, after, agency, device, first, person, post, put
from pki_world import NOW

from pki.clock import FixedClock
from pki.errors.registry import (
    AgencyCycleError,
    AgencyInUseError,
    AgencyOutlivesError,
    EntryBackwardsError,
    EntrySinceError,
    EntrySpanError,
    OneHolderError,
    PersonGoneError,
    PersonTwiceError,
    PostMovedError,
    PostOutsideError,
    PostOverlapsError,
    SuccessorError,
    UnknownAgencyError,
    UnknownDeviceError,
    UnknownPersonError,
    UnknownPostError,
)
from pki.errors.tree import PKIError
from pki.records.people import Assignment, DeviceState, Entry, PersonState
from pki.register.sql import SQLRegister, create_register
from pki.registry.checks import DEEPEST, check_entry
from pki.registry.forms import FORMS, Values
from pki.registry.versions import corrected, first_version, next_version

NUMBER = "000090000001"
NEXT_YEAR = date(2027, 1, 1)


@pytest.fixture
def look(tmp_path: Path) -> Iterator[SQLRegister]:
    register = create_register(tmp_path / "register.db", FixedClock(NOW))
    put(register, agency("T"), agency(parent="T"), agency("OLD", until=LATER, since=DAY))
    put(register, person(), person("GONE", state=PersonState.RETIRED, since=LATER))
    put(register, person("NV-2", citizen_number=NUMBER))
    put(register, post(), device(), device("T-2", person=None, agency="UBND-X"))
    yield register
    register.close()


GOOD = (
    agency("NEW", parent="T", tax_code="0100109106"),
    agency("OLD", until=LATER, successor="UBND-X", version=2, follows=1),
    agency("OLD-2", parent="OLD", until=LATER),
    agency(until=None),
    person("NV-2", citizen_number=NUMBER, version=2, follows=1),
    person("NV-3", citizen_number="000090000002"),
    person("NV-3"),
    post("CV-2", title="Phó Chủ tịch"),
    post("CV-2", unit="Văn phòng"),
    post("CV-2", person="NV-2"),
    post("CV-2", agency="T"),
    post("CV-2", person="GONE", until=LATER - timedelta(days=1)),
    post("CV-2", agency="OLD", until=LATER),
    post(until=LATER),
    device("T-3"),
    device("T-3", person=None, agency="T"),
    device("T-3", person="GONE", state=DeviceState.LOST),
)
BAD = (
    (agency("NEW", parent="none"), UnknownAgencyError),
    (agency("NEW", since=LATER, until=DAY), EntrySpanError),
    (agency("T", parent="UBND-X"), AgencyCycleError),
    (agency("T", parent="T"), AgencyCycleError),
    (agency("NEW", parent="OLD"), AgencyOutlivesError),
    (agency("NEW", parent="OLD", until=NEXT_YEAR), AgencyOutlivesError),
    (agency("T", until=LATER), AgencyInUseError),
    (agency(until=LATER), AgencyInUseError),
    (agency(successor="T"), SuccessorError),
    (agency("OLD", until=LATER, successor="OLD"), SuccessorError),
    (agency("OLD", until=LATER, successor="none"), UnknownAgencyError),
    (person("NV-3", citizen_number=NUMBER), PersonTwiceError),
    (post("CV-2", since=LATER, until=DAY), EntrySpanError),
    (post("CV-2", agency="none"), UnknownAgencyError),
    (post("CV-2", person="none"), UnknownPersonError),
    (post("CV-2", since=DAY - timedelta(days=1)), PostOutsideError),
    (post("CV-2", agency="OLD"), PostOutsideError),
    (post("CV-2", person="GONE"), PersonGoneError),
    (post("CV-2", person="GONE", until=LATER), PersonGoneError),
    (post("CV-2"), PostOverlapsError),
    (post("CV-2", since=LATER), PostOverlapsError),
    (device("T-3", person=None), OneHolderError),
    (device("T-3", agency="T"), OneHolderError),
    (device("T-3", person="none"), UnknownPersonError),
    (device("T-3", person=None, agency="none"), UnknownAgencyError),
    (device("T-3", person="GONE"), PersonGoneError),
)


@pytest.mark.parametrize("entry", GOOD)
def test_what_fits_the_others_stands(look: SQLRegister, entry: Entry):
    check_entry(entry, look)


@pytest.mark.parametrize(("entry", "error"), BAD)
def test_what_does_not_fit_is_refused(look: SQLRegister, entry: Entry, error: type[PKIError]):
    with pytest.raises(error):
        check_entry(entry, look)


def test_levels_end(look: SQLRegister):
    put(look, agency("L-1"))
    for level in range(2, DEEPEST + 2):
        one = agency(f"L-{level}", parent=f"L-{level - 1}")
        if level <= DEEPEST:
            check_entry(one, look)
            put(look, one)
    with pytest.raises(AgencyCycleError):
        check_entry(agency("DEEP", parent=f"L-{DEEPEST}"), look)


def assignment(**more: Any) -> Assignment:
    return Assignment(**{**first(), "issuer": "issuing", "serial": 7, **more})


ASSIGNED = (
    assignment(person="NV-1", post="CV-1", device="T-1"),
    assignment(person="NV-2"),
    assignment(agency="UBND-X", device="T-2"),
)
MISASSIGNED = (
    (assignment(), OneHolderError),
    (assignment(person="NV-1", agency="T"), OneHolderError),
    (assignment(person="none"), UnknownPersonError),
    (assignment(agency="none"), UnknownAgencyError),
    (assignment(person="NV-2", post="CV-1"), UnknownPostError),
    (assignment(person="NV-1", post="none"), UnknownPostError),
    (assignment(agency="UBND-X", post="CV-1"), UnknownPostError),
    (assignment(person="NV-2", device="T-1"), UnknownDeviceError),
    (assignment(person="NV-1", device="none"), UnknownDeviceError),
)


@pytest.mark.parametrize("entry", ASSIGNED)
def test_a_certificate_hangs_on_what_belongs_together(look: SQLRegister, entry: Assignment):
    check_entry(entry, look)


@pytest.mark.parametrize(("entry", "error"), MISASSIGNED)
def test_a_certificate_hangs_on_nothing_else(
    look: SQLRegister, entry: Assignment, error: type[PKIError]
):
    with pytest.raises(error):
        check_entry(entry, look)


def said(entry: Entry, **changes: Any) -> Values:
    values = {column.name: getattr(entry, column.name) for column in FORMS[type(entry)]}
    return {**values, **changes}


def test_a_first_version_holds_from_its_first_day():
    assert first_version(type(person()), said(person()), at=NOW) == person()


def test_nothing_new_is_no_version():
    for entry in (agency(), person(), post(), device()):
        assert next_version(entry, said(entry), day=LATER, at=NOW) is None
        assert corrected(entry, said(entry), day=None, at=NOW) is None


def test_a_change_holds_from_the_day_and_a_state_from_its_own():
    renamed = next_version(person(), said(person(), name="Lê Mẫu"), day=LATER, at=NOW)
    assert renamed is not None
    assert (renamed.version, renamed.follows, renamed.effective) == (2, 1, LATER)
    retired = said(person(), state=PersonState.RETIRED, since=LATER)
    moved = next_version(person(), retired, day=DAY, at=NOW)
    assert moved is not None
    assert moved.effective == LATER
    confirmed = said(device(), state=DeviceState.ACTIVE)
    assert next_version(device(), confirmed, day=LATER, at=NOW) == after(
        device(), 0, state=DeviceState.ACTIVE
    )


@pytest.mark.parametrize(
    ("before", "changes", "day", "error"),
    [
        (person(), {"since": LATER}, LATER, EntrySinceError),
        (person(), {"state": PersonState.DIED}, LATER, EntrySinceError),
        (person(), {"state": PersonState.DIED, "since": date(2000, 1, 1)}, LATER, EntrySinceError),
        (device(), {"state": DeviceState.LOST, "since": date(2000, 1, 1)}, DAY, EntrySinceError),
        (agency(), {"since": LATER}, LATER, EntrySinceError),
        (agency(), {"name": "Khác"}, DAY - timedelta(days=1), EntryBackwardsError),
        (post(), {"person": "NV-2"}, LATER, PostMovedError),
        (post(), {"agency": "T"}, LATER, PostMovedError),
    ],
)
def test_no_version(before: Entry, changes: Values, day: date, error: type[PKIError]):
    with pytest.raises(error):
        next_version(before, said(before, **changes), day=day, at=NOW)


def test_a_correction_stands_in_the_place_of_the_wrong_one():
    wrong = after(person(), state=PersonState.RETIRED, since=DAY + timedelta(days=30))
    right = corrected(wrong, said(wrong, state=PersonState.ACTIVE, since=DAY), day=None, at=NOW)
    assert right is not None
    assert (right.version, right.follows, right.effective) == (3, 1, DAY)
    later = corrected(wrong, said(wrong, since=LATER), day=None, at=NOW)
    assert later is not None
    assert later.effective == LATER
    renamed = corrected(wrong, said(wrong, name="Lê Mẫu"), day=None, at=NOW)
    assert renamed is not None
    assert renamed.effective == wrong.effective
    shifted = corrected(post(), said(post()), day=LATER, at=NOW)
    assert shifted is not None
    assert shifted.effective == LATER
    titled = corrected(after(post()), said(post(), title="Khác"), day=None, at=NOW)
    assert titled is not None
    assert titled.effective == after(post()).effective
    begun = corrected(post(), said(post(), since=LATER), day=None, at=NOW)
    assert begun is not None
    assert (begun.follows, begun.effective) == (0, LATER)
