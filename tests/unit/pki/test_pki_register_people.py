"""Agencies, people, posts, devices and assignments in the register, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from pki_engines import Place
from pki_people import DAY, EVENT, LATER, after, agency, device, first, instead, person, post, put
from pki_people_machine import Careers
from pki_postgres import PostgresServer
from pki_world import NOW, World

from pki.clock import FixedClock
from pki.errors.register import RegisterConflictError
from pki.errors.registry import (
    AgencyCycleError,
    DeviceHolderError,
    DeviceMoveError,
    EntryBackwardsError,
    PersonGoneError,
    PersonMoveError,
    PersonTwiceError,
    PostOutsideError,
    PostOverlapsError,
)
from pki.records.certificates import CertificateQuery, ForeignCertificate
from pki.records.changes import EnterRecord, Watch
from pki.records.people import (
    Agency,
    AgencyQuery,
    AgencyTier,
    Assignment,
    AssignmentQuery,
    Device,
    DeviceQuery,
    DeviceState,
    Entry,
    Person,
    PersonQuery,
    PersonState,
    Post,
    PostQuery,
    foreign_key,
    own_key,
)
from pki.register.people_reading import narrowed
from pki.register.people_tables import KEYS, TABLES
from pki.register.restore import restoring
from pki.register.snapshot import open_snapshot, register_tables
from pki.register.sql import SQLRegister, create_register
from pki.registry.checks import check_entry

NUMBER = "000090000001"


@pytest.fixture
def register(place: Place) -> Iterator[SQLRegister]:
    made = create_register(place.url, FixedClock(NOW))
    yield made
    made.close()


@pytest.fixture
def office(register: SQLRegister) -> SQLRegister:
    put(register, agency(), person(), post(), device())
    return register


def test_what_is_recorded_comes_back_as_it_was(office: SQLRegister):
    assert office.find_entry(Agency, "UBND-X") == agency()
    assert office.find_entry(Person, "NV-1") == person()
    assert office.find_entry(Post, "CV-1") == post()
    assert office.find_entry(Device, "T-1") == device()
    assert office.find_entry(Person, "nobody") is None
    assert office.entry_history(Person, "NV-1") == (person(),)
    assert office.entry_history(Person, "nobody") == ()


def test_a_day_is_asked_for(office: SQLRegister):
    married = after(person(), name="Nguyễn Văn Khác", given_name="Văn Khác")
    retired = after(married, state=PersonState.RETIRED, since=DAY + timedelta(days=60))
    put(office, married, retired)
    for days, held in ((-1, None), (0, person()), (29, person()), (30, married), (60, retired)):
        day = DAY + timedelta(days=days)
        assert office.find_entry(Person, "NV-1", on=day) == held
        assert office.find_entries(PersonQuery(on=day)) == ((held,) if held else ())
    assert office.entry_history(Person, "NV-1") == (person(), married, retired)


@pytest.mark.parametrize("days", [-20, 0, 40])
def test_a_wrong_version_is_mended_on_whichever_day(office: SQLRegister, days: int):
    """He was said to have retired after 30 days; that was another person, or another day."""
    wrong = after(person(), state=PersonState.RETIRED, since=DAY + timedelta(days=30))
    when = wrong.effective + timedelta(days=days)
    right = instead(wrong, effective=when, state=PersonState.LEFT, since=when)
    put(office, wrong, right)
    for day in (DAY, when - timedelta(days=1)):
        assert office.find_entry(Person, "NV-1", on=day) == person()
    for day in (when, LATER):
        assert office.find_entry(Person, "NV-1", on=day) == right
    again = instead(right, state=PersonState.ACTIVE, since=when)
    put(office, again)
    assert office.find_entry(Person, "NV-1", on=LATER) == again
    assert office.find_entry(Person, "NV-1", on=when - timedelta(days=1)) == person()
    assert len(office.entry_history(Person, "NV-1")) == 4


def test_the_first_version_is_mended_too(office: SQLRegister):
    right = instead(agency(), since=LATER, effective=LATER, name="UBND phường Mẫu")
    put(office, right)
    assert office.find_entry(Agency, "UBND-X", on=DAY) is None
    assert office.find_entry(Agency, "UBND-X", on=LATER) == right


@pytest.mark.parametrize(
    "wrong", [{"version": 1}, {"version": 3, "follows": 2}, {"follows": 2}, {"version": 0}]
)
def test_two_cannot_go_on_from_the_same_version(office: SQLRegister, wrong: dict[str, int]):
    with pytest.raises(RegisterConflictError):
        put(office, replace(after(person()), **wrong))
    put(office, after(person()))


def test_a_conflict_undoes_all_of_it(office: SQLRegister):
    entries = office.last_audit_entry()
    with pytest.raises(RegisterConflictError):
        put(office, after(agency()), person())
    assert office.find_entry(Agency, "UBND-X") == agency()
    assert office.last_audit_entry() == entries


def test_nothing_holds_before_what_it_follows(office: SQLRegister):
    with pytest.raises(EntryBackwardsError):
        put(office, after(person(), -1))
    put(office, after(person(), 0))


def test_states_move_as_the_tables_say(office: SQLRegister):
    died = after(person(), state=PersonState.DIED)
    put(office, died)
    with pytest.raises(PersonMoveError):
        put(office, after(died, state=PersonState.ACTIVE))
    put(office, instead(died, state=PersonState.ACTIVE))
    with pytest.raises(DeviceMoveError):
        put(office, after(device(), state=DeviceState.SUSPENDED))
    put(office, after(device(), state=DeviceState.ACTIVE))


def test_only_a_returned_device_gets_another_holder(office: SQLRegister):
    put(office, person("NV-2"))
    with pytest.raises(DeviceHolderError):
        put(office, after(device(), person="NV-2"))
    back = after(device(), state=DeviceState.RETURNED)
    put(office, back, after(back, person="NV-2", state=DeviceState.ISSUED))
    assert office.find_entries(DeviceQuery(person="NV-1")) == ()
    assert [one.serial for one in office.find_entries(DeviceQuery(person="NV-2"))] == ["T-1"]
    assert office.find_entries(DeviceQuery(person="NV-1", on=DAY)) == (device(),)


def test_one_citizen_s_number_one_person(office: SQLRegister):
    put(office, person("NV-2", citizen_number=NUMBER))
    with pytest.raises(PersonTwiceError) as refused:
        put(office, after(person(), citizen_number=NUMBER))
    assert refused.value.facts == {"person": "NV-1", "other": "NV-2"}
    assert NUMBER not in str(refused.value)
    mended = after(person("NV-2"), citizen_number=None)
    put(office, mended, after(person(), citizen_number=NUMBER))
    (found,) = office.find_entries(PersonQuery(citizen_number=NUMBER))
    assert found.code == "NV-1"


def test_no_repr_tells_who_it_is():
    told = repr(person(citizen_number=NUMBER, email="mau@example.vn"))
    told += repr(PersonQuery(citizen_number=NUMBER))
    assert "NV-1" in told
    assert not any(word in told for word in (NUMBER, "Nguyễn", "example"))


def test_queries_narrow(office: SQLRegister):
    put(office, agency("SNV", name="Sở Nội vụ", tier=AgencyTier.DEPARTMENT, parent="UBND-X"))
    put(office, person("NV-2", name="Đỗ Thị Hai"), person("NV-3"), person("NV-4"))
    ended = post("CV-2", person="NV-2", agency="SNV", title="Giám đốc", until=LATER)
    put(office, ended, post("CV-3", person="NV-3", agency="SNV"))

    def codes(query: object) -> list[str]:
        return [one.code for one in office.find_entries(query)]  # type: ignore[arg-type]

    assert codes(AgencyQuery(text="noi vu")) == codes(AgencyQuery(parent="UBND-X")) == ["SNV"]
    assert codes(AgencyQuery(tier=AgencyTier.COMMUNE)) == ["UBND-X"]
    assert codes(AgencyQuery(text="%")) == []
    assert codes(PersonQuery(text="do HAI")) == ["NV-2"]
    assert codes(PersonQuery(limit=2)) == ["NV-1", "NV-2"]
    assert codes(PersonQuery(limit=2, after="NV-2")) == ["NV-3", "NV-4"]
    assert codes(PersonQuery(state=PersonState.DIED)) == []
    assert codes(PersonQuery(agency="SNV")) == ["NV-2", "NV-3"]
    assert codes(PersonQuery(agency="SNV", on=LATER)) == ["NV-2", "NV-3"]
    assert codes(PersonQuery(agency="SNV", on=LATER + timedelta(days=1))) == ["NV-3"]
    assert codes(PersonQuery(agency="SNV", on=DAY - timedelta(days=1))) == []
    assert codes(PostQuery(text="giam doc")) == codes(PostQuery(person="NV-2")) == ["CV-2"]
    assert codes(PostQuery(agency="SNV")) == ["CV-2", "CV-3"]


def assignment(**more: object) -> Assignment:
    return Assignment(**{**first(), "person": "NV-1", **more})  # type: ignore[arg-type]


def test_certificates_hang_on_person_post_and_device(placed_world: World):
    register = placed_world.register
    put(register, agency(), person(), post(), device())
    serial = placed_world.issue().serial_number
    text, ends = ("Tỉnh khác", "Người khác"), (NOW, NOW)
    foreign = ForeignCertificate("f0", "e0", 9, *text, *ends, b"der", "văn thư", NOW)
    register.commit([Watch(foreign)], EVENT)
    own = assignment(issuer="issuing", serial=serial, post="CV-1", device="T-1")
    other = assignment(fingerprint="f0")
    put(register, own, other)
    assert register.find_entry(Assignment, own_key("issuing", serial)) == own
    assert register.find_entry(Assignment, foreign_key("f0")) == other
    assert register.find_entries(AssignmentQuery(person="NV-1")) == (own, other)
    assert register.find_entries(AssignmentQuery(post="CV-1")) == (own,)
    assert register.find_entries(AssignmentQuery(device="T-1")) == (own,)
    moved = after(own, device=None)
    put(register, moved)
    assert register.find_entries(AssignmentQuery(device="T-1")) == ()
    assert register.find_entries(AssignmentQuery(device="T-1", on=DAY)) == (own,)
    assert register.find_certificates(CertificateQuery())


def test_a_backup_brings_all_of_it_back(placed_world: World, place: Place, tmp_path: Path):
    register = placed_world.register
    put(register, agency(), person(citizen_number=NUMBER), post(until=LATER), device())
    serial = placed_world.issue().serial_number
    put(register, assignment(issuer="issuing", serial=serial))
    with open_snapshot(place.url) as seen:
        rows = [(table.name, list(seen.rows(table))) for table in register_tables()]
    with restoring(tmp_path / "again.db", FixedClock(NOW)) as restoration:
        counts = restoration.fill(rows)
        assert all(counts[table.name] == 1 for table in TABLES.values())
        again = restoration.register
        assert again.find_entry(Person, "NV-1") == person(citizen_number=NUMBER)
        assert again.find_entry(Post, "CV-1") == post(until=LATER)
        assert again.find_entries(DeviceQuery()) == (device(),)


def test_days_are_days(office: SQLRegister):
    assert isinstance(office.find_entries(PostQuery())[0].since, date)


@pytest.mark.long
def test_every_day_is_told_of_any_history_on_postgresql(postgres: PostgresServer):
    class OnPostgreSQL(Careers):
        def new_place(self) -> str:
            return postgres.new_database()

    some = settings(max_examples=8, stateful_step_count=15, deadline=None)
    run_state_machine_as_test(OnPostgreSQL, settings=some)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_people_of_an_agency_are_found_by_its_posts(office: SQLRegister):
    """Not by a look for each of all people, which takes 600 ms for those of a province."""
    statement, values = narrowed(PersonQuery(agency="UBND-X", on=DAY))
    engine = office._store.engine
    compiled: Any = statement.compile(engine)
    told = compiled.construct_params(values)
    asked = tuple(str(told[name]) for name in compiled.positiontup)
    with engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled.string}", asked).all()
    assert any("ix_posts_agency" in row[-1] for row in plan)
    assert not any("CORRELATED" in row[-1] and "posts" in row[-1] for row in plan)


GONE: dict[str, Any] = {"state": PersonState.RETIRED, "since": LATER, "effective": LATER}
RACES: tuple[tuple[str, Entry, Entry, type[Exception]], ...] = (
    ("a title twice", post("CV-2"), post("CV-3"), PostOverlapsError),
    (
        "a post of who retired",
        after(person(), **GONE),
        post("CV-4", title="Khác"),
        PersonGoneError,
    ),
    ("a device of who retired", after(person(), **GONE), device("T-9"), PersonGoneError),
    (
        "a post of an agency that ended",
        instead(agency("A-2"), until=LATER),
        post("CV-5", agency="A-2"),
        PostOutsideError,
    ),
    (
        "an agency above itself",
        instead(agency("A-2"), parent="UBND-X"),
        instead(agency(), parent="A-2"),
        AgencyCycleError,
    ),
)


@pytest.mark.parametrize(
    ("other", "mine", "error"), [one[1:] for one in RACES], ids=[one[0] for one in RACES]
)
def test_what_somebody_else_entered_meanwhile_is_seen(
    register: SQLRegister, other: Entry, mine: Entry, error: type[Exception]
):
    put(register, agency(), agency("A-2"), person())
    check_entry(mine, register)
    put(register, other)
    with pytest.raises(error):
        register.commit([EnterRecord(mine, alone=True)], EVENT)
    assert mine not in register.entry_history(type(mine), getattr(mine, KEYS[type(mine)]))
    put(register, mine)  # of a file, which was looked through as a whole


def test_what_nobody_hinders_is_entered(register: SQLRegister):
    put(register, agency(), agency("A-2"), person())
    for entry in (post("CV-3"), device("T-9"), instead(agency(), parent="A-2")):
        register.commit([EnterRecord(entry, alone=True)], EVENT)
