"""Events: recorded once, with what they change, and what they ask for of certificates."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from pki_events_machine import Happenings
from pki_people import DAY, EVENT, after, agency, device, first, person, post, put
from pki_postgres import PostgresServer
from pki_request_rows import move, submitted
from pki_world import NOW, World

import pki.events.effects as effects_module
import pki.events.hanging as hanging_module
from pki.audit.verify import verify_audit
from pki.authority.life import hold
from pki.errors.events import (
    EventBeforePostError,
    EventChangedError,
    EventFieldError,
    PostOverError,
)
from pki.errors.register import RegisterConflictError
from pki.errors.registry import (
    AgencyInUseError,
    DeviceMoveError,
    EntryCodeError,
    EntryExistsError,
    EntrySinceError,
    EntrySpanError,
    PostOutsideError,
    PostOverlapsError,
    SuccessorError,
    UnknownAgencyError,
    UnknownDeviceError,
    UnknownPersonError,
    UnknownPostError,
)
from pki.events.effects import MAX_CODE, moved_code
from pki.events.hanging import hanging_of
from pki.events.proposals import Proposal, Status, beginning, propose, request_id, unsafe_since
from pki.events.recording import Recorded, record_event
from pki.events.rules import RULES, Asks
from pki.events.told import SUBJECTS, tell
from pki.reasons import parse_reason
from pki.records.certificates import CertificateState, ForeignCertificate
from pki.records.changes import Follow, Reserve, Watch
from pki.records.events import EventKind, EventQuery, EventRecord, RecordEvent
from pki.records.people import (
    Agency,
    Assignment,
    Device,
    DeviceState,
    Person,
    PersonState,
    Post,
    PostQuery,
)
from pki.records.requests import MoveRequest, RequestKind, RequestState
from pki.records.watching import (
    HolderKind,
    Purpose,
    WatchedStanding,
    WatchedStatus,
    WatchedSubject,
    WatchRound,
)
from pki.words import Language, knows

NUMBER = "001090000001"
D = DAY + timedelta(days=184)
"""The day of the event, 2026-01-01."""
LAST = D - timedelta(days=1)
SOME = {"person": "NV-1", "post": "CV-1", "agency": "UBND-X", "device": "T-1"}


@pytest.fixture
def world(placed_world: World) -> World:
    """Two communes, a person in a post of the first, with a device."""
    register = placed_world.register
    put(register, agency(), agency("UBND-Y", name="UBND xã Khác"))
    put(register, person(citizen_number=NUMBER), post(), device())
    return placed_world


def happen(world: World, kind: EventKind, day: date = D, **said: Any) -> Recorded:
    """Record an event of the usual person, post, agency or device."""
    subject = SUBJECTS[kind]
    event = said.pop("event", None)
    told = tell(kind, day, {subject: SOME[subject], **said})
    return record_event(world.register, told, actor="account:root", at=NOW, event=event)


def hang(world: World, **on: Any) -> int:
    """Issue a certificate and say on whom it hangs; return its serial."""
    serial = world.issue().serial_number
    entry = Assignment(**{**first(), "issuer": "issuing", "serial": serial, "person": "NV-1", **on})
    put(world.register, entry)
    return serial


def proposals(world: World, record: EventRecord) -> tuple[Proposal, ...]:
    return propose(record, hanging_of(record, world.register, world.clock.now()))


def asked(world: World, record: EventRecord) -> list[tuple[str, bool]]:
    return [(one.rule.asks.value, one.done) for one in proposals(world, record)]


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (EventKind.RETIREMENT, PersonState.RETIRED),
        (EventKind.LEAVING, PersonState.LEFT),
        (EventKind.DEATH, PersonState.DIED),
    ],
)
def test_who_serves_no_more_has_no_post(world: World, kind: EventKind, state: PersonState):
    register = world.register
    ended = post("CV-0", title="Văn thư", until=DAY + timedelta(days=9))
    lasting = post("CV-2", title="Bí thư", until=D + timedelta(days=30))
    put(register, ended, lasting)
    done = happen(world, kind)
    known = register.find_entry(Person, "NV-1")
    assert known is not None
    assert (known.state, known.since, done.new) == (state, D, True)
    assert register.find_entry(Person, "NV-1", on=LAST) == person(citizen_number=NUMBER)
    posts = register.find_entries(PostQuery(person="NV-1"))
    assert [one.until for one in posts] == [ended.until, LAST, LAST]
    assert register.find_entry(Post, "CV-1", on=LAST) == post()
    assert [type(one) for one in done.changed] == [Post, Post, Person]


def test_the_same_event_is_one(world: World):
    done = happen(world, EventKind.RETIREMENT)
    entries = world.register.last_audit_entry()
    again = happen(world, EventKind.RETIREMENT)
    named = happen(world, EventKind.RETIREMENT, event="E-1")
    assert again == named == Recorded(done.record)
    assert world.register.last_audit_entry() == entries
    assert world.register.list_events(EventQuery()) == (done.record,)
    assert done.record.id.startswith("E-20260101-")


def test_an_id_is_one_event_s(world: World):
    done = happen(world, EventKind.LOSS, event="E-1")
    assert world.register.find_event("E-1") == done.record
    with pytest.raises(EventChangedError):
        happen(world, EventKind.RETIREMENT, event="E-1")
    assert happen(world, EventKind.LOSS, event="E-2").record == done.record
    assert world.register.find_event("E-2") is None


def test_two_at_once_record_it_once(world: World):
    """Between the look and the writing another process recorded it."""
    done = happen(world, EventKind.LOSS)
    for same in (done.record, replace(done.record, id="E-9")):
        with pytest.raises(RegisterConflictError):
            world.register.commit([RecordEvent(same)], EVENT)
    other = replace(done.record, content_sha256="0" * 64)
    with pytest.raises(RegisterConflictError):
        world.register.commit([RecordEvent(other)], EVENT)
    world.register.commit([RecordEvent(replace(other, id="E-9"))], EVENT)


def test_what_stands_already_is_left_alone(world: World):
    retired = after(person(citizen_number=NUMBER), 184, state=PersonState.RETIRED, since=D)
    put(world.register, after(post(), 184, until=LAST), retired)
    done = happen(world, EventKind.RETIREMENT)
    assert (done.new, done.changed) == (True, ())


def test_another_day_of_what_stands_is_refused(world: World):
    happen(world, EventKind.RETIREMENT)
    with pytest.raises(EntrySinceError):
        happen(world, EventKind.RETIREMENT, D + timedelta(days=5))
    happen(world, EventKind.DEATH, D + timedelta(days=5))


@pytest.mark.parametrize(
    ("said", "code", "unit"),
    [
        ({"to_agency": "UBND-Y"}, "CV-1-UBND-Y", None),
        ({"title": "Phó Chủ tịch"}, "CV-1-UBND-X", None),
        ({"to_agency": "UBND-Y", "new_post": "CV-9", "unit": "Văn phòng"}, "CV-9", "Văn phòng"),
    ],
)
def test_a_post_is_followed_by_another(
    world: World, said: dict[str, str], code: str, unit: str | None
):
    done = happen(world, EventKind.POST_CHANGE, **said)
    old, new = (world.register.find_entry(Post, one) for one in ("CV-1", code))
    assert old is not None
    assert new is not None
    assert (old.until, new.since, new.until, new.person, new.unit) == (LAST, D, None, "NV-1", unit)
    assert new.agency == said.get("to_agency", "UBND-X")
    assert new.title == said.get("title", "Chủ tịch")
    assert (done.record.person, done.record.agency, done.record.new_post) == (
        *("NV-1", "UBND-X"),
        code,
    )


def test_a_post_ends_and_none_follows(world: World):
    done = happen(world, EventKind.POST_CHANGE)
    assert [type(one) for one in done.changed] == [Post]
    assert done.record.new_post is None


def test_a_post_that_was_over_is_not_left(world: World):
    put(world.register, after(post(), 5, until=LAST - timedelta(days=1)))
    with pytest.raises(PostOverError):
        happen(world, EventKind.POST_CHANGE)
    put(world.register, after(after(post(), 5), 1, until=LAST))
    assert len(happen(world, EventKind.POST_CHANGE, to_agency="UBND-Y").changed) == 1


def test_the_code_of_another_post_is_not_taken(world: World):
    put(world.register, person("NV-2"), post("CV-9", person="NV-2"))
    with pytest.raises(EntryExistsError):
        happen(world, EventKind.POST_CHANGE, new_post="CV-9")


def test_a_post_that_went_on_is_not_moved_twice(world: World):
    put(world.register, post("CV-1-UBND-Y", agency="UBND-Y", since=D, effective=D))
    assert len(happen(world, EventKind.POST_CHANGE, to_agency="UBND-Y").changed) == 1


def test_a_code_is_made_for_a_post_elsewhere():
    long = "V" * MAX_CODE
    assert moved_code("CV-1", "X") == "CV-1-X"
    assert len(moved_code(long, "X")) == MAX_CODE
    assert moved_code(long, "X") != moved_code(long, "Y")
    assert moved_code(long, "X") == moved_code(long, "X")


def test_an_agency_goes_on_in_another(world: World):
    register = world.register
    put(register, agency("TR", name="Trường Mẫu", parent="UBND-X"), person("NV-2"))
    over = agency("CU", name="Trạm cũ", parent="UBND-X", until=DAY + timedelta(days=3))
    put(register, over, post("CV-2", person="NV-2", title="Kế toán", unit="Phòng"))
    gone = post("CV-0", title="Văn thư", until=DAY + timedelta(days=9))
    put(register, gone)
    done = happen(world, EventKind.MERGER, to_agency="UBND-Y")
    merged, school = (register.find_entry(Agency, one) for one in ("UBND-X", "TR"))
    assert merged is not None
    assert school is not None
    assert (merged.until, merged.successor, school.parent) == (LAST, "UBND-Y", "UBND-Y")
    assert register.find_entry(Agency, "CU") == over
    there = register.find_entries(PostQuery(agency="UBND-Y"))
    assert [(one.code, one.person, one.unit) for one in there] == [
        ("CV-1-UBND-Y", "NV-1", None),
        ("CV-2-UBND-Y", "NV-2", "Phòng"),
    ]
    assert register.find_entry(Post, "CV-0") == gone
    assert len(done.changed) == 6


def test_an_agency_ends(world: World):
    happen(world, EventKind.DISSOLUTION, title=None)
    ended, left = (
        world.register.find_entry(Agency, "UBND-X"),
        world.register.find_entry(Post, "CV-1"),
    )
    assert ended is not None
    assert left is not None
    assert (ended.until, ended.successor, left.until) == (LAST, None, LAST)


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (EventKind.LOSS, DeviceState.LOST),
        (EventKind.DAMAGE, DeviceState.DAMAGED),
        (EventKind.EXPOSURE, DeviceState.SUSPENDED),
    ],
)
@pytest.mark.parametrize("confirmed", [True, False])
def test_a_token_is_lost_damaged_or_exposed(
    world: World, kind: EventKind, state: DeviceState, *, confirmed: bool
):
    if confirmed:
        put(world.register, after(device(), state=DeviceState.ACTIVE, since=DAY))
    done = happen(world, kind)
    known = world.register.find_entry(Device, "T-1")
    assert known is not None
    assert (known.state, known.since) == (state, D)
    assert (done.record.person, done.record.agency) == ("NV-1", None)
    world.register.find_entry(Device, "T-1", on=LAST)


def test_a_token_that_is_lost_already_is_lost(world: World):
    put(world.register, after(device(), state=DeviceState.LOST, since=DAY))
    assert happen(world, EventKind.LOSS).changed == ()
    returned = after(device(), state=DeviceState.LOST, since=DAY)
    put(world.register, after(returned, 1, state=DeviceState.RETURNED, since=DAY))
    with pytest.raises(DeviceMoveError):
        happen(world, EventKind.DAMAGE)


@pytest.mark.parametrize(
    ("kind", "said", "error"),
    [
        (EventKind.RETIREMENT, {"person": "none"}, UnknownPersonError),
        (EventKind.POST_CHANGE, {"post": "none"}, UnknownPostError),
        (EventKind.POST_CHANGE, {"to_agency": "none"}, UnknownAgencyError),
        (EventKind.LOSS, {"device": "none"}, UnknownDeviceError),
        (EventKind.MERGER, {"agency": "none", "to_agency": "UBND-Y"}, UnknownAgencyError),
        (EventKind.MERGER, {"to_agency": "none"}, UnknownAgencyError),
        (EventKind.MERGER, {"to_agency": "UBND-X"}, SuccessorError),
        (EventKind.DISSOLUTION, {"agency": "none"}, UnknownAgencyError),
        (EventKind.MERGER, {}, EventFieldError),
        (EventKind.RETIREMENT, {"person": None}, EventFieldError),
        (EventKind.RETIREMENT, {"to_agency": "UBND-Y"}, EventFieldError),
        (EventKind.LOSS, {"device": "a b"}, EntryCodeError),
    ],
    ids=lambda one: getattr(one, "__name__", None) or str(one),
)
def test_what_does_not_fit_is_refused_and_nothing_is_done(
    world: World, kind: EventKind, said: dict[str, str | None], error: type[Exception]
):
    entries = world.register.last_audit_entry()
    with pytest.raises(error):
        happen(world, kind, **said)
    assert world.register.last_audit_entry() == entries
    assert world.register.list_events(EventQuery()) == ()


@pytest.mark.parametrize("kind", [EventKind.RETIREMENT, EventKind.POST_CHANGE, EventKind.MERGER])
def test_nothing_befalls_a_post_before_it_begins(world: World, kind: EventKind):
    more = {"to_agency": "UBND-Y"} if kind is EventKind.MERGER else {}
    with pytest.raises(EventBeforePostError) as refused:
        happen(world, kind, DAY, **more)
    assert refused.value.facts == {"post": "CV-1", "since": str(DAY), "day": str(DAY)}
    put(world.register, agency("Z", since=DAY - timedelta(days=9)))
    happen(world, kind, DAY + timedelta(days=1), **more)


def test_a_guard_taken_away_lets_a_post_end_before_it_begins(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    def end(self: effects_module.Changes, post: Post) -> None:
        self.change(post, until=self.day - timedelta(days=1))

    monkeypatch.setattr(effects_module.Changes, "end_post", end)
    with pytest.raises(EntrySpanError):
        happen(world, EventKind.POST_CHANGE, DAY)


def test_who_is_there_already_is_not_there_twice(world: World):
    put(world.register, post("CV-2", agency="UBND-Y"))
    with pytest.raises(PostOverlapsError):
        happen(world, EventKind.MERGER, to_agency="UBND-Y")


def test_an_agency_goes_on_in_one_that_is_there(world: World):
    put(world.register, agency("Z", since=D + timedelta(days=1), effective=D))
    with pytest.raises(PostOutsideError):
        happen(world, EventKind.MERGER, to_agency="Z")


def test_an_agency_does_not_end_before_its_parts(world: World):
    put(world.register, agency("TR", parent="UBND-X"))
    with pytest.raises(AgencyInUseError):
        happen(world, EventKind.DISSOLUTION)


def test_an_event_that_is_told_late_stands(world: World):
    """Meanwhile the post got another title, which the register tells from that day on."""
    put(world.register, after(post(), 300, title="Bí thư"))
    happen(world, EventKind.POST_CHANGE, to_agency="UBND-Y")
    known = world.register.find_entry(Post, "CV-1")
    assert known is not None
    assert (known.until, known.effective) == (LAST, DAY + timedelta(days=300))


def test_events_are_found(world: World):
    lost, retired = happen(world, EventKind.LOSS), happen(world, EventKind.RETIREMENT)
    later = happen(world, EventKind.DISSOLUTION, D + timedelta(days=9)).record
    register = world.register
    found = register.list_events(EventQuery())
    assert found[0] == later
    assert set(found) == {lost.record, retired.record, later}
    assert register.list_events(EventQuery(kind=EventKind.LOSS)) == (lost.record,)
    assert register.list_events(EventQuery(agency="UBND-X")) == (later,)
    assert register.list_events(EventQuery(limit=1)) == (later,)
    assert len(register.list_events(EventQuery(person="NV-1"))) == 2
    assert register.find_event("none") is None


def test_neither_the_log_nor_the_event_says_a_name_or_a_number(world: World):
    happen(world, EventKind.POST_CHANGE, to_agency="UBND-Y", title="Trưởng phòng Mẫu")
    happen(world, EventKind.RETIREMENT, D + timedelta(days=1))
    register = world.register
    assert verify_audit(register) > 0
    log = "".join(entry.content.decode() for entry in register.audit_entries())
    told = log + repr(register.list_events(EventQuery()))
    assert '"event.record"' in log
    assert '"post.add"' in log
    assert not any(word in told for word in (NUMBER, "Nguyễn", "Trưởng phòng"))


@pytest.mark.parametrize("kind", list(EventKind), ids=str)
def test_every_event_asks_for_something_with_its_article(kind: EventKind):
    rules = RULES[kind]
    assert {rule.asks for rule in rules} >= {Asks.REVOKE}
    for rule in rules:
        assert rule.article in {"10", "17"}
        assert (rule.reason is not None) == (rule.asks is Asks.REVOKE)
        if rule.reason is not None:
            parse_reason(rule.reason)
        for language in Language:
            assert knows(f"pki.event.{kind.value}.{rule.asks.value}", language)
            assert knows(f"pki.event.kind.{kind.value}", language)


def test_a_certificate_that_is_revoked_is_done(world: World):
    serial = hang(world, post="CV-1", device="T-1")
    record = happen(world, EventKind.RETIREMENT).record
    (one,) = proposals(world, record)
    assert (one.rule.asks, one.rule.reason, one.own) == (Asks.REVOKE, "cessationOfOperation", True)
    assert (one.hanging.serial, one.form, one.done) == (serial, "05", False)
    world.issuing.revoke(serial, parse_reason("cessationOfOperation"))
    assert asked(world, record) == [("revoke", True)]


def test_a_lost_token_is_held_revoked_and_replaced(world: World):
    hang(world, device="T-1")
    record = happen(world, EventKind.LOSS, NOW.date()).record
    assert asked(world, record) == [("hold", False), ("revoke", False), ("reissue", False)]
    (held, revoked, anew) = proposals(world, record)
    serial = held.hanging.serial or 0
    assert unsafe_since(record, revoked.rule) == beginning(NOW.date())
    assert unsafe_since(record, held.rule) is None
    assert anew.form == "01"
    hold(world.issuing, serial, requester="x")
    assert asked(world, record) == [("hold", True), ("revoke", False), ("reissue", False)]
    world.clock.advance(timedelta(seconds=2))  # type: ignore[attr-defined]
    later = hang(world)
    assert asked(world, record) == [("hold", True), ("revoke", False), ("reissue", True)]
    world.issuing.revoke(later, parse_reason("superseded"))
    assert asked(world, record) == [("hold", True), ("revoke", False), ("reissue", True)]


def test_only_certificates_of_the_post_are_concerned(world: World):
    put(world.register, post("CV-2", title="Bí thư"))
    mine, other, unsaid = hang(world, post="CV-1"), hang(world, post="CV-2"), hang(world)
    record = happen(world, EventKind.POST_CHANGE).record
    found = {one.hanging.serial for one in proposals(world, record)}
    assert found == {mine, unsaid}
    assert other not in found


def test_only_certificates_on_the_token_are_concerned(world: World):
    mine, unsaid = hang(world, device="T-1"), hang(world)
    record = happen(world, EventKind.DAMAGE).record
    assert {one.hanging.serial for one in proposals(world, record)} == {mine, unsaid}
    put(world.register, device("T-2"))
    assert {one.hanging.serial for one in proposals(world, record)} == {mine}


def test_an_agency_s_own_certificate_is_concerned(world: World):
    seal = hang(world, person=None, agency="UBND-X")
    mine = hang(world, post="CV-1")
    record = happen(world, EventKind.MERGER, to_agency="UBND-Y").record
    found = {(one.hanging.serial, one.form) for one in proposals(world, record)}
    assert found == {(seal, "05"), (seal, "04"), (mine, "05"), (mine, "04")}


def test_an_agency_asks_for_a_token_of_its_own_by_another_form(world: World):
    put(world.register, device("T-2", person=None, agency="UBND-X"))
    hang(world, person=None, agency="UBND-X", device="T-2")
    record = happen(world, EventKind.LOSS, device="T-2").record
    assert [one.form for one in proposals(world, record)] == ["05", "05", "02"]


def test_what_was_over_before_or_came_after_is_not_concerned(world: World):
    revoked = hang(world)
    world.issuing.revoke(revoked, parse_reason("superseded"))
    record = happen(world, EventKind.LEAVING, NOW.date() + timedelta(days=2)).record
    assert proposals(world, record) == ()
    world.clock.advance(timedelta(seconds=5))  # type: ignore[attr-defined]
    hang(world)
    assert proposals(world, record) == ()
    far = happen(world, EventKind.DEATH, NOW.date() + timedelta(days=9000)).record
    hang(world)
    assert proposals(world, replace(far, recorded_at=NOW + timedelta(days=1))) == ()


def test_a_certificate_that_ended_since_is_done(world: World):
    hang(world)
    record = happen(world, EventKind.LEAVING).record
    (one,) = hanging_of(record, world.register, NOW + timedelta(days=9000))
    assert one.status is Status.ENDED
    assert [proposal.done for proposal in propose(record, (one,))] == [True]


def test_a_certificate_that_is_not_made_yet_replaces_none(world: World):
    serial = hang(world, post="CV-1")
    record = happen(world, EventKind.POST_CHANGE).record
    issued = world.register.find_certificate("issuing", serial)
    assert issued is not None
    reserved = replace(issued, serial=7, state=CertificateState.RESERVED, der=None)
    world.register.commit([Reserve(replace(reserved, fingerprint=None))], EVENT)
    put(world.register, Assignment(**first(), issuer="issuing", serial=7, person="NV-1"))
    assert asked(world, record) == [("revoke", False), ("reissue", False)]


@pytest.mark.parametrize("kind", [RequestKind.NEW, RequestKind.CHANGE, RequestKind.RENEW], ids=str)
def test_a_request_that_is_done_replaces(world: World, kind: RequestKind):
    serial = hang(world, post="CV-1")
    record = happen(world, EventKind.POST_CHANGE).record
    of = None if kind is RequestKind.NEW else serial
    told = submitted("R-9", kind=kind, serial=of, person="NV-1", post=None, agency=None)
    running = (MoveRequest(move(RequestState.RUNNING, 2, "R-9")),)
    world.register.commit([told], EVENT)
    world.register.commit(running, EVENT)
    assert asked(world, record) == [("revoke", False), ("reissue", False)]
    world.register.commit([MoveRequest(move(RequestState.DONE, 3, "R-9"))], EVENT)
    replaced = kind is not RequestKind.RENEW
    assert asked(world, record) == [("revoke", False), ("reissue", replaced)]
    sooner = replace(record, recorded_at=NOW + timedelta(seconds=9))
    assert asked(world, sooner)[1] == ("reissue", False)


def watch(world: World, fingerprint: str, serial: int, **told: Any) -> None:
    """Follow another authority's certificate."""
    begins, ends = NOW - timedelta(days=999), NOW + timedelta(days=300)
    begins, ends = told.pop("begins", begins), told.pop("ends", ends)
    text = ("CN=Tỉnh khác", "CN=Người khác")
    record = ForeignCertificate(fingerprint, "e0", serial, *text, begins, ends, b"x", "v", NOW)
    known = {"name": "Nguyễn Văn Mẫu", "unit": "Phòng", "organization": "Tỉnh", **told}
    subject = WatchedSubject(fingerprint, HolderKind.PERSON, Purpose.SIGN, ends, **known)
    world.register.commit([Watch(record, subject)], EVENT)


