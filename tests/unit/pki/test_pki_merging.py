"""Mergers and moves: who gets another certificate, what is revoked, how the registry changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from pki_office import make_office
from pki_people import DAY, EVENT, after, agency, first, person, post, put
from pki_plans import Planning
from pki_world import NOW, World, new_key

import pki.plans.merging as merging_module
import pki.plans.regroup as regroup_module
from pki.audit.verify import verify_audit
from pki.authority.carry_out import run_statement
from pki.authority.deeds import order_of
from pki.authority.life import hold
from pki.blocked import load_blocked_keys
from pki.errors.certificates import RenewHeldError
from pki.errors.events import EventBeforePostError
from pki.errors.merging import (
    CSRForSeveralError,
    CSRMissingError,
    ElsewherePlannedError,
    MergedSubjectError,
    MergedTwiceError,
    RegistryChangedError,
    RegroupAgenciesError,
    RegroupEmptyError,
    RegroupNotYetError,
)
from pki.errors.registry import (
    AgencyInUseError,
    EntryDayError,
    UnknownAgencyError,
    UnknownPostError,
)
from pki.errors.requests import MalformedRequestError
from pki.plans.making import Making, PlanFault
from pki.plans.merging import Sources, make_regrouping
from pki.plans.regroup import Begun, Foreseen, Regroup, registry_part, registry_steps, regroup_of
from pki.plans.run import run_plan
from pki.plans.writing import submit_plan, write_plan
from pki.profile import load_profile
from pki.reasons import parse_reason
from pki.records.certificates import ForeignCertificate, serial_text
from pki.records.changes import EnterRecord, Watch
from pki.records.events import EventKind, EventQuery
from pki.records.people import Agency, Assignment, Post, PostQuery
from pki.records.plans import PlanItem, PlanKind
from pki.records.requests import RequestKind, RequestState
from pki.requests.concern import check_concerned
from pki.requests.content import Concerned
from pki.requests.permission import Permit
from pki.subject import build_subject

D = date(2026, 3, 1)
LAST = D - timedelta(days=1)
MERGE = Regroup(PlanKind.MERGE, ("A", "B"), "C", D)


class Folder:
    """Requests for keys in memory."""

    def __init__(self, **files: bytes) -> None:
        self.files = files

    def find(self, name: str) -> bytes | None:
        return self.files.get(name)


def csr() -> bytes:
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return request.sign(new_key(), hashes.SHA256()).public_bytes(Encoding.PEM)  # type: ignore[arg-type]


@pytest.fixture
def world(placed_world: World) -> World:
    """Two communes become a third; one official in each, a school below the first."""
    register = placed_world.register
    put(register, agency("T", name="UBND tỉnh Mẫu"))
    for code in "ABC":
        put(register, agency(code, name=f"UBND xã {code}", parent="T"))
    put(register, agency("TR", name="Trường Mẫu", parent="A"))
    for number, place in (("1", "A"), ("2", "B"), ("3", "TR"), ("4", "C")):
        put(register, person(f"NV-{number}"))
        put(register, post(f"CV-{number}", person=f"NV-{number}", agency=place))
    return placed_world


def hang(world: World, who: str, place: str, *more: tuple[str, str], **on: Any) -> str:
    """Issue a certificate that names a place, say on whom it hangs, return its serial."""
    names = (("C", "VN"), ("O", "UBND tỉnh Mẫu"), ("OU", place), ("CN", f"Người {who}"))
    serial = world.issue(subject=build_subject((*names, *more))).serial_number
    told: dict[str, Any] = {"issuer": "issuing", "serial": serial, "person": who, **on}
    put(world.register, Assignment(**{**first(), **told}))
    return serial_text(serial)


def make(world: World, regroup: Regroup = MERGE, *, folder: Folder | None = None, **more: Any):
    sources = Sources(
        register=world.register,
        people=world.register,
        csrs=folder or Folder(),
        profile=load_profile,
        blocked=load_blocked_keys(()),
        now=world.clock.now(),
        **more,
    )
    return make_regrouping(regroup, "Sáp nhập", sources)


def faults_of(making: Making) -> list[tuple[type[Exception], str | None, int | None]]:
    return [
        (type(one.error), one.about, one.line) for one in making.made if isinstance(one, PlanFault)
    ]


def items_of(making: Making) -> list[PlanItem]:
    made = list(making.made)
    assert all(isinstance(one, PlanItem) for one in made), made
    return made  # type: ignore[return-value]


def deed_of(item: PlanItem) -> dict[str, Any]:
    return json.loads(item.deed)  # type: ignore[no-any-return]


def carry(world: World, regroup: Regroup, annex: Mapping[str, object], plan: str = "P-1") -> int:
    """Do what a plan does when it begins; return how many entries changed."""
    begun = Begun("person:NV-9", NOW)
    steps = registry_steps(world.register, plan, regroup.kind, annex, begun)
    if steps:
        world.register.commit_all(steps)
    return sum(isinstance(change, EnterRecord) for step in steps for change in step.changes)


def test_lines_are_judged_by_the_registry_as_it_will_be(world: World):
    register = world.register
    foreseen = Foreseen(register, registry_part(MERGE, register, NOW))
    moved = foreseen.find_entry(Post, "CV-1-C", on=DAY)
    assert moved is not None
    assert moved.agency == "C"
    assert register.find_entry(Post, "CV-1-C") is None
    assert foreseen.find_entry(Post, "CV-4", on=DAY) == register.find_entry(Post, "CV-4")
    assert foreseen.find_entry(Post, "CV-4", on=DAY - timedelta(days=1)) is None
    query = PostQuery(agency="C")
    assert foreseen.find_entries(query) == register.find_entries(query)
    concerned = Concerned("NV-1", "CV-1-C", "C")
    with pytest.raises(UnknownPostError):
        check_concerned(RequestKind.CHANGE, concerned, register, NOW, new=True)
    check_concerned(RequestKind.CHANGE, concerned, foreseen, NOW, new=True)


def test_each_gets_a_certificate_that_names_the_new_commune(world: World):
    one = hang(world, "NV-1", "UBND xã A", post="CV-1")
    two = hang(world, "NV-2", "UBND xã B")
    school = hang(world, "NV-3", "UBND xã A", ("OU", "Trường Mẫu"), post="CV-3")
    hang(world, "NV-4", "UBND xã C", post="CV-4")
    seal = hang(world, "A", "UBND xã A", person=None, agency="A")
    folder = Folder(**{"NV-1": csr(), two: csr(), "NV-3": csr()})
    items = items_of(make(world, folder=folder))
    found = [(item.kind, item.person, item.post, item.agency, item.serial) for item in items]
    assert found == [
        (RequestKind.CHANGE, "NV-1", "CV-1-C", "C", int(one, 16)),
        (RequestKind.CHANGE, "NV-2", None, "C", int(two, 16)),
        (RequestKind.CHANGE, "NV-3", "CV-3", "TR", int(school, 16)),
        (RequestKind.REVOKE, None, None, "A", int(seal, 16)),
    ]
    deed = deed_of(items[0])
    assert ["OU", "UBND xã C"] in deed["subject"]
    assert ["CN", "Người NV-1"] in deed["subject"]
    assert (deed["revokes_replaced"], deed["replaces"], deed["issuer"]) == (True, one, "issuing")
    below = [value for short, value in deed_of(items[2])["subject"] if short == "OU"]
    assert below == ["UBND xã C", "Trường Mẫu"]
    assert deed_of(items[3])["reason"] == "affiliationChanged"
    order = order_of(deed, load_profile("official"), "x", Permit("R", "x", None))  # type: ignore[arg-type]
    assert order.revokes_replaced


def test_what_is_over_or_another_authority_s_is_left_alone(world: World):
    seal = hang(world, "A", "UBND xã A", person=None, agency="A")
    world.issuing.revoke(int(seal, 16), parse_reason("superseded"))
    ends = NOW + timedelta(days=9)
    text = ("CN=Tỉnh khác", "CN=Người khác")
    foreign = ForeignCertificate("f1", "e0", 1, *text, NOW, ends, b"x", "v", NOW)
    world.register.commit([Watch(foreign)], EVENT)
    put(world.register, Assignment(**first(), fingerprint="f1", person="NV-1"))
    put(world.register, after(post("CV-3", person="NV-3", agency="TR"), until=LAST))
    hang(world, "NV-3", "UBND xã A", post="CV-3")
    assert items_of(make(world)) == []


def test_an_agency_does_not_go_on_in_a_part_of_itself(world: World):
    with pytest.raises(AgencyInUseError):
        make(world, Regroup(PlanKind.MERGE, ("A",), "TR", D))


def test_who_has_no_request_for_a_key_is_named(world: World):
    serial = hang(world, "NV-1", "UBND xã A", post="CV-1")
    hang(world, "NV-2", "UBND xã B", post="CV-2")
    making = make(world, folder=Folder(**{"NV-2": csr()}))
    (fault,) = (one for one in making.made if isinstance(one, PlanFault))
    assert (fault.about, fault.line) == ("NV-1", 1)
    assert isinstance(fault.error, CSRMissingError)
    assert fault.error.facts == {"person": "NV-1", "serial": serial}


def test_a_request_that_is_none_is_a_fault_of_its_own(world: World):
    hang(world, "NV-1", "UBND xã A", post="CV-1")
    making = make(world, folder=Folder(**{"NV-1": b"none"}))
    assert faults_of(making) == [(MalformedRequestError, "NV-1", 1)]


def test_several_certificates_take_requests_by_serial(world: World):
    one = hang(world, "NV-1", "UBND xã A", post="CV-1")
    other = hang(world, "NV-1", "UBND xã A", post="CV-1")
    making = make(world, folder=Folder(**{"NV-1": csr()}))
    assert {error for error, *_ in faults_of(making)} == {CSRForSeveralError}
    folder = Folder(**{one: csr(), other: csr()})
    assert len(items_of(make(world, folder=folder))) == 2


def test_who_would_come_from_two_places_is_a_fault(world: World):
    put(world.register, post("CV-9", person="NV-1", agency="B", title="Kế toán"))
    hang(world, "NV-1", "UBND xã A", post="CV-1")
    hang(world, "NV-1", "UBND xã B", post="CV-9")
    making = make(world, folder=Folder(**{"NV-1": csr()}))
    assert faults_of(making) == [(MergedTwiceError, "NV-1", 1)]


def test_an_agency_in_another_open_plan_is_refused(world: World):
    with pytest.raises(ElsewherePlannedError):
        make(world, elsewhere={"B": "P-7"})


def test_a_certificate_that_names_no_such_agency_is_a_fault(world: World):
    hang(world, "NV-1", "UBND xã Khác", post="CV-1")
    hang(world, "NV-3", "Trường Mẫu", post="CV-3")  # below, and its name stays
    making = make(world, folder=Folder(**{"NV-1": csr()}))
    assert faults_of(making) == [(MergedSubjectError, "NV-1", 1)]


def test_what_is_held_or_over_is_not_made_anew(world: World):
    held = hang(world, "NV-1", "UBND xã A", post="CV-1")
    over = hang(world, "NV-2", "UBND xã B", post="CV-2")
    hold(world.issuing, int(held, 16), requester="x")
    world.issuing.revoke(int(over, 16), parse_reason("superseded"))
    making = make(world, folder=Folder(**{"NV-1": csr(), "NV-2": csr()}))
    assert faults_of(making) == [(RenewHeldError, "NV-1", 1)]
    far = replace(MERGE, day=date(2099, 1, 1))
    assert items_of(make(world, far)) == []


def test_settings_stand_in_the_place_of_what_was_there(world: World):
    hang(world, "NV-1", "UBND xã A", ("L", "Xã A"), post="CV-1")
    making = make(world, folder=Folder(**{"NV-1": csr()}), settings=(("L", "Xã C"),))
    (item,) = items_of(making)
    named = [value for short, value in deed_of(item)["subject"] if short == "L"]
    assert named == ["Xã C"]


def test_a_department_comes_to_stand_elsewhere(world: World):
    register = world.register
    put(register, agency("S", name="Sở Khác", parent="T"))
    hang(world, "NV-3", "UBND xã A", ("OU", "Trường Mẫu"), post="CV-3")
    move = Regroup(PlanKind.MOVE, ("TR",), "S", D)
    making = make(world, move, folder=Folder(**{"NV-3": csr()}))
    (item,) = items_of(making)
    assert [value for short, value in deed_of(item)["subject"] if short == "OU"] == [
        *("Sở Khác", "Trường Mẫu"),
    ]
    assert (item.post, item.agency) == ("CV-3", "S")
    assert carry(world, move, making.annex) == 1
    moved = register.find_entry(Agency, "TR")
    assert moved is not None
    assert (moved.parent, moved.effective) == ("S", D)
    assert carry(world, move, making.annex) == 0


def test_a_part_of_an_agency_goes_elsewhere(world: World):
    register = world.register
    put(register, person("NV-5"), person("NV-6"))
    put(register, post("CV-5", person="NV-5", agency="A", unit="Phòng Văn hóa"))
    put(register, post("CV-6", person="NV-6", agency="A", unit="Phòng Kinh tế"))
    hang(world, "NV-5", "UBND xã A", post="CV-5")
    move = Regroup(PlanKind.MOVE, ("A",), "B", D, "Phòng Văn hóa")
    making = make(world, move, folder=Folder(**{"NV-5": csr()}))
    (item,) = items_of(making)
    assert (item.person, item.post) == ("NV-5", "CV-5-B")
    assert carry(world, move, making.annex) == 2
    there = register.find_entry(Post, "CV-5-B")
    assert there is not None
    assert (there.unit, there.agency) == ("Phòng Văn hóa", "B")
    (event,) = register.list_events(EventQuery())
    assert (event.kind, event.post) == (EventKind.POST_CHANGE, "CV-5")
    assert carry(world, move, making.annex) == 0
    with pytest.raises(RegroupEmptyError):
        make(world, replace(move, unit="Phòng không có"))


def test_the_registry_changes_once_with_the_plan(world: World):
    register, making = world.register, make(world)
    assert carry(world, MERGE, making.annex) > 0
    for code in "AB":
        ended = register.find_entry(Agency, code)
        assert ended is not None
        assert (ended.until, ended.successor) == (LAST, "C")
    posts = register.find_entries(PostQuery(agency="C"))
    assert [one.code for one in posts] == ["CV-1-C", "CV-2-C", "CV-4"]
    assert {one.kind for one in register.list_events(EventQuery())} == {EventKind.MERGER}
    assert verify_audit(register) > 0
    newest = register.last_audit_entry()
    assert carry(world, MERGE, making.annex) == 0
    assert register.last_audit_entry() == newest
    assert newest is not None
    assert b'"plan":"P-1"' in newest.content.replace(b" ", b"")


def test_a_registry_that_changed_since_is_refused(world: World):
    making = make(world)
    put(world.register, person("NV-8"), post("CV-8", person="NV-8", agency="A"))
    newest = world.register.last_audit_entry()
    with pytest.raises(RegistryChangedError):
        carry(world, MERGE, making.annex)
    assert world.register.last_audit_entry() == newest
    assert carry(world, MERGE, make(world).annex) > 0


def test_a_guard_taken_away_changes_what_nobody_approved(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    annex = dict(make(world).annex)
    put(world.register, person("NV-8"), post("CV-8", person="NV-8", agency="A"))
    anew = registry_part(MERGE, world.register, NOW).sha256
    monkeypatch.setattr(regroup_module.RegistryPart, "sha256", annex["registry_sha256"])
    assert annex["registry_sha256"] != anew
    assert carry(world, MERGE, annex) > 0


def test_nothing_changes_before_the_day(world: World):
    later = replace(MERGE, day=NOW.date() + timedelta(days=3))
    making = make(world, later)
    with pytest.raises(RegroupNotYetError):
        carry(world, later, making.annex)
    assert world.register.list_events(EventQuery()) == ()


def test_what_was_recorded_by_hand_is_not_recorded_twice(world: World):
    making = make(world)
    carry(world, MERGE, making.annex, plan="P-0")
    assert make(world).annex["registry_sha256"] != making.annex["registry_sha256"]
    assert carry(world, MERGE, make(world).annex) == 0


def test_the_head_says_it_all(world: World):
    for regroup in (MERGE, Regroup(PlanKind.MOVE, ("A",), "B", D, "Phòng")):
        annex = json.loads(json.dumps(regroup.annex("0")))
        assert regroup_of(regroup.kind, annex) == regroup
    with pytest.raises(EntryDayError):
        regroup_of(PlanKind.MERGE, {"from": "A"})
    assert world


@pytest.mark.parametrize(
    ("agencies", "into", "kind"),
    [
        (("A", "A"), "C", PlanKind.MERGE),
        (("A", "C"), "C", PlanKind.MERGE),
        (("A", "B"), "C", PlanKind.MOVE),
        ((), "C", PlanKind.MOVE),
    ],
)
def test_an_agency_is_named_once(agencies: tuple[str, ...], into: str, kind: PlanKind):
    with pytest.raises(RegroupAgenciesError):
        Regroup(kind, agencies, into, D)


def test_what_does_not_fit_is_refused_before_any_line(world: World):
    with pytest.raises(UnknownAgencyError):
        make(world, replace(MERGE, into="none"))
    with pytest.raises(UnknownAgencyError):
        make(world, replace(MERGE, agencies=("none",)))
    with pytest.raises(EventBeforePostError):
        make(world, replace(MERGE, day=DAY))
    put(world.register, after(agency("C", parent="T", name="UBND xã C"), name="UBND xã Mới"))
    hang(world, "NV-1", "UBND xã A", post="CV-1")
    (item,) = items_of(make(world, folder=Folder(**{"NV-1": csr()})))
    assert ["OU", "UBND xã Mới"] in deed_of(item)["subject"]


def test_a_guard_taken_away_plans_who_comes_from_two_places(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """The fault comes of the two agencies alone, not of anything else that would refuse."""
    put(world.register, post("CV-9", person="NV-1", agency="B", title="Kế toán"))
    hang(world, "NV-1", "UBND xã A", post="CV-1")
    one_place = [replace(post(), person="NV-1", agency="A")]
    monkeypatch.setattr(merging_module, "leaving_posts", lambda *_: tuple(one_place))
    assert len(items_of(make(world, folder=Folder(**{"NV-1": csr()})))) == 1


def test_a_plan_changes_the_registry_as_it_begins_or_does_not_begin(tmp_path: Path):
    planning = Planning(make_office(tmp_path))
    office, register = planning.office, planning.office.world.register
    put(register, *(agency(code, name=f"UBND xã {code}") for code in "ABC"))
    annex = MERGE.annex(registry_part(MERGE, register, NOW).sha256)
    making = Making(PlanKind.MERGE, "Sáp nhập", iter([planning.new(1, agency="C")]), annex)
    told = {"plan": "P-1", "actor": "account:clerk", "profile_of": planning.profile}
    written = write_plan(office.desk, planning.plans, making, **told)  # type: ignore[arg-type]
    assert written.submission
    cms = office.sign("clerk", written.submission.statement).cms
    case = submit_plan(office.desk, planning.plans, written.submission, cms, "account:clerk")
    office.approve(case)
    signature = office.sign("officer", run_statement(case, office.now))
    with pytest.raises(RegistryChangedError):
        list(run_plan(planning.running(), "P-1", signature))
    assert office.desk.case("P-1").state is RequestState.SUBMITTED
    running = replace(planning.running(), events=register)
    steps = run_plan(running, "P-1", signature)
    next(steps)
    steps.close()  # broken off once it had begun
    ended = register.find_entry(Agency, "A")
    assert ended is not None
    assert (ended.successor, office.desk.case("P-1").state) == ("C", RequestState.RUNNING)
    *_, last = run_plan(running, "P-1", signature)
    assert (last.ended, office.desk.case("P-1").state) == (1, RequestState.DONE)
    assert len(register.list_events(EventQuery())) == 2
    register.close()
