"""Plans go any way, with crashes in the middle of it: each line is done once, if it is approved."""

from __future__ import annotations

import json
import tempfile
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pki_office import make_office
from pki_plans import Planning

from cli.selftest.sandbox import WatchedKey
from pki.audit.verify import verify_audit
from pki.authority import bulk
from pki.errors.tree import PKIError, RefusedError
from pki.plans import run, writing
from pki.records.certificates import CertificateQuery, CertificateRecord, CertificateState
from pki.records.plans import EndState, PlanItem
from pki.records.requests import CERTIFYING, Case, RequestKind, RequestState, Role
from pki.requests import permission, plan_head
from pki.requests.desk import Desk
from pki.requests.permission import Permission, Permit
from pki.requests.rights import Act

IDS = ("P-1", "P-2", "P-3", "P-4")
APPROVERS = ("approver", "second")
KINDS = (
    *(RequestKind.NEW, RequestKind.RENEW, RequestKind.CHANGE),
    *(RequestKind.HOLD, RequestKind.RELEASE, RequestKind.REVOKE),
)
OPEN = (RequestState.SUBMITTED, RequestState.RUNNING)
SEEDS = 4
plans = st.integers(0, len(IDS) - 1)
kinds_of_lines = st.lists(st.sampled_from(KINDS), min_size=3, max_size=8)
CRASHES = (
    *(None, None, None),
    *((when, number) for when in ("before", "after") for number in range(1, 9)),
    *((when, number) for when in ("signature", "close") for number in range(1, 5)),
)
crashes = st.sampled_from(CRASHES)
runs = st.lists(crashes, min_size=1, max_size=3)
are_there = precondition(lambda self: getattr(self, "known", None))


class Crash(BaseException):
    """The process ends here."""


@dataclass
class Known:
    """What is known of one plan."""

    items: list[PlanItem]
    state: RequestState = RequestState.SUBMITTED
    approvals: dict[str, datetime] = field(default_factory=dict)
    """By whom, and when each is over."""
    was_approved: bool = False


