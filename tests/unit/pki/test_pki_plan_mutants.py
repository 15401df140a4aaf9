"""Each guard of a plan taken away: the attack that it stands against must then succeed.

The same attack is made twice. With all guards nothing comes of it; without the one, what nobody
approved is done. So the tests of `test_pki_plans` could fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pki_office import make_office
from pki_plans import RENAMED, Planning, tamper
from pki_request_rows import furnish_requests, move

from pki.authority import bulk
from pki.authority.carry_out import run_statement
from pki.authority.deeds import order_of
from pki.errors.tree import RefusedError, UnavailableError
from pki.plans import run
from pki.plans.demands import PlannedDemand, deed_in
from pki.plans.way import PlanWay
from pki.records.audit import AuditEvent
from pki.records.changes import Step
from pki.records.plans import BeginLines
from pki.records.requests import Case, MoveRequest, RequestKind, RequestState, Role
from pki.register import plans, requests
from pki.requests import permission, plan_head
from pki.requests.desk import Desk
from pki.requests.permission import Permission, Permit
from pki.requests.plan_head import Coverage, CoveredLine, Tally, every_line, head_of
from pki.requests.rights import Act

LINES = 12
Attack = Callable[[Planning], bool]
"""Says whether it succeeded."""
Mutant = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture
def offices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Planning]]:
    monkeypatch.setattr(plan_head, "CHUNK", 2)
    monkeypatch.setattr(run, "CHUNK", 2)
    monkeypatch.setattr(bulk, "BATCH", 2)
    made: list[Planning] = []

    def office() -> Planning:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Planning(make_office(folder)))
        return made[-1]

    yield office
    for one in made:
        one.office.world.register.close()


def many(planning: Planning) -> list[Any]:
    return [planning.new(number) for number in range(1, LINES + 1)]


def tried(act: Callable[[], object]) -> None:
    """Do what may be refused: what is asked is what came of it, not who stopped it."""
    with suppress(RefusedError):
        act()


# Attacks


def lines_changed_before(planning: Planning) -> bool:
    planning.approved(many(planning))
    tamper(planning, RENAMED.format(2))
    tried(planning.run)
    return "P-1.2" in planning.issued()


def line_changed_meanwhile(planning: Planning) -> bool:
    planning.approved(many(planning))
    steps = planning.steps()
    next(steps)
    tamper(planning, RENAMED.format(LINES))
    tried(lambda: list(steps))
    return f"P-1.{LINES}" in planning.issued()


def profile_changed(planning: Planning) -> bool:
    """Lasts longer than what was approved."""
    planning.approved([planning.new(1)])
    profile = planning.profile()
    lifetime = profile.lifetime.model_copy(update={"years": profile.lifetime.years + 1})
    planning.profiles["official"] = profile.model_copy(update={"lifetime": lifetime})
    tried(planning.run)
    return bool(planning.issued())


def approval_over_meanwhile(planning: Planning) -> bool:
    planning.approved(many(planning))
    steps = planning.steps()
    next(steps)
    next(steps)  # some are done
    planning.office.later(days=8)
    tried(lambda: list(steps))
    return f"P-1.{LINES}" in planning.issued()


def meanwhile(planning: Planning, act: Callable[[], object]) -> None:
    """Have something done between the last question and the transaction that begins a line."""
    register, waiting = planning.office.world.register, [act]
    commit, commit_all = register.commit, register.commit_all

    def before(changes: Sequence[object]) -> None:
        if waiting and any(isinstance(one, BeginLines) for one in changes):
            waiting.pop()()

    def one(changes: Any, event: AuditEvent) -> None:
        before(changes)
        commit(changes, event)

    def several(steps: Sequence[Step]) -> None:
        before([change for step in steps for change in step.changes])
        commit_all(steps)

    register.commit, register.commit_all = one, several  # type: ignore[method-assign]


def withdrawn_at_that_moment(planning: Planning) -> bool:
    case = planning.approved([planning.new(1)])
    meanwhile(planning, lambda: withdraw(planning, case))
    tried(planning.run)
    return bool(planning.issued())


def withdrawn_at_the_moment_of_a_hold(planning: Planning) -> bool:
    held = planning.issue(1)
    case = planning.approved([planning.status(RequestKind.HOLD, held)])
    meanwhile(planning, lambda: withdraw(planning, case))
    tried(planning.run)
    return planning.office.world.register.find_revocation("issuing", held.serial) is not None


def withdraw(planning: Planning, case: Case) -> None:
    now = planning.office.desk.case(case.record.id)
    assert now.state is RequestState.RUNNING
    planning.office.end(Act.WITHDRAW, now, "clerk")


def dismissed_at_that_moment(planning: Planning) -> bool:
    planning.approved([planning.new(1)])
    meanwhile(planning, lambda: planning.office.dismiss("approver"))
    tried(planning.run)
    return bool(planning.issued())


def own_plan_approved(planning: Planning) -> bool:
    case = planning.create([planning.new(1)])
    planning.office.grant("clerk", Role.APPROVER)
    tried(lambda: planning.office.approve(case, "clerk"))
    tried(planning.run)
    return bool(planning.issued())


def single_request_withdrawn(planning: Planning) -> bool:
    """Past the database's own guard, which stands behind."""
    register = planning.office.world.register
    furnish_requests(register)
    tamper(planning, "SELECT 1")
    tried(lambda: register.commit([WITHDRAWN], event(planning)))
    found = register.cases.find("R-1")
    return found is not None and found.state is RequestState.WITHDRAWN


