"""Plans where something changed between the approval and the run, or does not go together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from pki_office import approved_profile, make_office
from pki_people import agency, first, person, put
from pki_plans import Planning, tamper
from pki_world import new_key, someone

from pki.authority import bulk
from pki.authority.carry_out import run_statement
from pki.authority.issuance import Order, sign_record
from pki.authority.life import hold
from pki.blocked import BlockedKeys
from pki.errors.certificates import RenewExpiredError, RenewRevokedError
from pki.errors.issuing import LintFailedError
from pki.errors.office import NoJudgeError, RequestWithdrawnError
from pki.errors.plans import PlanChangedError
from pki.errors.tree import Phrases
from pki.plans import run, writing
from pki.plans.ground import Ground
from pki.plans.items import certificate_item
from pki.plans.making import PlanFault
from pki.plans.reissuing import Source, reissuing
from pki.plans.run import run_plan
from pki.reasons import parse_reason
from pki.records.certificates import CertificateState
from pki.records.people import Assignment
from pki.records.plans import EndState
from pki.records.requests import RequestKind, RequestState
from pki.requests import plan_head
from pki.requests.content import Concerned
from pki.requests.rights import Act
from pki.subject import subject_of

DONE = (EndState.DONE, None)


@pytest.fixture
def planning(tmp_path: Path) -> Iterator[Planning]:
    made = Planning(make_office(tmp_path))
    yield made
    made.office.world.register.close()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two lines at a time, wherever lines are counted."""
    for module, name in ((plan_head, "CHUNK"), (run, "CHUNK"), (bulk, "BATCH")):
        monkeypatch.setattr(module, name, 2)


def refused(planning: Planning) -> dict[int, str | None]:
    return {
        number: code
        for number, (state, code) in planning.ends().items()
        if state is EndState.REFUSED
    }


def test_a_profile_that_changed_since_is_not_what_was_approved(planning: Planning):
    planning.approved([planning.new(1)])
    planning.profiles["official"] = approved_profile()
    assert planning.run().refused == 1
    assert refused(planning) == {1: "pki.request_changed"}
    assert planning.issued() == {}


def test_another_key_is_no_renewal(planning: Planning):
    """What says renewal and names another key would last as long as one, for a key of today."""
    record = planning.issue(1)
    profile = planning.profile()
    certificate = x509.load_der_x509_certificate(record.der or b"")
    order = Order(
        *(new_key().public_key(), profile, subject_of(certificate), ""),
        longest=profile.renewal,
        replaces=record.serial,
        replaced_of=record.issuer,
    )
    odd = certificate_item(order, "issuing", Concerned(agency="A-2"))
    planning.approved([odd, planning.renew(planning.issue(2))])
    planning.run()
    assert refused(planning) == {1: "pki.rekey_same_key"}
    assert planning.ends()[2] == DONE


def test_what_is_held_meanwhile_is_not_changed(planning: Planning):
    held, free = planning.issue(1), planning.issue(2)
    planning.approved([planning.change(held), planning.change(free)])
    hold(planning.office.world.issuing, held.serial, requester="x")
    planning.run()
    assert refused(planning) == {1: "pki.renew_held"}
    assert planning.ends()[2] == DONE


def test_a_batch_that_does_not_go_as_a_whole_is_reserved_line_by_line(planning: Planning):
    key = new_key()
    lines = [
        certificate_item(
            Order(key.public_key(), planning.profile(), someone(CN=name), ""),
            *("issuing", Concerned(agency="A-1")),
        )
        for name in ("Người Một", "Người Hai")
    ]
    planning.approved([*lines, planning.new(3)])
    planning.run()
    (one,) = refused(planning).items()
    assert one[1] == "pki.key_used_elsewhere"
    assert sorted(planning.ends().values(), key=str).count(DONE) == 2


def test_a_plan_that_is_withdrawn_is_not_reserved_line_by_line_either(
    planning: Planning, monkeypatch: pytest.MonkeyPatch
):
    planning.approved([planning.new(1), planning.new(2)])
    steps = planning.steps()
    next(steps)
    judge = run.PlanWay.check

    def withdraw_after(self: Any, demands: Any) -> None:
        judge(self, demands)
        planning.office.end(Act.WITHDRAW, planning.office.desk.case("P-1"), "clerk")

    monkeypatch.setattr(run.PlanWay, "check", withdraw_after)
    with pytest.raises(RequestWithdrawnError):
        list(steps)
    assert planning.issued() == {}


def test_what_the_linter_refuses_is_the_lines_own_end(
    planning: Planning, monkeypatch: pytest.MonkeyPatch
):
    def refuse_first(order: Any, record: Any, signatory: Any) -> Any:
        if record.request_id == "P-1.1":
            raise LintFailedError(findings=Phrases(()))
        return sign_record(order, record, signatory)

    monkeypatch.setattr("pki.authority.bulk_work.sign_record", refuse_first)
    planning.approved([planning.new(1), planning.new(2)])
    planning.run()
    assert planning.ends() == {1: (EndState.REFUSED, "pki.lint_failed"), 2: DONE}
    (given_up,) = planning.issued()["P-1.1"]
    assert given_up.state is CertificateState.ABANDONED


def test_a_line_whose_certificate_is_there_is_done_with_it(planning: Planning):
    """Somebody issued exactly this under the line's own id before: there are not two of it."""
    key, subject = new_key(), someone(CN="Người 1")
    order = Order(key.public_key(), planning.profile(), subject, "person:clerk")
    planning.approved([certificate_item(order, "issuing", Concerned(agency="A-1"))])
    office = planning.office
    there = office.world.issuing.certify(replace(order, request_id="P-1.1"))
    planning.run()
    assert planning.ends() == {1: DONE}
    (only,) = planning.issued()["P-1.1"]
    assert only.serial == there.serial_number