class Plans(RuleBasedStateMachine):
    """An office, and what should have come of its plans."""

    @initialize(
        needed=st.sampled_from((1, 1, 2)),
        kinds=kinds_of_lines,
        some=runs,
        stopped=st.sampled_from((None, None, True, False)),
    )
    def begin(
        self,
        needed: int,
        kinds: list[RequestKind],
        some: list[tuple[str, int] | None],
        *,
        stopped: bool | None,
    ) -> None:
        """Open an office; its first plan is run in vain before enough have approved it."""
        self.stack = ExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        for module, name in ((plan_head, "CHUNK"), (run, "CHUNK"), (bulk, "BATCH")):
            self.stack.enter_context(mock.patch.object(module, name, 2))
        self.stack.enter_context(mock.patch.object(writing, "AT_ONCE", 2))
        self.planning = Planning(make_office(Path(folder)))
        self.office = self.planning.office
        self.register = self.office.world.register
        self.stack.callback(self.register.close)
        self.seeds = [self.planning.issue(number).serial for number in range(SEEDS)]
        self.before = {one.serial for one in self.certificates()}
        self.needed = needed
        self.office.rules["official"] = needed if needed > 1 else 0
        self.known: dict[str, Known] = {}
        self.approvers = set(APPROVERS)
        self.people = SEEDS
        self.create(0, kinds, APPROVERS[: needed - 1], None)
        self.run(0, [None], recovers=False)
        self.approve(0, APPROVERS[needed - 1], 20)
        self.run(0, some[1:], recovers=False)
        if stopped is not None:
            self.is_stopped(0, len(some), stopped)
        self.run(0, some[:1], recovers=False)

    # What there is

    def certificates(self) -> tuple[CertificateRecord, ...]:
        return self.register.find_certificates(CertificateQuery(issuer="issuing"))

    def of_plans(self) -> dict[str, CertificateRecord]:
        """Return what came of lines, by its request id; of each line at most one."""
        new = [one for one in self.certificates() if one.serial not in self.before]
        found = {one.request_id or "": one for one in new}
        assert len(found) == len(new)
        return found

    def seen(self) -> object:
        """Return everything that a plan may change."""
        return (
            [(one.serial, one.state) for one in self.certificates()],
            self.register.list_revocations("issuing"),
            {plan: (self.planning.ends(plan), self.state(plan)) for plan in IDS},
        )

    def state(self, plan: str) -> RequestState | None:
        found = self.register.cases.find(plan)
        return None if found is None else found.state

    def is_approved(self, known: Known) -> bool:
        now = self.office.now
        good = [who for who, end in known.approvals.items() if now < end]
        return len(self.approvers.intersection(good)) >= self.needed

    def may_run(self, known: Known) -> bool:
        return known.state in OPEN and self.is_approved(known)

    @contextmanager
    def refused_unless(self, allowed: bool) -> Iterator[None]:
        """Expect that something is refused, and changes nothing, unless it is allowed."""
        if allowed:
            yield
            return
        before = self.seen()
        with pytest.raises(RefusedError):
            yield
        assert self.seen() == before

    @contextmanager
    def crashing(self, crash: tuple[str, int] | None) -> Iterator[None]:
        """Have the process end at a commit, before or after it, or at a signature."""
        kind, left = crash or ("", 0)

        def step(when: str) -> None:
            nonlocal left
            left -= when == kind
            if when == kind and left <= 0:
                raise Crash

        def dying(real: Callable[..., None]) -> Callable[..., None]:
            def commit(*arguments: object) -> None:
                if kind == "after" and left <= 0:  # dead already
                    raise Crash
                step("before")
                real(*arguments)
                step("after")

            return commit

        issuing, key = self.office.world.issuing, WatchedKey()
        key._inner, key.heard = issuing.issuer.key, lambda _: step("signature")  # type: ignore[assignment]
        commit, commit_all = dying(self.register.commit), dying(self.register.commit_all)
        with (
            mock.patch.object(self.register, "commit", commit),
            mock.patch.object(self.register, "commit_all", commit_all),
            mock.patch.object(issuing, "issuer", replace(issuing.issuer, key=key)),
        ):
            yield

    # What is done

    @rule(
        at=plans,
        kinds=kinds_of_lines,
        by=st.sampled_from((APPROVERS, APPROVERS[:1], ())),
        crash=crashes,
    )
    def create(
        self,
        at: int,
        kinds: list[RequestKind],
        by: tuple[str, ...],
        crash: tuple[str, int] | None,
    ) -> None:
        """Hand a plan in, and have it approved where nothing comes between."""
        plan, items = IDS[at], self.items(kinds)
        allowed = plan not in self.known
        with self.refused_unless(allowed):
            try:
                with self.crashing(crash):
                    self.planning.create(items, plan)
            except Crash:
                assert crash
        if allowed and self.state(plan) is not None:
            self.known[plan] = Known(items)
            for who in by:
                self.approves(plan, who, 20)
        assert plan in self.known or crash

    def items(self, kinds: list[RequestKind]) -> list[PlanItem]:
        """Return a line of each kind, about another certificate each while there are some."""
        issued = [one for _, one in sorted(self.of_plans().items()) if one.was_issued]
        about = [self.register.find_certificate("issuing", serial) for serial in self.seeds]
        left = [*issued, *(one for one in about if one is not None)]
        return [self.item(kind, left) for kind in kinds]

    def item(self, kind: RequestKind, left: list[CertificateRecord]) -> PlanItem:
        if kind is RequestKind.NEW or not left:
            self.people += 1
            return self.planning.new(self.people)
        about = left.pop()
        if kind is RequestKind.RENEW:
            return self.planning.renew(about)
        if kind is RequestKind.CHANGE:
            return self.planning.change(about)
        reason = "cessationOfOperation" if kind is RequestKind.REVOKE else None
        return self.planning.status(kind, about, reason)

    def plan(self, at: int) -> tuple[str, Known]:
        """Return one of those that there are."""
        return list(self.known.items())[at % len(self.known)]

    @are_there
    @rule(at=plans, who=st.sampled_from(APPROVERS), days=st.sampled_from((1, 20)))
    def approve(self, at: int, who: str, days: int) -> None:
        self.approves(self.plan(at)[0], who, days)

    def approves(self, plan: str, who: str, days: int) -> None:
        known = self.known[plan]
        open_still = known.state is RequestState.SUBMITTED
        allowed = open_still and who in self.approvers and who not in known.approvals
        with self.refused_unless(allowed):
            self.office.approve(self.office.desk.case(plan), who, timedelta(days=days))
        if allowed:
            known.approvals[who] = self.office.now + timedelta(days=days)

    @are_there
    @rule(at=plans, act=st.sampled_from((None, None, Act.WITHDRAW, Act.REJECT)))
    def end(self, at: int, act: Act | None) -> None:
        plan, known = self.plan(at)
        if act is None:  # seldom enough that most plans are run
            return
        withdraws = act is Act.WITHDRAW
        allowed = known.state in (OPEN if withdraws else OPEN[:1])
        with self.refused_unless(allowed):
            case = self.office.desk.case(plan)
            self.office.end(act, case, "clerk" if withdraws else "approver")
        if allowed:
            known.state = RequestState.WITHDRAWN if withdraws else RequestState.REJECTED

    @are_there
    @rule(at=plans, some=runs, recovers=st.booleans())
    def run(self, at: int, some: list[tuple[str, int] | None], recovers: bool) -> None:
        """Run a plan time and again; in between, what was reserved may be given up."""
        plan, known = self.plan(at)
        for crash in some:
            self.run_once(plan, known, crash)
            self.holds()
            if recovers:
                self.recover()
                self.holds()

    def run_once(self, plan: str, known: Known, crash: tuple[str, int] | None) -> None:
        if known.state is RequestState.DONE:
            before = self.seen()
            self.planning.run(plan)
            assert self.seen() == before
            return
        allowed = self.may_run(known)
        with self.refused_unless(allowed), self.crashing(crash if allowed else None):
            broken_off = not self.runs(plan, crash)
        if allowed:
            known.was_approved = True
            self.went(plan, broken_off=broken_off)

    def runs(self, plan: str, crash: tuple[str, int] | None) -> bool:
        """Run a plan and say whether it came to its end."""
        steps, most = self.planning.steps(plan), crash[1] if crash and crash[0] == "close" else None
        try:
            for number, _ in enumerate(steps, 1):
                if number == most:
                    steps.close()  # type: ignore[attr-defined]
                    return False
        except Crash:
            return False
        return True

    def went(self, plan: str, *, broken_off: bool) -> None:
        """Look how far a plan came that might be run."""
        known, state = self.known[plan], self.state(plan)
        assert state in ((*OPEN, RequestState.DONE) if broken_off else (RequestState.DONE,))
        assert state
        known.state = state

    @are_there
    @rule(at=plans, steps=st.integers(1, 4), withdrawn=st.booleans())
    def is_stopped(self, at: int, steps: int, withdrawn: bool) -> None:
        """Have a plan withdrawn, or its approvals end, while it runs."""
        plan, known = self.plan(at)
        if not self.may_run(known):
            return
        known.was_approved, going = True, self.planning.steps(plan)
        for _ in zip(range(steps), going, strict=False):
            pass
        self.went(plan, broken_off=True)
        done = known.state is RequestState.DONE
        if withdrawn:
            self.end(at, Act.WITHDRAW)
        else:
            self.office.later(days=21)
        begun, ends = self.of_plans(), self.planning.ends(plan)
        if done:
            list(going)
        else:
            with pytest.raises(RefusedError):
                list(going)
        assert self.of_plans().keys() == begun.keys()
        more = self.planning.ends(plan).keys() - ends.keys()
        reserved = (number for number in more if not done)
        assert all(f"{plan}.{number}" in begun for number in reserved)
        assert self.state(plan) is known.state

    @rule(days=st.sampled_from((1, 4)))
    def later(self, days: int) -> None:
        self.office.later(days=days)

    @rule(again=st.booleans())
    def second_leaves(self, again: bool) -> None:
        """Somebody approves no more, nor counts what he approved; or does again."""
        if "second" in self.approvers:
            self.office.dismiss("second")
            self.approvers.discard("second")
        elif again:
            self.office.grant("second", Role.APPROVER)
            self.approvers.add("second")

    @rule()
    def recover(self) -> None:
        reserved = {
            one.serial for one in self.certificates() if one.state is CertificateState.RESERVED
        }
        assert {one.serial for one in self.office.issuing.recover_open()} == reserved
        for serial in reserved:
            found = self.register.find_certificate("issuing", serial)
            assert found
            assert found.state is CertificateState.ABANDONED
            assert self.register.find_revocation("issuing", serial)

    # What holds

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "known"):
            self.states_are_known()
            self.every_certificate_is_of_an_approved_line()
            self.whoever_is_revoked_was_to_be()

    def states_are_known(self) -> None:
        for plan in IDS:
            known = self.known.get(plan)
            assert self.state(plan) is (known.state if known else None)
            ends = self.planning.plans.ends(plan, 0, 99)
            lines = set(range(1, len(known.items) + 1)) if known else set()
            assert ends.keys() <= lines
            if known is None or not known.was_approved:
                assert not ends
                continue
            if known.state is RequestState.DONE:
                assert ends.keys() == lines
            self.report_adds_up(plan, known)

    def report_adds_up(self, plan: str, known: Known) -> None:
        ends, report = self.planning.ends(plan), self.planning.plans.report(plan)
        told: Counter[Any] = Counter()
        for one in report:
            told[one.state, one.code] += one.lines
        there = Counter(ends.values())
        left = len(known.items) - len(ends)
        assert told == there + Counter({(None, None): left})
        assert self.planning.plans.ended(plan) == len(ends)

    def every_certificate_is_of_an_approved_line(self) -> None:
        found = self.of_plans()
        serials = [one.serial for one in self.certificates()]
        assert len(serials) == len(set(serials))
        for name in found:
            plan, _, number = name.partition(".")
            item = self.known[plan].items[int(number) - 1]
            assert self.known[plan].was_approved
            assert item.kind in CERTIFYING
        for plan, known in self.known.items():
            ends = self.planning.plans.ends(plan, 0, 99)
            for number, item in enumerate(known.items, 1):
                of_line, end = found.get(f"{plan}.{number}"), ends.get(number)
                certified = of_line is not None and of_line.was_issued
                done = end is not None and end.state is EndState.DONE
                assert certified is (done and item.kind in CERTIFYING)
                if certified and of_line and end:
                    assert end.serial == of_line.serial
                if end and of_line:
                    assert of_line.state is not CertificateState.RESERVED

    def whoever_is_revoked_was_to_be(self) -> None:
        ended = (RequestKind.HOLD, RequestKind.REVOKE, RequestKind.CHANGE)
        meant = {
            item.serial
            for plan, known in self.known.items()
            for number, (state, _) in self.planning.ends(plan).items()
            if state is EndState.DONE and (item := known.items[number - 1]).kind in ended
        }
        given_up = {
            one.serial for one in self.certificates() if one.state is CertificateState.ABANDONED
        }
        revoked = {one.serial for one in self.register.list_revocations("issuing")}
        assert given_up <= revoked <= meant | given_up

    def teardown(self) -> None:
        if not hasattr(self, "stack"):
            return
        with self.stack:
            if hasattr(self, "known"):
                self.told_once()
                self.certified_as_planned()

    def told_once(self) -> None:
        """Find in the log what was done, of each line once."""
        verify_audit(self.register)
        told: Counter[tuple[str, str, str]] = Counter()
        for entry in self.register.audit_entries():
            content = json.loads(entry.content)
            facts = content["facts"]
            if "line" in facts:
                told[content["action"], facts["request"], facts["line"]] += 1
        assert all(count == 1 for count in told.values()), told

    def certified_as_planned(self) -> None:
        for name, one in self.of_plans().items():
            plan, _, number = name.partition(".")
            deed = json.loads(self.known[plan].items[int(number) - 1].deed)
            if one.der:
                key = x509.load_der_x509_certificate(one.der).public_key()
                spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
                assert spki == b64decode(deed["key"])