def test_another_authority_is_asked(world: World):
    put(world.register, person("NV-2", email="hai@example.vn"))
    watch(world, "f1", 1, citizen_number=NUMBER)
    watch(world, "f2", 2, staff_code="nv-1")
    watch(world, "f3", 3, staff_code="NV-1", citizen_number="001090000002")  # somebody else's
    watch(world, "f4", 4, citizen_number="001090000002")
    watch(world, "f5", 5, citizen_number=NUMBER, begins=NOW + timedelta(days=999))
    watch(world, "f6", 6, citizen_number=NUMBER, ends=NOW - timedelta(days=998))
    watch(world, "f7", 7, email="Hai@example.vn")
    record = happen(world, EventKind.RETIREMENT).record
    found = proposals(world, record)
    assert [(one.hanging.serial, one.own, one.form) for one in found] == [
        (1, False, "05"),
        (2, False, "05"),
    ]
    assert {one.hanging.status for one in found} == {Status.UNKNOWN}
    leaving = happen(world, EventKind.LEAVING, person="NV-2").record
    assert [one.hanging.serial for one in proposals(world, leaving)] == [7]
    revoked = WatchedStatus("f1", WatchedStanding.REVOKED, NOW, "crl", "c0", NOW, "superseded")
    world.register.commit([Follow((revoked,), WatchRound("e0", NOW, NOW, "c0", 1, 0))], EVENT)
    assert [one.done for one in proposals(world, record)] == [True, False]