def test_a_line_that_somebody_else_has_begun_is_left_for_later(
    planning: Planning, monkeypatch: pytest.MonkeyPatch
):
    key, subject = new_key(), someone(CN="Người 1")
    order = Order(key.public_key(), planning.profile(), subject, "person:clerk")
    planning.approved(
        [certificate_item(order, "issuing", Concerned(agency="A-1")), planning.new(2)]
    )
    with monkeypatch.context() as patch:
        patch.setattr("pki.authority.issuance.sign_linted", broken)
        with pytest.raises(ZeroDivisionError):
            planning.office.world.issuing.certify(replace(order, request_id="P-1.1"))
    last = planning.run()
    assert (last.ended, last.refused) == (1, 0)
    assert planning.ends() == {2: DONE}
    assert planning.office.desk.case("P-1").state is RequestState.RUNNING
    assert planning.run().ended == 2
    assert planning.office.desk.case("P-1").state is RequestState.DONE
    assert [len(found) for found in planning.issued().values()] == [1, 1]


def broken(*_: object) -> object:
    raise ZeroDivisionError


@pytest.mark.usefixtures("small")
def test_changes_of_status_go_on_where_they_were_broken_off(planning: Planning):
    lines = [planning.status(RequestKind.HOLD, planning.issue(number)) for number in range(1, 6)]
    planning.approved(lines)
    steps = planning.steps()
    next(steps)
    assert next(steps).ended == 2
    steps.close()
    assert len(planning.ends()) == 2
    assert planning.run().ended == 5
    assert planning.ends() == dict.fromkeys(range(1, 6), DONE)


@pytest.mark.usefixtures("small")
def test_a_plan_that_is_withdrawn_changes_no_more(planning: Planning):
    lines = [planning.status(RequestKind.HOLD, planning.issue(number)) for number in range(1, 4)]
    planning.approved(lines)
    steps = planning.steps()
    next(steps)
    next(steps)
    planning.office.end(Act.WITHDRAW, planning.office.desk.case("P-1"), "clerk")
    with pytest.raises(RequestWithdrawnError):
        list(steps)
    assert planning.ends() == {1: DONE, 2: DONE}


def test_without_a_judge_no_plan_runs(planning: Planning):
    case = planning.approved([planning.new(1)])
    running = planning.running()
    running = replace(running, desk=replace(running.desk, judge=None))
    signature = planning.office.sign("officer", run_statement(case, planning.office.now))
    with pytest.raises(NoJudgeError):
        list(run_plan(running, "P-1", signature))
    assert planning.issued() == {}


@pytest.mark.parametrize(
    "changed",
    ["deed = CAST(deed AS TEXT)", "deed = NULL", "deed = 5", "kind = 'conjure'"],
    ids=["text", "nothing", "a number", "no kind"],
)
def test_a_row_that_is_no_line_stops_the_plan(planning: Planning, changed: str):
    planning.approved([planning.new(1)])
    tamper(planning, "ALTER TABLE plan_lines RENAME TO old")
    tamper(planning, "CREATE TABLE plan_lines AS SELECT * FROM old")
    tamper(planning, f"UPDATE plan_lines SET {changed}")
    with pytest.raises(PlanChangedError):
        planning.run()
    assert planning.issued() == {}


def test_of_many_faults_the_first_are_told_and_all_are_counted(
    planning: Planning, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(writing, "MAX_FAULTS", 2)
    bad = [replace(planning.new(number), serial=5) for number in range(3)]
    found = planning.write([*bad, planning.new(9)]).found
    assert (len(found.faults), found.faulty) == (2, 3)


def test_a_plan_has_a_title_and_not_too_many_groups(
    planning: Planning, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(plan_head, "MAX_TITLE", 3)
    with pytest.raises(Exception, match="title"):
        planning.write([planning.new(1)])
    monkeypatch.undo()
    monkeypatch.setattr(plan_head, "MAX_GROUPS", 1)
    record = planning.issue(2)
    with pytest.raises(Exception, match="profile"):
        planning.write([planning.new(1), planning.status(RequestKind.HOLD, record)])


def ground_of(planning: Planning) -> Ground:
    office = planning.office
    return Ground(office.world.register, planning.profile, BlockedKeys(), office.now)


def test_what_may_not_be_followed_is_not_planned(planning: Planning):
    record, revoked = planning.issue(1), planning.issue(2)
    ground = ground_of(planning)
    assert ground.followable(record).serial_number == record.serial
    assert ground.hanging(record) == Concerned()
    register = planning.office.world.register
    told = {"issuer": "issuing", "serial": record.serial, "person": "NV-1"}
    put(register, agency(), person(), Assignment(**first(), **told))
    assert ground.hanging(record) == Concerned(person="NV-1")
    planning.office.world.issuing.revoke(revoked.serial, parse_reason("superseded"))
    with pytest.raises(RenewRevokedError):
        ground.followable(revoked)
    planning.office.later(days=365 * 6)
    with pytest.raises(RenewExpiredError):
        ground_of(planning).followable(record)


def test_a_line_needs_who_issues_and_where_its_request_is(planning: Planning, tmp_path: Path):
    path = tmp_path / "lines.csv"
    path.write_text("kind,csr,cn\nnew,a.csr,Người Một\n", "utf-8")
    ground = ground_of(planning)

    def missing(**more: Any) -> list[object]:
        found = list(reissuing(ground, Source(path, **more)))
        assert all(isinstance(one, PlanFault) for one in found)
        return [one.error.facts["field"] for one in found if isinstance(one, PlanFault)]

    assert missing(profile="official") == ["ca"]
    assert missing(profile="official", ca="issuing") == ["--csr-dir"]
