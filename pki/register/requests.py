"""Requests, approvals and roles: what changes them, and how they are found.

Whether a step follows is judged in the transaction that records it, by the state that stands then:
of two people who withdraw and carry out the same request at one moment, one is too late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Table, and_, bindparam, false, func, insert, literal, or_, select

from pki.errors.office import (
    AlreadyApprovedError,
    RequestRunningError,
    RequestStateError,
    RequestWithdrawnError,
    RightMissingError,
    RoleEndedError,
)
from pki.records.plans import BeginLines
from pki.records.requests import (
    MOVES,
    ApprovalRecord,
    Approve,
    Case,
    CaseQuery,
    EndRole,
    GrantRole,
    RequestChange,
    RequestKind,
    RequestMove,
    RequestRecord,
    RequestState,
    Role,
    RoleGrant,
    Submit,
)
from pki.register.people_reading import WithinWriting
from pki.register.prepared import Statements
from pki.register.request_tables import (
    APPROVALS,
    REQUEST_CONTENTS,
    REQUEST_MOVES,
    REQUESTS,
    ROLE_ENDS,
    ROLE_GRANTS,
)
from pki.register.tables import CERTIFICATES
from pki.register.transactions import Transactions
from pki.requests.concern import check_concerned, check_known, is_kept
from pki.requests.content import Concerned
from pki.requests.rights import Act, words_of


def _columns(table: Table, record: type[Any]) -> list[Any]:
    return [table.c[field.name] for field in fields(record) if field.name in table.c]


_latest = REQUEST_MOVES.alias("latest")
_LAST = (
    select(func.max(REQUEST_MOVES.c.number))
    .where(REQUEST_MOVES.c.request == REQUESTS.c.id)
    .correlate(REQUESTS)
    .scalar_subquery()
)
_GIVEN = (
    select(func.count())
    .select_from(APPROVALS)
    .where(APPROVALS.c.request == REQUESTS.c.id)
    .correlate(REQUESTS)
    .scalar_subquery()
)
_CASES = (
    select(
        *_columns(REQUESTS, RequestRecord),
        _latest.c.state.label("to_state"),
        _latest.c.number.label("to_number"),
        _latest.c.at.label("moved_at"),
        _GIVEN.label("given"),
    )
    .select_from(REQUESTS.join(_latest, _latest.c.request == REQUESTS.c.id))
    .where(_latest.c.number == _LAST)
)
_CASE = _CASES.where(REQUESTS.c.id == bindparam("of_request"))
_CONTENT = select(REQUEST_CONTENTS.c.content).where(
    REQUEST_CONTENTS.c.id == bindparam("of_request")
)
_STEPS = (
    select(*_columns(REQUEST_MOVES, RequestMove))
    .where(REQUEST_MOVES.c.request == bindparam("of_request"))
    .order_by(REQUEST_MOVES.c.number)
)
_GIVEN_TO = (
    select(*_columns(APPROVALS, ApprovalRecord))
    .where(APPROVALS.c.request == bindparam("of_request"))
    .order_by(APPROVALS.c.at, APPROVALS.c.person)
)
_GRANTS = (
    select(*_columns(ROLE_GRANTS, RoleGrant), ROLE_ENDS.c.ended_at)
    .select_from(ROLE_GRANTS.outerjoin(ROLE_ENDS, ROLE_ENDS.c.id == ROLE_GRANTS.c.id))
    .order_by(ROLE_GRANTS.c.granted_at, ROLE_GRANTS.c.id)
)
_GRANTS_OF = _GRANTS.where(ROLE_GRANTS.c.fingerprint == bindparam("of_fingerprint"))
_STANDS = (
    select(REQUEST_MOVES.c.state, REQUEST_MOVES.c.number)
    .where(REQUEST_MOVES.c.request == bindparam("of_request"))
    .order_by(REQUEST_MOVES.c.number.desc())
    .limit(1)
)
_NAMED = select(
    *(REQUESTS.c[name] for name in ("kind", "person", "post", "agency", "device"))
).where(REQUESTS.c.id == bindparam("of_request"))
_APPROVED = select(APPROVALS.c.person).where(
    APPROVALS.c.request == bindparam("of_request"),
    or_(
        APPROVALS.c.person == bindparam("of_person"),
        APPROVALS.c.fingerprint == bindparam("of_fingerprint"),
    ),
)
_IN_FORCE = (
    select(ROLE_GRANTS.c.id)
    .select_from(ROLE_GRANTS.outerjoin(ROLE_ENDS, ROLE_ENDS.c.id == ROLE_GRANTS.c.id))
    .where(ROLE_GRANTS.c.id == bindparam("of_grant"), ROLE_ENDS.c.id.is_(None))
)
ASKED_AS = select(CERTIFICATES.c.request_id).where(
    CERTIFICATES.c.issuer == bindparam("of_issuer"), CERTIFICATES.c.serial == bindparam("of_serial")
)
"""The id of the request that a certificate came of, or of the line of a plan."""
NEEDED_APPROVALS = select(func.max(REQUESTS.c.approvals)).where(
    or_(
        and_(REQUESTS.c.id == bindparam("of_request"), REQUESTS.c.issuer == bindparam("of_issuer")),
        and_(
            REQUESTS.c.id == bindparam("of_plan"),
            REQUESTS.c.kind == literal(str(RequestKind.PLAN)),
        ),
    )
)
"""How many approvals a request or a plan took; null where there is none of that id."""
_ADD_GRANT, _ADD_END, _ADD_REQUEST, _ADD_CONTENT, _ADD_MOVE, _ADD_APPROVAL = map(
    insert, (ROLE_GRANTS, ROLE_ENDS, REQUESTS, REQUEST_CONTENTS, REQUEST_MOVES, APPROVALS)
)


def apply_request(statements: Statements, change: RequestChange) -> None:
    """Apply one change.

    Raises:
        RequestWithdrawnError: the request was withdrawn.
        RequestRunningError: it is being carried out.
        RequestStateError: the step does not follow from its state.
        AlreadyApprovedError: the person approved it before.
        RightMissingError: a role that an approval rests on is over.
        RoleEndedError: the role is over.
        PKIError: as `pki.requests.concern.check_concerned`.
    """
    match change:
        case GrantRole():
            statements.execute(_ADD_GRANT, _values(change.record, ROLE_GRANTS))
        case EndRole():
            _check_in_force(statements, change.grant, RoleEndedError(grant=change.grant))
            ended = {"id": change.grant, "ended_at": change.at, "ended_by": change.actor}
            statements.execute(_ADD_END, ended)
        case Submit():
            record = change.record
            if change.move.state is RequestState.SUBMITTED:
                _check_concerned(statements, record, change.move.at, new=True)
            statements.execute(_ADD_REQUEST, _values(record, REQUESTS))
            statements.execute(_ADD_CONTENT, {"id": record.id, "content": change.content})
            _move(statements, change.move)
        case Approve():
            _approve(statements, change.record)
        case _:
            _check_grants(statements, change.grants)
            _move(statements, change.move)


def _values(record: RoleGrant | RequestRecord | RequestMove, table: Table) -> dict[str, object]:
    return {
        field.name: str(value) if isinstance(value, Role | RequestKind | RequestState) else value
        for field in fields(record)
        if field.name in table.c
        for value in (getattr(record, field.name),)
    }


def _check_in_force(
    statements: Statements, grant: str, missing: RightMissingError | RoleEndedError
) -> None:
    if statements.execute(_IN_FORCE, {"of_grant": grant}).first() is None:
        raise missing


def _approve(statements: Statements, record: ApprovalRecord) -> None:
    state, _ = _stands(statements, record.request)
    if state is not RequestState.SUBMITTED:
        raise _unfit(record.request, state)
    asked = {
        "of_request": record.request,
        "of_person": record.person,
        "of_fingerprint": record.fingerprint,
    }
    if statements.execute(_APPROVED, asked).first() is not None:
        raise AlreadyApprovedError(request=record.request, person=record.person)
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    statements.execute(_ADD_APPROVAL, values)


def _move(statements: Statements, move: RequestMove) -> None:
    state, number = _stands(statements, move.request)
    if (state, move.state) not in MOVES or move.number != number + 1:
        raise _unfit(move.request, state)
    if (state, move.state) == (RequestState.RUNNING, RequestState.WITHDRAWN):
        _check_plan(statements, move.request)
    if state is RequestState.SUBMITTED and move.state in {RequestState.RUNNING, RequestState.DONE}:
        asked = {"of_request": move.request}
        _check_concerned(statements, statements.execute(_NAMED, asked).first(), move.at, new=False)
    statements.execute(_ADD_MOVE, _values(move, REQUEST_MOVES))


def check_plan_runs(statements: Statements, change: BeginLines) -> None:
    """Refuse to begin a line of what is not a plan under way, or not approved any more.

    Raises:
        PKIError: as `pki.register.plans.apply_plan`.
    """
    plan = change.lines[0].plan
    state, _ = _stands(statements, plan)
    if state is not RequestState.RUNNING:
        raise _unfit(plan, state)
    _check_grants(statements, change.grants)
    within = WithinWriting(statements)
    if is_kept(within):
        for line in change.lines:
            item = line.item
            one = Concerned(item.person, item.post, item.agency, item.device)
            check_known(item.kind, one, within, change.at, new=False)


def _check_plan(statements: Statements, request: str) -> None:
    named = statements.execute(_NAMED, {"of_request": request}).first()
    if named.kind != RequestKind.PLAN:
        raise RequestRunningError(request=request)


def _check_grants(statements: Statements, grants: Sequence[str]) -> None:
    for grant in grants:
        missing = RightMissingError(act=words_of(Act.APPROVE), fingerprint=grant)
        _check_in_force(statements, grant, missing)


def _check_concerned(
    statements: Statements,
    record: Any,  # noqa: ANN401  a record, or a row of its names
    at: datetime,
    *,
    new: bool,
) -> None:
    # What has begun is ended: a signature may exist, whatever became of the person meanwhile.
    within = WithinWriting(statements)
    check_concerned(RequestKind(record.kind), Concerned.of(record), within, at, new=new)


def _stands(statements: Statements, request: str) -> tuple[RequestState | None, int]:
    found = statements.execute(_STANDS, {"of_request": request}).first()
    return (None, 0) if found is None else (RequestState(found.state), found.number)


def _unfit(
    request: str, state: RequestState | None
) -> RequestWithdrawnError | RequestRunningError | RequestStateError:
    if state is RequestState.WITHDRAWN:
        return RequestWithdrawnError(request=request)
    if state is RequestState.RUNNING:
        return RequestRunningError(request=request)
    return RequestStateError(request=request, state=state or "-")


class CaseRows:
    """`RequestRegister` over SQL tables."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def find(self, request: str) -> Case | None:
        """Return the request of that id."""
        found = self._transactions.read(_CASE, {"of_request": request})
        return _case(found[0]) if found else None

    def list(self, query: CaseQuery) -> tuple[Case, ...]:
        """Return the requests that match, oldest first."""
        return tuple(map(_case, self._transactions.read(_narrowed(query))))

    def content(self, request: str) -> bytes:
        """Return exactly what will be done; empty where it was erased, or there is none."""
        found = self._transactions.read(_CONTENT, {"of_request": request})
        return bytes(found[0][0]) if found else b""

    def moves(self, request: str) -> tuple[RequestMove, ...]:
        """Return what became of a request, step by step."""
        found = self._transactions.read(_STEPS, {"of_request": request})
        return tuple(RequestMove(row[0], row[1], RequestState(row[2]), *row[3:]) for row in found)

    def approvals(self, request: str) -> tuple[ApprovalRecord, ...]:
        """Return the approvals of a request, oldest first."""
        found = self._transactions.read(_GIVEN_TO, {"of_request": request})
        return tuple(ApprovalRecord(*row) for row in found)

    def grants(self, fingerprint: str | None = None) -> Sequence[RoleGrant]:
        """Return all roles that were ever granted, or those of a certificate, oldest first."""
        if fingerprint is None:
            found = self._transactions.read(_GRANTS)
        else:
            found = self._transactions.read(_GRANTS_OF, {"of_fingerprint": fingerprint})
        return tuple(map(_grant, found))


def _case(row: Any) -> Case:  # noqa: ANN401  a row
    *told, state, number, moved_at, given = row
    record = RequestRecord(told[0], RequestKind(told[1]), *told[2:])
    return Case(record, RequestState(state), number, moved_at, given)


def _narrowed(query: CaseQuery) -> Select[tuple[Any, ...]]:
    wanted = _CASES.order_by(REQUESTS.c.submitted_at, REQUESTS.c.id)
    if query.states is not None:
        among = (_latest.c.state == str(one) for one in query.states)
        wanted = wanted.where(or_(false(), *among))
    for name, value in (("kind", query.kind), ("person", query.person), ("agency", query.agency)):
        if value is not None:
            wanted = wanted.where(REQUESTS.c[name] == str(value))
    return wanted if query.limit is None else wanted.limit(query.limit)


def _grant(row: Any) -> RoleGrant:  # noqa: ANN401  a row
    told = dict(zip((field.name for field in fields(RoleGrant)), row, strict=True))
    return RoleGrant(**{**told, "role": Role(told["role"])})
