"""Plans: written line by line, approved as one, carried out once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from pki_engines import Place
from pki_office import approved_profile, make_office
from pki_plans import RENAMED, Planning, tamper
from pki_request_rows import furnish_requests, move

from pki.authority import bulk
from pki.authority.carry_out import run_statement
from pki.authority.erasure import erase
from pki.errors.office import (
    ApprovalExpiredError,
    ApprovalMismatchError,
    ApprovalsMissingError,
    OwnRequestError,
    RequestChangedError,
    RequestFieldError,
    RequestRunningError,
    RequestUnknownError,
    RequestWithdrawnError,
    RightMissingError,
)
from pki.errors.plans import (
    PlanAloneError,
    PlanChangedError,
    PlanEmptyError,
    PlanLineError,
    PlanUnknownError,
)
from pki.errors.register import RegisterFullError
from pki.plans import run
from pki.plans.writing import submit_plan
from pki.records.audit import AuditEvent
from pki.records.certificates import CertificateState, ErasureReason
from pki.records.plans import EndState, PlanItem
from pki.records.requests import MoveRequest, RequestKind, RequestState, Role
from pki.requests import plan_head
from pki.requests.permission import Permit
from pki.requests.plan_head import CoveredLine
from pki.requests.rights import Act

DONE = (EndState.DONE, None)


@pytest.fixture
def planning(tmp_path: Path) -> Iterator[Planning]:
    made = Planning(make_office(tmp_path))
    yield made
    made.office.world.register.close()


@pytest.fixture
def placed(tmp_path: Path, place: Place) -> Iterator[Planning]:
    made = Planning(make_office(tmp_path, place.url))
    yield made
    made.office.world.register.close()


def test_a_plan_is_carried_out_once(placed: Planning):
    renewed, changed, held, revoked = (placed.issue(number) for number in range(1, 5))
    case = placed.create(
        [
            placed.new(10),
            placed.status(RequestKind.HOLD, held),
            placed.renew(renewed),
            placed.change(changed),
            placed.status(RequestKind.REVOKE, revoked, "cessationOfOperation"),
        ]
    )
    assert (case.state, case.record.kind, case.record.approvals) == (
        RequestState.SUBMITTED,
        RequestKind.PLAN,
        1,
    )
    placed.office.approve(case)
    last = placed.run()
    assert (last.lines, last.ended, last.refused) == (5, 5, 0)
    register = placed.office.world.register
    assert placed.ends() == dict.fromkeys(range(1, 6), DONE)
    assert {name: len(found) for name, found in placed.issued().items()} == {
        "P-1.1": 1,
        "P-1.3": 1,
        "P-1.4": 1,
    }
    reasons = {
        one.serial: register.find_revocation("issuing", one.serial)
        for one in (renewed, changed, held, revoked)
    }
    assert reasons[renewed.serial] is None
    assert [reasons[one.serial].reason for one in (changed, held, revoked)] == [  # type: ignore[union-attr]
        x509.ReasonFlags.affiliation_changed,
        x509.ReasonFlags.certificate_hold,
        x509.ReasonFlags.cessation_of_operation,
    ]
    assert placed.office.desk.case("P-1").state is RequestState.DONE
    assert placed.run().ended == 5
    assert sum(map(len, placed.issued().values())) == 3
    (one,) = placed.issued()["P-1.1"]
    assert one.state is CertificateState.ISSUED
    assert register.needed_approvals("issuing", one.serial) == 1


COPIED = "kind, issuer, profile, serial, person, post, agency, device, deed FROM plan_lines"
TAMPERED = (
    RENAMED.format(2),
    *(
        f"UPDATE plan_lines SET {name} WHERE number = 2"
        for name in ("agency = 'A-9'", "kind = 'change'", "issuer = 'root'", "profile = 'seal'")
    ),
    "DELETE FROM plan_lines WHERE number = 3",
    f"INSERT INTO plan_lines SELECT plan, 4, {COPIED} WHERE number = 3",
    "UPDATE plan_lines SET number = 9 WHERE number = 1",
    "UPDATE plan_lines SET deed = (SELECT deed FROM plan_lines WHERE number = 1) WHERE number = 2",
)


@pytest.mark.parametrize("statement", TAMPERED)
def test_nothing_is_signed_of_a_plan_whose_lines_were_changed(planning: Planning, statement: str):
    planning.approved([planning.new(number) for number in (1, 2, 3)])
    tamper(planning, statement)
    with pytest.raises(PlanChangedError):
        planning.run()
    assert planning.issued() == {}
    assert planning.office.desk.case("P-1").state is RequestState.SUBMITTED


def test_a_line_that_is_changed_while_the_plan_runs_is_not_signed(
    planning: Planning, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(plan_head, "CHUNK", 2)
    monkeypatch.setattr(run, "CHUNK", 2)
    monkeypatch.setattr(bulk, "BATCH", 2)
    planning.approved([planning.new(number) for number in range(1, 13)])
    steps = planning.steps()
    next(steps)
    tamper(planning, RENAMED.format(12))
    with pytest.raises(PlanChangedError):
        list(steps)
    assert "P-1.12" not in planning.issued()
    assert planning.office.desk.case("P-1").state is RequestState.RUNNING


OTHER_HEAD = "(SELECT content FROM request_contents WHERE id = 'P-2')"
RETITLED = "CAST(replace(CAST(content AS TEXT), 'Cấp lại', 'Cấp') AS BLOB)"
HEADS = tuple(
    f"UPDATE request_contents SET content = {one} WHERE id = 'P-1'"
    for one in (RETITLED, OTHER_HEAD)
)


@pytest.mark.parametrize("statement", HEADS)
def test_a_head_that_was_changed_is_no_head(planning: Planning, statement: str):
    planning.approved([planning.new(1)])
    planning.create([planning.new(2)], "P-2")
    tamper(planning, statement)
    with pytest.raises(RequestChangedError):
        planning.run()
    assert planning.issued() == {}


def test_the_approval_of_one_plan_is_none_of_another(planning: Planning):
    planning.approved([planning.new(1)])
    planning.create([planning.new(2)], "P-2")
    with pytest.raises(ApprovalsMissingError):
        planning.run("P-2")
    tamper(planning, "UPDATE request_approvals SET request = 'P-2' WHERE request = 'P-1'")
    with pytest.raises(ApprovalMismatchError):
        planning.run("P-2")
    # and not where the whole head goes with it
    tamper(
        planning,
        "UPDATE requests SET content_sha256 ="
        " (SELECT content_sha256 FROM requests WHERE id = 'P-1') WHERE id = 'P-2'",
    )
    with pytest.raises((RequestChangedError, ApprovalMismatchError)):
        planning.run("P-2")
    assert planning.issued("P-2") == {}


def test_the_approval_of_a_plan_is_none_of_a_certificate(planning: Planning):
    """Nor the other way round: neither way in takes what was approved for the other."""
    office = planning.office
    case = planning.approved([planning.new(1)])
    order = office.order()
    permit = Permit(
        "P-1", "person:officer", office.sign("officer", run_statement(case, office.now))
    )
    with pytest.raises(RequestChangedError):
        office.issuing.certify(replace(order, request_id="P-1", permit=permit))
    with pytest.raises(PlanAloneError):
        office.run(case)
    single = office.approve(office.ask_new(number="R-1"))
    with pytest.raises(PlanUnknownError):
        planning.run("R-1")
    line = CoveredLine(planning.plans.lines("P-1", 0, 1)[0], case.record.content_sha256)
    assert line.approved_for(case)
    assert not line.approved_for(single)
    other = replace(permit, request="R-1", line=line)
    with pytest.raises(PlanChangedError):
        office.issuing.certify(replace(order, request_id="R-1", permit=other))
    assert planning.issued() == {}


def test_a_plan_is_not_done_without_its_approvals(planning: Planning):
    planning.profiles["official"] = approved_profile(2)
    case = planning.create([planning.new(1)])
    assert case.record.approvals == 2
    planning.office.approve(case)
    with pytest.raises(ApprovalsMissingError):
        planning.run()
    planning.office.approve(case, "second")
    with pytest.raises(RightMissingError):
        planning.run(who="approver")
    assert planning.run().ended == 1
    (one,) = planning.issued()["P-1.1"]
    assert planning.office.world.register.needed_approvals("issuing", one.serial) == 2


def test_an_approval_that_ends_stops_the_plan(planning: Planning):
    planning.approved([planning.new(1)])
    planning.office.later(days=8)
    with pytest.raises(ApprovalExpiredError):
        planning.run()
    assert planning.issued() == {}


def test_whose_role_ended_approves_no_more(planning: Planning):
    planning.approved([planning.new(1)])
    planning.office.dismiss("approver")
    with pytest.raises(RightMissingError):
        planning.run()
    assert planning.issued() == {}


def test_who_asked_does_not_approve_a_plan(planning: Planning):
    case = planning.create([planning.new(1)])
    planning.office.grant("clerk", Role.APPROVER)
    with pytest.raises(OwnRequestError):
        planning.office.approve(case, "clerk")


def test_a_plan_that_is_withdrawn_while_it_runs_stops(placed: Planning):
    placed.approved([placed.new(number) for number in range(1, 4)])
    steps = placed.steps()
    next(steps)
    case = placed.office.desk.case("P-1")
    assert case.state is RequestState.RUNNING
    placed.office.end(Act.WITHDRAW, case, "clerk")
    with pytest.raises(RequestWithdrawnError):
        list(steps)
    assert (placed.issued(), placed.ends()) == ({}, {})
    with pytest.raises(RequestWithdrawnError):
        placed.run()


def test_a_single_request_is_not_withdrawn_while_it_runs(placed: Planning):
    register = placed.office.world.register
    furnish_requests(register)
    event = AuditEvent(placed.office.now, "clerk", "test")
    with pytest.raises(RequestRunningError):
        register.commit([MoveRequest(move(RequestState.WITHDRAWN, 3))], event)


def test_what_is_refused_costs_the_others_nothing(planning: Planning):
    first, second, third = (planning.issue(number) for number in (1, 2, 3))
    case = planning.create(
        [
            planning.renew(first),
            planning.new(7),
            planning.change(second),
            planning.status(RequestKind.RELEASE, third),
        ]
    )
    planning.office.approve(case)
    for one in (first, second, third):
        planning.office.world.issuing.revoke(one.serial, x509.ReasonFlags.superseded)
    last = planning.run()
    assert (last.ended, last.refused) == (4, 3)
    assert planning.ends() == {
        1: (EndState.REFUSED, "pki.renew_revoked"),
        2: DONE,
        3: (EndState.REFUSED, "pki.renew_revoked"),
        4: (EndState.REFUSED, "pki.revocation_final"),
    }
    told = [(one.agency, one.state, one.code, one.lines) for one in planning.plans.report("P-1")]
    assert told == [
        ("A-1", EndState.DONE, None, 1),
        ("A-2", EndState.REFUSED, "pki.renew_revoked", 2),
        ("A-3", EndState.REFUSED, "pki.revocation_final", 1),
    ]
    assert planning.run().ended == 4


_NEW, _RENEW, _CHANGE, _HOLD = "new", "renew", "change", "hold"
BAD: tuple[tuple[str, dict[str, object], type[Exception]], ...] = (
    (_NEW, {"deed": b"{}"}, PlanLineError),
    (_NEW, {"deed": b"no"}, RequestChangedError),
    (_NEW, {"deed": b"[]"}, RequestChangedError),
    (_NEW, {"deed": b'{"a": 1}'}, RequestChangedError),
    (_NEW, {"deed": b"[" * 60000}, RequestChangedError),
    (_NEW, {"deed": b'{"a":"' + b"a" * 70000 + b'"}'}, RequestChangedError),
    (_NEW, {"kind": RequestKind.RECOVER}, PlanLineError),
    (_NEW, {"kind": RequestKind.RENEW}, PlanLineError),
    (_NEW, {"issuer": "root"}, PlanLineError),
    (_NEW, {"serial": 5}, PlanLineError),
    (_RENEW, {"serial": 5}, PlanLineError),
    (_RENEW, {"kind": RequestKind.CHANGE}, PlanLineError),
    (_CHANGE, {"kind": RequestKind.RENEW}, PlanLineError),
    (_HOLD, {"kind": RequestKind.REVOKE}, PlanLineError),
    (_NEW, {"person": "không"}, RequestFieldError),
)


@pytest.mark.parametrize(("kind", "changed", "error"), BAD, ids=map(str, range(len(BAD))))
def test_a_line_is_what_its_kind_says(
    planning: Planning, kind: str, changed: dict[str, Any], error: type[Exception]
):
    one = planning.issue(1)
    good = {
        "new": lambda: planning.new(1),
        "renew": lambda: planning.renew(one),
        "change": lambda: planning.change(one),
        "hold": lambda: planning.status(RequestKind.HOLD, one),
    }[kind]()
    bad = replace(good, **changed)
    found = planning.write([bad, planning.new(2)])
    assert found.submission is None
    assert [type(fault.error) for fault in found.found.faults] == [error]
    assert planning.plans.count("P-1") == 0
    assert planning.create([bad, planning.new(2)], skip_bad=True)
    assert planning.create([good], "P-2")


def test_nobody_is_planned_twice_or_in_two_places(planning: Planning):
    one = planning.issue(1)
    moved = replace(planning.new(3), person="CB-3", agency="A-2")
    made = [
        *(planning.renew(one), planning.status(RequestKind.HOLD, one)),
        *(replace(planning.new(2), person="CB-3"), moved),
    ]
    found = planning.write(made).found
    assert [fault.error.code for fault in found.faults] == ["pki.plan_twice", "pki.plan_two_places"]


def test_a_plan_without_a_head_is_nothing(placed: Planning):
    written = placed.write([placed.new(1)])
    assert placed.plans.headless() == ["P-1"]
    with pytest.raises(RequestUnknownError):
        placed.office.desk.case("P-1")
    assert placed.create([placed.new(2), placed.new(3)]).record.id == "P-1"  # swept
    assert (placed.plans.count("P-1"), placed.plans.headless()) == (2, [])
    with pytest.raises(RequestChangedError):
        placed.write([placed.new(4)])
    assert written.submission
    cms = placed.office.sign("clerk", written.submission.statement).cms
    with pytest.raises(RequestChangedError):
        submit_plan(placed.office.desk, placed.plans, written.submission, cms, "account:clerk")
    assert placed.plans.count("P-1") == 2


def test_nothing_is_left_where_making_a_plan_fails(planning: Planning):
    def broken() -> Iterator[PlanItem]:
        yield planning.new(1)
        raise RegisterFullError(register="-")

    with pytest.raises(RegisterFullError):
        planning.write(broken())
    with pytest.raises(PlanEmptyError):
        planning.write([])
    written = planning.write([planning.new(1)])
    assert written.submission
    cms = planning.office.sign("approver", written.submission.statement).cms
    with pytest.raises(RightMissingError):
        submit_plan(planning.office.desk, planning.plans, written.submission, cms, "a")
    assert planning.plans.count("P-1") == 0


def test_what_certifies_is_erased_with_its_line(planning: Planning):
    planning.approved([planning.new(1), planning.new(2)])
    planning.run()
    (one,) = planning.issued()["P-1.1"]
    planning.office.later(days=365 * 11)
    register = planning.office.world.register
    erase(
        *(register, planning.office.clock, [one]),
        reason=ErasureReason.RETENTION,
        requester="văn thư",
    )
    first, second = planning.plans.lines("P-1", 0, 9)
    assert first.item.deed == b""
    assert b"2" in second.item.deed
