"""Does what was requested and approved, by the same functions that do it directly.

What will be done is taken from the request's words; whether that is what was approved is asked by
those functions, of what they are about to do (`pki.authority.approval`). A request that was broken
off is gone on with: its serial and bytes are in the register, and one certificate comes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509

from pki.audit.entry import present
from pki.authority.authority import Authority
from pki.authority.deeds import order_of, recovery_deed
from pki.authority.life import declare_compromise, hold, release
from pki.authority.renewal import Following, rekey, renew
from pki.errors.office import RequestFieldError
from pki.errors.plans import PlanAloneError
from pki.errors.requests import RequestEndedError
from pki.profile import Profile
from pki.reasons import parse_reason
from pki.records.audit import AuditEvent
from pki.records.requests import (
    CERTIFYING,
    Case,
    MoveRequest,
    RequestKind,
    RequestMove,
    RequestState,
    Signature,
)
from pki.requests.content import deed_of
from pki.requests.desk import Desk
from pki.requests.filing import check_about, check_content, facts_of, statement_on
from pki.requests.permission import Permit, check_approved
from pki.requests.recovery import recovery_over, told_of
from pki.requests.rights import Act
from pki.requests.statement import instant, read_statement
from pki.transitions import is_held

RECOVERY_APPROVALS = 1
"""A PIN that is set anew opens a key: nobody does that alone."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a request."""

    case: Case
    certificate: x509.Certificate | None = None
    """Of a request for one."""


def run_statement(case: Case, now: datetime) -> bytes:
    """Return what an officer has to sign in order to have a request carried out."""
    return statement_on(Act.RUN, case, now)


def carry_out(
    authority: Authority,
    desk: Desk,
    request: str,
    signature: Signature,
    *,
    profile: Profile | None = None,
) -> Done:
    """Do what was approved; of what is done already, return what came of it.

    Args:
        authority: whose key signs; with this desk.
        desk: where the request is.
        request: its id.
        signature: an officer's, over `run_statement`.
        profile: of a certificate that is asked for, as it is now.

    Raises:
        RequestFieldError: a certificate is asked for, and no profile is at hand.
        RequestEndedError: it was broken off and given up; it has failed.
        PKIError: any refusal of `pki.requests.permission` and of the authority.
    """
    now, case = present(desk.register, desk.clock), desk.case(request)
    permit = permit_of(desk, case, signature, now)
    if case.record.kind is RequestKind.PLAN:
        raise PlanAloneError(plan=request)
    if case.state is RequestState.DONE:
        return Done(case, _certificate(authority, case))
    deed = deed_of(check_content(desk, case), request)
    if case.record.kind not in CERTIFYING:
        change_as_approved(
            authority,
            case.record.kind,
            case.record.serial or 0,
            deed,
            case.record.requester,
            permit,
        )
        return Done(desk.case(request))
    if profile is None:
        raise RequestFieldError(field="profile")
    try:
        certificate = _certify(authority, case, deed, permit, profile)
    except RequestEndedError:
        _fail(desk, case, permit)
        raise
    return Done(desk.case(request), certificate)


def complete_recovery(desk: Desk, request: str, signature: Signature) -> Case:
    """Record that a locked token was helped, as it was approved; in the registry it is active.

    Raises:
        ConcernedDeviceStateError: it was reported lost meanwhile, or damaged, or given back.
        PKIError: any refusal of `pki.requests.permission`.
    """
    now, case = present(desk.register, desk.clock), desk.case(request)
    permit = permit_of(desk, case, signature, now)
    deed = recovery_deed(case.record.device or "")
    permission = check_approved(desk, deed, permit, needed=RECOVERY_APPROVALS, now=now)
    assert permission is not None  # noqa: S101  a permit was given
    entered = recovery_over(desk.people, case.record, now)
    facts = {**dict(facts_of(case.record)), **permission.facts, **told_of(entered)}
    event = AuditEvent(now, permit.actor, "request.recover", tuple(facts.items()))
    desk.register.commit((*permission.at_once(now), *entered), event)
    return desk.case(request)


def permit_of(desk: Desk, case: Case, signature: Signature, now: datetime) -> Permit:
    """Return who has a request carried out, where that is an officer who says so now.

    Raises:
        ApprovalMismatchError: the signature is over another request.
        PKIError: as `Desk.identify`, and of a statement that is none.
    """
    told = read_statement(signature.statement, Act.RUN, now)
    check_about(told, case.record.id, case.record.content_sha256)
    acting = desk.identify(Act.RUN, signature, now)
    return Permit(case.record.id, acting.actor, signature)


def _certify(
    authority: Authority, case: Case, deed: dict[str, Any], permit: Permit, profile: Profile
) -> x509.Certificate:
    requester = f"person:{case.record.requester}"
    order = order_of(deed, profile, requester, permit)
    if case.record.kind is not RequestKind.RENEW:
        return authority.certify(order)
    of, serial = order.replaced_of, order.replaces or 0
    wanted = Following(serial, profile, requester, of, permit.request, permit)
    if order.longest is not None:
        return renew(authority, wanted)
    return rekey(authority, wanted, order.public_key)


def change_as_approved(
    authority: Authority,
    kind: RequestKind,
    serial: int,
    deed: dict[str, Any],
    requester: str,
    permit: Permit,
) -> None:
    """Hold, release or revoke a certificate as a deed says.

    Raises:
        PKIError: any refusal of `pki.requests.permission` and of the authority.
    """
    requester = f"person:{requester}"
    match kind:
        case RequestKind.HOLD:
            hold(authority, serial, requester=requester, permit=permit)
        case RequestKind.RELEASE:
            release(authority, serial, requester=requester, permit=permit)
        case _:
            reason, date = parse_reason(deed["reason"]), deed["invalidity_date"]
            since = instant(date) if date is not None else None
            standing = authority.register.find_revocation(authority.issuer.name, serial)
            upgraded = reason is x509.ReasonFlags.key_compromise and standing is not None
            if upgraded and not is_held(standing):
                declare_compromise(
                    authority, serial, requester=requester, invalidity_date=since, permit=permit
                )
                return
            authority.revoke(
                serial, reason, requester=requester, invalidity_date=since, permit=permit
            )


def _certificate(authority: Authority, case: Case) -> x509.Certificate | None:
    if case.record.kind not in CERTIFYING:
        return None
    record = authority.register.find_request(authority.issuer.name, case.record.id)
    return x509.load_der_x509_certificate(record.der) if record and record.der else None


def _fail(desk: Desk, case: Case, permit: Permit) -> None:
    if case.state is not RequestState.RUNNING:
        return  # its id was taken by what was asked for directly
    now = desk.clock.now()
    move = RequestMove(case.record.id, case.moves + 1, RequestState.FAILED, now, permit.actor)
    event = AuditEvent(now, permit.actor, "request.fail", facts_of(case.record))
    desk.register.commit((MoveRequest(move),), event)
