"""Carries a plan out, and goes on with one that was broken off.

1. The lines are those of the head (`pki.requests.plan_head.cover`); the head is approved.
2. The plan is under way: that step is signed by the officer and recorded first. With it the
   registry changes, where agencies are merged or moved.
3. What a crash left reserved is gone on with, under its serial.
4. The groups of lines, one after the other: certificates in bulk, changes of status one by one.
   Before each batch the approvals are judged anew, and each line is compared with the head again.
5. When every line has its end, the plan is done.

A line's end stands in the transaction that does what it says, so it is done once, however often
the plan is run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from pki.audit.entry import present
from pki.authority.authority import Authority
from pki.authority.bulk import Workers, issue_by
from pki.authority.bulk_way import Manner
from pki.authority.bulk_work import OpenKey, Shop
from pki.authority.carry_out import change_as_approved, permit_of
from pki.errors.merging import RegistryChangedError
from pki.errors.tree import InvalidInputError, PKIError, RefusedError
from pki.plans.demands import check_kind, deed_in
from pki.plans.regroup import Begun, registry_steps
from pki.plans.way import PLAN_APPROVALS, PlanWay, ended, is_final
from pki.plans.writing import ProfileOf
from pki.records.audit import AuditEvent
from pki.records.changes import Step
from pki.records.event_register import EventRegister
from pki.records.plans import PlanKind, PlanRegister
from pki.records.requests import Case, RequestState, Signature
from pki.requests.desk import Desk
from pki.requests.filing import check_content, facts_of
from pki.requests.judge import RecentJudge
from pki.requests.permission import Permit, check_approved
from pki.requests.plan_head import CHUNK, Coverage, CoveredLine, Group, cover, group_of, head_of


@dataclass(frozen=True, slots=True)
class Running:
    """What it takes to carry a plan out."""

    desk: Desk
    plans: PlanRegister
    authority_of: Callable[[str], Authority]
    """Opens an authority by its name; asked once for each."""
    profile_of: ProfileOf
    key_of: Callable[[str], OpenKey]
    """What gives a worker the key of the authority of that name."""
    workers: Workers | Sequence[Workers] = ()
    """As of `pki.authority.bulk.issue_in_bulk`."""
    events: EventRegister | None = None
    """Where the registry changes with a plan that regroups agencies; without it none is run."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a plan has come."""

    lines: int
    ended: int
    refused: int
    """In this run."""


def run_plan(running: Running, plan: str, signature: Signature) -> Iterator[Progress]:
    """Do what was approved, and yield how far it has come; what is done already is not done again.

    Args:
        running: with what.
        plan: the request's id.
        signature: an officer's, over `pki.authority.carry_out.run_statement`.

    Raises:
        PlanUnknownError: it is no plan.
        PlanChangedError: its lines are not those that were approved; nothing more is done.
        RegroupNotYetError: of a merger or a move, before its day.
        RegistryChangedError: of one, where the registry would change otherwise than was approved.
        RequestWithdrawnError: it was withdrawn; what was begun is brought to its end.
        PKIError: any other refusal of `pki.requests.permission`; whatever stops an authority.
    """
    desk = running.desk
    if desk.judge is not None:
        desk = replace(desk, judge=RecentJudge(desk.judge))
        running = replace(running, desk=desk)
    now, case = present(desk.register, desk.clock), desk.case(plan)
    head_of(case, desk.cases.content(plan))
    permit = permit_of(desk, case, signature, now)
    if case.state is RequestState.DONE:
        ends = running.plans.ended(plan)
        yield Progress(ends, ends, 0)
        return
    coverage = cover(case, check_content(desk, case), running.plans)
    yield from _Run(running, coverage, permit).course()


