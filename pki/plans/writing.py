"""Writes a plan: its lines as they are made, a few at a time, and its head at last.

Lines without a head are nothing: nobody can approve or run them, and they are swept. Every fault
is found before the head is written; with one, there is no plan, unless it was said to leave out
what is faulty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from pki.audit.entry import present
from pki.errors.office import RequestChangedError
from pki.errors.plans import PlanLineError, PlanTwiceError, PlanTwoPlacesError
from pki.errors.tree import InvalidInputError, PKIError, RefusedError
from pki.plans.demands import check_kind, deed_in
from pki.plans.making import Made, Making, PlanFault
from pki.plans.way import PLAN_APPROVALS, needed_for
from pki.profile import Profile
from pki.records.audit import AuditEvent
from pki.records.certificates import serial_text
from pki.records.plans import LINE_KINDS, PlanItem, PlanLine, PlanRegister, SweepLines, WriteLines
from pki.records.requests import CERTIFYING, Case, RequestKind
from pki.requests.canonical import canonical
from pki.requests.concern import check_known, is_kept
from pki.requests.content import Asked, Concerned, Deed
from pki.requests.desk import Desk
from pki.requests.filing import Submission, new_request_id, prepare_submission, submit
from pki.requests.plan_head import Tally

AT_ONCE = 1024
"""Lines that are written in one transaction."""
MAX_FAULTS = 1000
"""Faults that are kept to be shown; all are counted."""
ProfileOf = Callable[[str], Profile]


@dataclass(slots=True)
class Examined:
    """What was found of the lines of a plan that is being made."""

    tally: Tally = field(default_factory=Tally)
    needed: int = PLAN_APPROVALS
    """How many approvals the plan takes: as many as the line that takes most."""
    faults: list[PlanFault] = field(default_factory=list)
    """The first `MAX_FAULTS`."""
    faulty: int = 0
    """How many there are."""


class Examiner:
    """Judges each item by itself and beside those before it."""

    def __init__(self, desk: Desk, profile_of: ProfileOf, now: datetime) -> None:
        self._desk = desk
        self._profile_of = profile_of
        self._now = now
        # Hashes, so that a line takes some octets of memory and not its words.
        self._serials: set[int] = set()
        self._places: dict[int, int] = {}
        self._people = desk.people if desk.people is not None and is_kept(desk.people) else None

    def lines(self, plan: str, made: Iterable[Made], found: Examined) -> Iterator[PlanLine]:
        """Yield those lines that can be planned; what cannot is listed in `found`."""
        for one in made:
            if isinstance(one, PlanFault):
                fault = one
            else:
                line = one.line(plan, found.tally.count + 1)
                try:
                    needed = self._judge(line)
                except (RefusedError, InvalidInputError) as error:
                    about = one.person or (one.serial and serial_text(one.serial)) or one.agency
                    fault = PlanFault(error, one.source, about)
                else:
                    found.needed = max(found.needed, needed)
                    found.tally.add(line)
                    yield line
                    continue
            found.faulty += 1
            if len(found.faults) < MAX_FAULTS:
                found.faults.append(fault)

    def _judge(self, line: PlanLine) -> int:
        item = line.item
        if item.kind not in LINE_KINDS:
            raise PlanLineError(kind=item.kind.value, field="kind")
        told = deed_in(line)
        if canonical(told) != item.deed:
            raise RequestChangedError(request=line.request_id)
        check_kind(item, told)
        concerned = Concerned(item.person, item.post, item.agency, item.device)
        if self._people is not None:
            check_known(item.kind, concerned, self._people, self._now, new=True)
        certifies = item.kind in CERTIFYING
        self._check_once(item, certifies=certifies)
        profile = self._profile_of(item.profile) if certifies else None
        return needed_for(self._desk, profile, line, told.get("replaced_of"))

    def _check_once(self, item: PlanItem, *, certifies: bool) -> None:
        if item.serial is not None:
            key = hash((item.issuer, item.serial))
            if key in self._serials:
                raise PlanTwiceError(serial=serial_text(item.serial))
            self._serials.add(key)
        if certifies and item.person is not None and item.agency is not None:
            place = hash(item.agency)
            if self._places.setdefault(hash(item.person), place) != place:
                raise PlanTwoPlacesError(person=item.person)


def examine(desk: Desk, making: Making, profile_of: ProfileOf) -> Examined:
    """Find what a plan would be, and write nothing.

    Args:
        desk: where rules and registry are.
        making: what is to become a plan.
        profile_of: gives a profile by its name, as it is now.

    Raises:
        PKIError: what is read cannot be read as a whole.
    """
    found = Examined()
    examiner = Examiner(_judging(desk, making), profile_of, desk.clock.now())
    for _ in examiner.lines("-", making.made, found):
        pass
    return found


@dataclass(frozen=True, slots=True)
class Written:
    """Lines that are written, and the head that whoever asks has to sign."""

    submission: Submission | None
    """None where something is faulty: then nothing was written."""
    found: Examined


def new_plan_id(now: datetime) -> str:
    """Return an id that no other plan has."""
    return f"P{new_request_id(now)[1:]}"


def write_plan(  # noqa: PLR0913  where, what, under which id, by whom
    desk: Desk,
    plans: PlanRegister,
    making: Making,
    *,
    plan: str,
    actor: str,
    profile_of: ProfileOf,
    skip_bad: bool = False,
) -> Written:
    """Write the lines of a plan and return its head, to be signed and handed in.

    Args:
        desk: where it is handed in.
        plans: where its lines are.
        making: what is to become a plan.
        plan: the id of the request.
        actor: the account that writes, for the log.
        profile_of: gives a profile by its name, as it is now.
        skip_bad: whether what is faulty is left out, and the rest planned.

    Raises:
        PlanEmptyError: there is nothing to plan.
        RequestFieldError: the id is none.
        PKIError: whatever reading or the register raises. Nothing is left of it.
    """
    if desk.cases.find(plan) is not None:
        raise RequestChangedError(request=plan)
    found, now = Examined(), present(desk.register, desk.clock)
    examiner = Examiner(_judging(desk, making), profile_of, now)
    sweep(desk, plans, plan, actor)
    try:
        lines = examiner.lines(plan, making.made, found)
        while some := tuple(islice(lines, AT_ONCE)):
            facts = (("request", plan), ("first", str(some[0].number)), ("lines", str(len(some))))
            event = AuditEvent(desk.clock.now(), actor, "plan.write", facts)
            desk.register.commit((WriteLines(some),), event)
        if found.faulty and not skip_bad:
            sweep(desk, plans, plan, actor)
            return Written(None, found)
        head = found.tally.head(making.kind, making.title, making.annex)
        asked = _asked(plan, head, found.needed)
        return Written(prepare_submission(asked, desk.clock.now()), found)
    except BaseException:
        sweep(desk, plans, plan, actor)
        raise


def submit_plan(
    desk: Desk, plans: PlanRegister, submission: Submission, cms: bytes, actor: str
) -> Case:
    """Hand a plan in, as any request; where it is refused, nothing is left of it.

    Raises:
        PKIError: as `pki.requests.filing.submit`.
    """
    try:
        return submit(desk, submission, cms)
    except PKIError:
        sweep(desk, plans, submission.asked.id, actor)
        raise


def sweep(desk: Desk, plans: PlanRegister, plan: str, actor: str) -> None:
    """Take out lines that never got a head; nothing where there are none, or a head is there."""
    if desk.cases.find(plan) is not None or not plans.count(plan):
        return
    event = AuditEvent(desk.clock.now(), actor, "plan.sweep", (("request", plan),))
    desk.register.commit((SweepLines(plan),), event)


def _judging(desk: Desk, making: Making) -> Desk:
    return desk if making.registry is None else replace(desk, people=making.registry)


def _asked(plan: str, head: Deed, needed: int) -> Asked:
    return Asked(plan, RequestKind.PLAN, "-", "-", None, head, Concerned(), needed)
