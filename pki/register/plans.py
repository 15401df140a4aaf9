"""Plans: lines and ends as they are recorded, and how they are found.

Whether a plan is still under way is judged in the transaction that begins a line, as with any
request: who withdraws a plan withdraws every line of it that has no serial yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, insert, select, update

from pki.errors.plans import PlanChangedError
from pki.records.plans import (
    AgencyCount,
    BeginLines,
    EndState,
    PlanChange,
    PlanEnd,
    PlanItem,
    PlanLine,
    SweepLines,
    WriteLines,
)
from pki.records.requests import RequestKind
from pki.register.plan_tables import PLAN_ENDS, PLAN_LINES
from pki.register.prepared import Statements
from pki.register.request_tables import REQUESTS
from pki.register.requests import ASKED_AS, check_plan_runs
from pki.register.transactions import Transactions

_ADD_LINE, _ADD_END = insert(PLAN_LINES), insert(PLAN_ENDS)
_SWEEP = delete(PLAN_LINES).where(PLAN_LINES.c.plan == bindparam("of_plan"))
_OF_PLAN = PLAN_LINES.c.plan == bindparam("of_plan")
_LINES = (
    select(*(PLAN_LINES.c[column.name] for column in PLAN_LINES.columns))
    .where(_OF_PLAN, PLAN_LINES.c.number > bindparam("after"))
    .order_by(PLAN_LINES.c.number)
    .limit(bindparam("most"))
)
_COUNT: Select[Any] = select(func.count()).select_from(PLAN_LINES).where(_OF_PLAN)
_ENDS = select(*(PLAN_ENDS.c[column.name] for column in PLAN_ENDS.columns)).where(
    PLAN_ENDS.c.plan == bindparam("of_plan"),
    PLAN_ENDS.c.number > bindparam("after"),
    PLAN_ENDS.c.number <= bindparam("until"),
)
_ENDED: Select[Any] = (
    select(func.count()).select_from(PLAN_ENDS).where(PLAN_ENDS.c.plan == bindparam("of_plan"))
)
_REPORT = (
    select(PLAN_LINES.c.agency, PLAN_ENDS.c.state, PLAN_ENDS.c.code, func.count().label("lines"))
    .select_from(
        PLAN_LINES.outerjoin(
            PLAN_ENDS,
            (PLAN_ENDS.c.plan == PLAN_LINES.c.plan) & (PLAN_ENDS.c.number == PLAN_LINES.c.number),
        )
    )
    .where(_OF_PLAN)
    .group_by(PLAN_LINES.c.agency, PLAN_ENDS.c.state, PLAN_ENDS.c.code)
)
# Each plan by a look into the index, however many lines it has.
_FIRST = select(PLAN_LINES.c.plan).where(PLAN_LINES.c.number == 1)
_HEADLESS = _FIRST.where(
    ~select(REQUESTS.c.id).where(REQUESTS.c.id == PLAN_LINES.c.plan).exists()
).order_by(PLAN_LINES.c.plan)
_EMPTY = (
    update(PLAN_LINES)
    .where(PLAN_LINES.c.plan == bindparam("of_plan"), PLAN_LINES.c.number == bindparam("of_number"))
    .values(deed=b"")
)


def apply_plan(statements: Statements, change: PlanChange) -> None:
    """Apply one change.

    Raises:
        RequestWithdrawnError: the plan was withdrawn.
        RequestStateError: it is not under way.
        RightMissingError: a role that an approval rests on is over.
        PKIError: as `pki.requests.concern.check_concerned`.
    """
    match change:
        case WriteLines():
            for line in change.lines:
                statements.execute(_ADD_LINE, _values(line))
        case SweepLines():
            statements.execute(_SWEEP, {"of_plan": change.plan})
        case BeginLines():
            check_plan_runs(statements, change)
        case _:
            one = change.record
            values = {
                "plan": one.plan,
                "number": one.number,
                "state": str(one.state),
                "at": one.at,
                "code": one.code,
                "serial": one.serial,
            }
            statements.execute(_ADD_END, values)


def empty_line(statements: Statements, issuer: str, serial: int) -> None:
    """Empty the line that a certificate came of; none where it came of something else."""
    asked = {"of_issuer": issuer, "of_serial": serial}
    request_id = statements.execute(ASKED_AS, asked).scalar()
    plan, _, number = (request_id or "").rpartition(".")
    if plan and number.isascii() and number.isdigit() and len(number) < MOST_DIGITS:
        statements.execute(_EMPTY, {"of_plan": plan, "of_number": int(number)})


MOST_DIGITS = 10
"""Of a line's number, and one more: what both engines hold as a whole number."""


def _values(line: PlanLine) -> dict[str, object]:
    one = line.item
    return {
        "plan": line.plan,
        "number": line.number,
        "kind": one.kind.value,
        "issuer": one.issuer,
        "profile": one.profile,
        "serial": one.serial,
        "person": one.person,
        "post": one.post,
        "agency": one.agency,
        "device": one.device,
        "deed": one.deed,
    }


_KINDS = frozenset(map(str, RequestKind))


class PlanRows:
    """`PlanRegister` over SQL tables."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def lines(self, plan: str, after: int, limit: int) -> tuple[PlanLine, ...]:
        """Return lines in order, from the one numbered `after + 1`.

        Raises:
            PlanChangedError: a row is no line.
        """
        asked = {"of_plan": plan, "after": after, "most": limit}
        return tuple(map(_line, self._transactions.read(_LINES, asked)))

    def count(self, plan: str) -> int:
        """Return how many lines stand under that id, whether or not it has a head."""
        return int(self._transactions.read(_COUNT, {"of_plan": plan})[0][0])

    def ends(self, plan: str, after: int, until: int) -> Mapping[int, PlanEnd]:
        """Return the ends of the lines numbered `after + 1` to `until`, by number."""
        asked = {"of_plan": plan, "after": after, "until": until}
        return {row.number: _end(*row) for row in self._transactions.read(_ENDS, asked)}

    def ended(self, plan: str) -> int:
        """Return how many lines have come to an end."""
        return int(self._transactions.read(_ENDED, {"of_plan": plan})[0][0])

    def report(self, plan: str) -> Sequence[AgencyCount]:
        """Return what became of the lines, by agency."""
        found = self._transactions.read(_REPORT, {"of_plan": plan})
        told = [
            AgencyCount(agency, EndState(state) if state else None, code, int(lines))
            for agency, state, code, lines in found
        ]
        return sorted(told, key=lambda one: (one.agency or "", one.state or "", one.code or ""))

    def headless(self) -> Sequence[str]:
        """Return ids under which lines stand and no head."""
        return [row[0] for row in self._transactions.read(_HEADLESS)]


def _line(row: Any) -> PlanLine:  # noqa: ANN401  a row
    plan, number, kind, issuer, profile, serial, person, post, agency, device, deed = row
    if kind not in _KINDS or not isinstance(deed, bytes):
        raise PlanChangedError(plan=plan)  # the guards take no such row: it was written past them
    item = PlanItem(
        kind=RequestKind(kind),
        issuer=issuer,
        profile=profile,
        serial=serial,
        person=person,
        post=post,
        agency=agency,
        device=device,
        deed=deed,
    )
    return PlanLine(plan, number, item)


def _end(
    plan: str, number: int, state: str, at: datetime, code: str | None, serial: int | None
) -> PlanEnd:
    return PlanEnd(plan, number, EndState(state), at, code, serial)