@dataclass(slots=True)
class _Run:
    running: Running
    coverage: Coverage
    permit: Permit
    ended: int = 0
    refused: int = 0
    authorities: dict[str, Authority] = field(default_factory=dict)

    @property
    def case(self) -> Case:
        return self.coverage.case

    def course(self) -> Iterator[Progress]:
        """Take the plan the whole way."""
        resumed = self.case.state is RequestState.RUNNING
        self._begin()
        for group in self.coverage.groups:  # each key is opened before anything is done
            self._authority(group[0])
        self.ended = self.running.plans.ended(self.case.record.id)
        yield self._progress()
        for group in self.coverage.groups:
            for _ in self._certify(group, resumed=resumed) if group[1] else self._change(group):
                yield self._progress()
        self._finish()
        yield self._progress()

    def _begin(self) -> None:
        desk, case = self.running.desk, self.case
        now = desk.clock.now()
        permission = check_approved(
            desk, self.coverage.head, self.permit, needed=PLAN_APPROVALS, now=now
        )
        assert permission is not None  # noqa: S101  a permit was given
        moves = permission.running(now)
        action = "plan.run" if moves else "plan.resume"
        facts = tuple({**dict(facts_of(case.record)), **permission.facts}.items())
        event = AuditEvent(now, self.permit.actor, action, facts)
        desk.register.commit_all((Step(moves, event), *self._regrouping(now)))

    def _regrouping(self, now: datetime) -> tuple[Step, ...]:
        """Return what changes in the registry with the plan, in the transaction that begins it."""
        kind, plan = PlanKind(self.coverage.head["for"]), self.case.record.id
        if kind not in {PlanKind.MERGE, PlanKind.MOVE}:
            return ()
        if self.running.events is None:
            raise RegistryChangedError(plan=plan)
        begun = Begun(self.permit.actor, now)
        annex = self.coverage.head["annex"]
        return registry_steps(self.running.events, plan, kind, annex, begun)

    def _finish(self) -> None:
        desk, plan = self.running.desk, self.case.record.id
        now, case = desk.clock.now(), desk.case(plan)
        permission = check_approved(
            desk, self.coverage.head, self.permit, needed=PLAN_APPROVALS, now=now
        )
        assert permission is not None  # noqa: S101  as above
        if self.running.plans.ended(plan) == self.coverage.tally.count:
            event = AuditEvent(now, self.permit.actor, "plan.done", facts_of(case.record))
            desk.register.commit(permission.after_running(RequestState.DONE, now), event)

    def _authority(self, name: str) -> Authority:
        if name not in self.authorities:
            opened = self.running.authority_of(name)
            opened.desk = self.running.desk
            self.authorities[name] = opened
        return self.authorities[name]

    def _progress(self) -> Progress:
        return Progress(self.coverage.tally.count, self.ended, self.refused)

    def _count(self, error: PKIError | None) -> None:
        if error is None or is_final(error):
            self.ended += 1
            self.refused += error is not None

    def _left(self, group: Group) -> Iterator[CoveredLine]:
        plan = self.case.record.id
        for index in range(self.coverage.chunks):
            ends = self.running.plans.ends(plan, index * CHUNK, (index + 1) * CHUNK)
            lines = self.coverage.chunk(index)
            if len(ends) < len(lines):
                for one in lines:
                    if group_of(one.line) == group and one.line.number not in ends:
                        yield one

    def _certify(self, group: Group, *, resumed: bool) -> Iterator[None]:
        authority, desk = self._authority(group[0]), self.running.desk
        profile = self.running.profile_of(group[1] or "")
        way = PlanWay(authority, desk, self.coverage, self.permit, profile)
        shop = Shop.of(authority.issuer, profile, self.running.key_of(group[0]))
        demands = (way.demand(one.line) for one in self._left(group))
        manner = Manner(goes_on=resumed)
        outcomes = issue_by(way, authority, shop, demands, self.running.workers, manner)
        for number, outcome in enumerate(outcomes, 1):
            self._count(outcome.error)
            if number % CHUNK == 0:
                yield

    def _change(self, group: Group) -> Iterator[None]:
        authority, register = self._authority(group[0]), self.running.desk.register
        requester = self.case.record.requester
        for number, one in enumerate(self._left(group), 1):
            line, permit = one.line, replace(self.permit, line=one)
            try:
                told = deed_in(line)
                check_kind(line.item, told)
                change_as_approved(
                    *(authority, line.item.kind, line.item.serial or 0, told, requester, permit)
                )
            except (RefusedError, InvalidInputError) as error:
                if not is_final(error):
                    raise
                now = self.running.desk.clock.now()
                register.commit(*ended(line, now, self.permit.actor, error))
                self._count(error)
            else:
                self._count(None)
            if number % CHUNK == 0:
                yield