def test_a_foreign_certificate_hangs_on_somebody(world: World):
    watch(world, "f1", 1)
    hang(world)
    text = ("CN=Tỉnh khác", "CN=Người khác")
    ends = (NOW, NOW + timedelta(days=9))
    bare = ForeignCertificate("f2", "e0", 2, *text, *ends, b"x", "v", NOW)
    world.register.commit([Watch(bare)], EVENT)
    for fingerprint in ("f1", "f2"):
        put(world.register, Assignment(**first(), fingerprint=fingerprint, person="NV-1"))
    record = happen(world, EventKind.DEATH).record
    found = [(one.hanging.serial, one.hanging.person) for one in proposals(world, record)]
    assert found[1:] == [(1, "NV-1"), (None, "NV-1")]
    (told, *_) = proposals(world, record)
    assert told.own


def test_certificates_that_name_an_agency_are_found(world: World):
    watch(world, "f1", 1, unit="UBND xã Mẫu", name="Người lạ")
    watch(world, "f2", 2, organization="UBND xã Mẫu", name="Người lạ")
    watch(world, "f3", 3, unit="UBND xã Khác")
    record = happen(world, EventKind.DISSOLUTION).record
    assert [one.hanging.serial for one in proposals(world, record)] == [1, 2]


def test_many_people_are_asked_for_some_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pki.register.watching._AT_ONCE", 1)
    put(world.register, person("NV-2"), post("CV-2", person="NV-2"))
    watch(world, "f1", 1, staff_code="NV-2")
    watch(world, "f2", 2, staff_code="NV-1", citizen_number=NUMBER)
    record = happen(world, EventKind.DISSOLUTION).record
    assert [one.hanging.serial for one in proposals(world, record)] == [1, 2]