WITHDRAWN = MoveRequest(move(RequestState.WITHDRAWN, 3))


def event(planning: Planning) -> AuditEvent:
    return AuditEvent(planning.office.now, "clerk", "test")


def not_approved(planning: Planning) -> bool:
    planning.create([planning.new(1)])
    tried(planning.run)
    return bool(planning.issued())


def approved_elsewhere(planning: Planning) -> bool:
    planning.approved([planning.new(1)])
    planning.create([planning.new(2)], "P-2")
    tamper(planning, "UPDATE request_approvals SET request = 'P-2' WHERE request = 'P-1'")
    tried(lambda: planning.run("P-2"))
    return bool(planning.issued("P-2"))


def head_changed(planning: Planning) -> bool:
    planning.approved([planning.new(1)])
    retitled = "CAST(replace(CAST(content AS TEXT), 'Cấp lại', 'Cấp') AS BLOB)"
    tamper(planning, f"UPDATE request_contents SET content = {retitled}")
    tried(planning.run)
    return bool(planning.issued())


def line_of_another_plan(planning: Planning) -> bool:
    """Has an approved plan's approval stand for a line of one that nobody approved."""
    office, case = planning.office, planning.approved([planning.new(1)])
    planning.create([planning.new(2)], "P-2")
    line = CoveredLine(planning.plans.lines("P-2", 0, 1)[0], case.record.content_sha256)
    signature = office.sign("officer", run_statement(case, office.now))
    permit = Permit("P-1", "person:officer", signature, line)
    order = order_of(deed_in(line.line), planning.profile(), "person:clerk", permit)
    tried(lambda: office.issuing.certify(order))
    return bool(planning.office.world.register.find_request("issuing", "P-1"))


# Guards taken away


def lines_not_compared_at_first(patch: pytest.MonkeyPatch) -> None:
    def cover(case: Any, content: bytes, rows: Any) -> Coverage:
        tally = Tally()
        for line in every_line(rows, case.record.id):
            tally.add(line)
        tally.told()
        return Coverage(case, head_of(case, content), tally, rows)

    patch.setattr(run, "cover", cover)


def lines_not_compared_again(patch: pytest.MonkeyPatch) -> None:
    def chunk(self: Coverage, index: int) -> tuple[CoveredLine, ...]:
        lines = self.plans.lines(self.case.record.id, index * 2, 2)
        return tuple(CoveredLine(line, self.case.record.content_sha256) for line in lines)

    patch.setattr(Coverage, "chunk", chunk)


def order_not_compared(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(PlannedDemand, "judged", lambda self, _, profile: self._order(profile))


def approvals_judged_once(patch: pytest.MonkeyPatch) -> None:
    ask = PlanWay.ask
    patch.setattr(PlanWay, "ask", lambda self, some: self._permission or ask(self, some))


def not_asked_in_the_transaction(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(plans, "check_plan_runs", lambda *_: None)


def roles_not_asked_in_the_transaction(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(requests, "_check_grants", lambda *_: None)


def own_request_not_asked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Desk, "check_not_own", lambda *_: None)


def anything_withdrawn(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(requests, "_check_plan", lambda *_: None)


def approvals_not_counted(patch: pytest.MonkeyPatch) -> None:
    def counted(_: Desk, case: Any, permit: Permit, *__: object) -> Permission:
        return Permission(case, permit, (), ())

    patch.setattr(permission, "_counted", counted)


def approvals_of_anything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(permission, "check_about", lambda *_: None)


def head_not_compared(patch: pytest.MonkeyPatch) -> None:
    def content(desk: Desk, case: Any) -> bytes:
        return desk.cases.content(case.record.id)

    patch.setattr(run, "check_content", content)
    patch.setattr(permission, "check_content", content)


def line_of_any_head(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(CoveredLine, "approved_for", lambda *_: True)


MUTANTS: tuple[tuple[Mutant, Attack], ...] = (
    (lines_not_compared_at_first, lines_changed_before),
    (lines_not_compared_again, line_changed_meanwhile),
    (order_not_compared, profile_changed),
    (approvals_judged_once, approval_over_meanwhile),
    (not_asked_in_the_transaction, withdrawn_at_that_moment),
    (not_asked_in_the_transaction, withdrawn_at_the_moment_of_a_hold),
    (roles_not_asked_in_the_transaction, dismissed_at_that_moment),
    (own_request_not_asked, own_plan_approved),
    (anything_withdrawn, single_request_withdrawn),
    (approvals_not_counted, not_approved),
    (approvals_of_anything, approved_elsewhere),
    (head_not_compared, head_changed),
    (line_of_any_head, line_of_another_plan),
)


@pytest.mark.parametrize(
    ("mutant", "attack"), MUTANTS, ids=[attack.__name__ for _, attack in MUTANTS]
)
def test_without_its_guard_an_attack_succeeds(
    offices: Callable[[], Planning],
    monkeypatch: pytest.MonkeyPatch,
    mutant: Mutant,
    attack: Attack,
):
    assert not attack(offices())
    mutant(monkeypatch)
    assert attack(offices())


def test_the_database_too_lets_no_single_request_be_withdrawn(
    offices: Callable[[], Planning], monkeypatch: pytest.MonkeyPatch
):
    planning = offices()
    furnish_requests(planning.office.world.register)
    anything_withdrawn(monkeypatch)
    with pytest.raises(UnavailableError):
        planning.office.world.register.commit([WITHDRAWN], event(planning))
