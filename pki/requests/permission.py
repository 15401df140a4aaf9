"""Whether what is about to be done is approved: asked when a key is to sign, and of everybody.

There is one function for what is done directly and for what was requested. It reads what will be
done off the order itself, so nothing can be approved and something else be signed.

1. No approval is needed and none is claimed: nothing to look at.
2. One is needed and no request is named: refused.
3. The request's words are those of its hash, and what will be done is what they say.
4. The request is open, or was broken off while it ran.
5. Each approval is judged again, now: its signature, the status of its certificate, its right, its
   age, that it speaks of these words, and that who approved is not who asked.
6. As many as are needed are left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pki.errors.office import (
    ApprovalExpiredError,
    ApprovalNeededError,
    ApprovalsMissingError,
    RequestChangedError,
    RequestStateError,
    RequestWithdrawnError,
)
from pki.errors.plans import PlanChangedError
from pki.errors.tree import RefusedError
from pki.records.plans import BeginLines, EndLine, EndState, PlanChange, PlanEnd, PlanLine
from pki.records.requests import (
    ApprovalRecord,
    Case,
    MoveRequest,
    RequestChange,
    RequestMove,
    RequestState,
    Signature,
)
from pki.requests.canonical import digest, read_canonical
from pki.requests.concern import Registry
from pki.requests.content import Deed, deed_of, same_deed
from pki.requests.desk import Acting, Desk
from pki.requests.filing import check_about, check_content
from pki.requests.plan_head import CoveredLine
from pki.requests.rights import Act
from pki.requests.statement import instant, read_statement


@dataclass(frozen=True, slots=True)
class Permit:
    """Which request is carried out, and who does so."""

    request: str
    actor: str
    signature: Signature
    """The officer's, over the statement that it is carried out now."""
    line: CoveredLine | None = None
    """Of a plan: which of its lines this is about."""


@dataclass(frozen=True, slots=True)
class Permission:
    """What was found to be approved, for one deed."""

    case: Case
    permit: Permit
    approvals: tuple[ApprovalRecord, ...]
    grants: tuple[str, ...]
    """Roles that the approvals rest on."""
    people: Registry | None = None
    """Where those whom it is for are looked up."""

    @property
    def facts(self) -> dict[str, str]:
        """Return what the audit log says of it, beside what is done."""
        line = self.permit.line
        return {
            "request": self.case.record.id,
            **({} if line is None else {"line": str(line.line.number)}),
            "content": self.case.record.content_sha256,
            "approvals": ",".join(digest(one.cms) for one in self.approvals),
            "run": digest(self.permit.signature.cms),
            "by": self.permit.actor,
        }

    def lines_begin(self, lines: tuple[PlanLine, ...], now: datetime) -> BeginLines:
        """Return what is asked in the transaction that begins lines of a plan."""
        return BeginLines(lines, now, self.grants)

    def running(self, now: datetime) -> tuple[MoveRequest, ...]:
        """Return the step that is taken with the reservation; none where it was taken before."""
        if self.case.state is RequestState.RUNNING:
            return ()
        return (MoveRequest(self._signed(RequestState.RUNNING, now), self.grants),)

    def at_once(self, now: datetime) -> tuple[RequestChange | PlanChange, ...]:
        """Return the step of what is done in one transaction."""
        if self.permit.line is not None:
            line = self.permit.line.line
            done = EndLine(PlanEnd(line.plan, line.number, EndState.DONE, now))
            return (self.lines_begin((line,), now), done)
        return (MoveRequest(self._signed(RequestState.DONE, now), self.grants),)

    def after_running(self, state: RequestState, now: datetime) -> tuple[MoveRequest, ...]:
        """Return the step that ends what ran: done, or failed."""
        ran = self.case.state is RequestState.RUNNING
        number = self.case.moves + (1 if ran else 2)
        request = self.case.record.id
        return (MoveRequest(RequestMove(request, number, state, now, self.permit.actor)),)

    def _signed(self, state: RequestState, now: datetime) -> RequestMove:
        permit, signature = self.permit, self.permit.signature
        number = self.case.moves + 1
        return RequestMove(
            *(permit.request, number, state, now, permit.actor),
            *(signature.statement, signature.cms),
        )


def check_approved(
    desk: Desk | None, deed: Deed, permit: Permit | None, *, needed: int, now: datetime
) -> Permission | None:
    """Return what is approved; None where nothing need be, and nothing is claimed to be.

    Args:
        desk: where requests are; None where there is none, and nothing can be approved.
        deed: what is about to be done.
        permit: which request it follows; None for none.
        needed: how many approvals it takes.
        now: the present.

    Raises:
        ApprovalNeededError: it takes an approved request.
        RequestChangedError: what would be done is not what was approved.
        RequestWithdrawnError: the request was withdrawn.
        RequestStateError: it came to an end.
        ApprovalsMissingError: there are too few.
        PKIError: why an approval does not count any more, where too few are left.
    """
    if permit is None or desk is None:
        if needed:
            raise ApprovalNeededError(profile=str(deed["profile"]), approvals=needed)
        return None
    case = desk.case(permit.request)
    content = check_content(desk, case)
    if not same_deed(_approved(case, content, permit), deed):
        raise RequestChangedError(request=permit.request)
    if case.state is RequestState.WITHDRAWN:
        raise RequestWithdrawnError(request=permit.request)
    if case.state not in {RequestState.SUBMITTED, RequestState.RUNNING}:
        raise RequestStateError(request=permit.request, state=case.state.value)
    return _counted(desk, case, permit, max(needed, case.record.approvals), now)


def _approved(case: Case, content: bytes, permit: Permit) -> Deed:
    """Return what was approved: what the request says, or a line of the plan that it is."""
    if permit.line is None:
        return deed_of(content, permit.request)
    if not permit.line.approved_for(case):
        raise PlanChangedError(plan=permit.request)
    return read_canonical(permit.line.line.item.deed) or {}


def _counted(desk: Desk, case: Case, permit: Permit, needed: int, now: datetime) -> Permission:
    good: list[tuple[ApprovalRecord, Acting]] = []
    refusals: list[RefusedError] = []
    for approval in desk.cases.approvals(permit.request):
        try:
            good.append((approval, _judged(desk, case, approval, now)))
        except RefusedError as refusal:
            refusals.append(refusal)
    people = {acting.grant.person for _, acting in good}
    if len(people) >= needed:
        grants = tuple(acting.grant.id for _, acting in good)
        return Permission(case, permit, tuple(one for one, _ in good), grants, desk.people)
    if refusals:
        raise refusals[0]
    raise ApprovalsMissingError(request=permit.request, given=len(people), needed=needed)


def _judged(desk: Desk, case: Case, approval: ApprovalRecord, now: datetime) -> Acting:
    """Judge an approval as if it were given now; who gave it is read off the signature alone."""
    told = read_statement(approval.statement, Act.APPROVE)
    check_about(told, case.record.id, case.record.content_sha256)
    expires_at = instant(told.get("expires", ""))
    if now >= expires_at:
        raise ApprovalExpiredError(
            request=case.record.id, person=approval.person, expired_at=expires_at
        )
    acting = desk.identify(Act.APPROVE, Signature(approval.statement, approval.cms), now)
    desk.check_not_own(case, acting)
    return acting