def test_a_guard_taken_away_takes_others_certificates_for_hers(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """Were a certificate with another number not left out, a stranger's would be revoked."""
    watch(world, "f3", 3, staff_code="NV-1", citizen_number="001090000002")
    record = happen(world, EventKind.RETIREMENT).record
    assert proposals(world, record) == ()
    monkeypatch.setattr(hanging_module, "_is_another", lambda *_: False)
    assert len(proposals(world, record)) == 1


def test_the_request_of_a_proposal_is_always_the_same(world: World):
    hang(world)
    record = happen(world, EventKind.LOSS).record
    ids = [one.request for one in proposals(world, record)]
    assert ids == [one.request for one in proposals(world, record)]
    assert len(set(ids)) == 3
    assert all(len(one) <= 64 for one in ids)
    assert len(request_id("E" * 32, Asks.REISSUE, "x")) <= 64


def test_events_in_any_order():
    some = settings(max_examples=20, stateful_step_count=12, deadline=None)
    run_state_machine_as_test(Happenings, settings=some)  # type: ignore[no-untyped-call]


@pytest.mark.long
def test_events_in_any_order_on_postgresql(postgres: PostgresServer):
    class OnPostgreSQL(Happenings):
        def new_place(self) -> str:
            return postgres.new_database()

    few = settings(max_examples=8, stateful_step_count=12, deadline=None)
    run_state_machine_as_test(OnPostgreSQL, settings=few)  # type: ignore[no-untyped-call]