SOME = settings(max_examples=15, stateful_step_count=10, deadline=None)


def test_a_plan_goes_no_other_way():
    run_state_machine_as_test(Plans, settings=SOME)  # type: ignore[no-untyped-call]


def approvals_not_counted(patch: pytest.MonkeyPatch) -> None:
    def counted(_: Desk, case: Case, permit: Permit, *__: object) -> Permission:
        return Permission(case, permit, (), ())

    patch.setattr(permission, "_counted", counted)


def not_gone_on_with(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(run, "Manner", lambda **_: bulk.USUAL)


def end_not_recorded(patch: pytest.MonkeyPatch) -> None:
    """A change of status is done, and its line has no end in that transaction."""

    def at_once(self: Permission, _: datetime) -> tuple[object, ...]:
        assert self.permit.line
        return ()

    patch.setattr(Permission, "at_once", at_once)


@pytest.mark.parametrize(
    "mutant",
    [approvals_not_counted, not_gone_on_with, end_not_recorded],
    ids=lambda one: one.__name__,
)
def test_the_walk_finds_what_is_missing(monkeypatch: pytest.MonkeyPatch, mutant: Any):
    mutant(monkeypatch)
    some = settings(SOME, derandomize=True, database=None, phases=[Phase.generate])
    with pytest.raises((AssertionError, PKIError, pytest.fail.Exception)):
        run_state_machine_as_test(Plans, settings=some)  # type: ignore[no-untyped-call]
