"""What people do with a request: hand it in, approve, reject, withdraw, review.

Each is signed by whoever does it; what was signed and the signature are kept with the step.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from pki.audit.entry import present
from pki.errors.office import (
    ApprovalMismatchError,
    ApprovalTermError,
    NotRequesterError,
    RequestChangedError,
)
from pki.records.audit import AuditEvent
from pki.records.certificates import serial_text
from pki.records.changes import EnterRecord
from pki.records.requests import (
    ApprovalRecord,
    Approve,
    Case,
    MoveRequest,
    RequestChange,
    RequestMove,
    RequestRecord,
    RequestState,
    Signature,
    Submit,
)
from pki.requests.canonical import digest
from pki.requests.content import Asked
from pki.requests.desk import Acting, Desk
from pki.requests.recovery import recovery_asked, recovery_over, told_of
from pki.requests.rights import Act
from pki.requests.statement import instant, read_statement, write_statement, written

LONGEST_APPROVAL = timedelta(days=30)
USUAL_APPROVAL = timedelta(days=7)
"""Antin's own choice: what was approved is done within days, or looked at again."""
_ENDS = {
    Act.REJECT: (RequestState.REJECTED, "request.reject"),
    Act.WITHDRAW: (RequestState.WITHDRAWN, "request.withdraw"),
    Act.REVIEW: (RequestState.REVIEWED, "request.review"),
}


@dataclass(frozen=True, slots=True)
class Submission:
    """A request before it is signed."""

    asked: Asked
    content: bytes
    statement: bytes


def new_request_id(now: datetime) -> str:
    """Return an id that no other request has: the day, and 40 random bits."""
    return f"R-{now:%Y%m%d}-{secrets.token_hex(5)}"


def prepare_submission(asked: Asked, now: datetime) -> Submission:
    """Return what whoever asks has to sign."""
    content = asked.content()
    statement = write_statement(Act.SUBMIT, now, request=asked.id, content=digest(content))
    return Submission(asked, content, statement)


def statement_on(act: Act, case: Case, now: datetime, **told: str) -> bytes:
    """Return what has to be signed in order to act on a request as it stands."""
    record = case.record
    return write_statement(act, now, request=record.id, content=record.content_sha256, **told)


def approval_of(case: Case, now: datetime, term: timedelta = USUAL_APPROVAL) -> bytes:
    """Return what an approver has to sign; it says until when it is good."""
    return statement_on(Act.APPROVE, case, now, expires=written(now + term))


def submit(desk: Desk, submission: Submission, cms: bytes) -> Case:
    """Hand a request in; handed in again, it is the same one.

    Raises:
        RequestChangedError: something else was asked for under this id.
        PKIError: as `Desk.identify`, and of a statement that is none.
    """
    now, signature = present(desk.register, desk.clock), Signature(submission.statement, cms)
    asked, content_sha256 = submission.asked, digest(submission.content)
    _read(Act.SUBMIT, signature, asked.id, content_sha256, now)
    acting = desk.identify(Act.SUBMIT, signature, now)
    standing = desk.cases.find(asked.id)
    if standing is not None:
        if standing.record.content_sha256 != content_sha256:
            raise RequestChangedError(request=asked.id)
        return standing
    grant = acting.grant
    record = asked.record(content_sha256, grant.person, grant.fingerprint, now)
    move = RequestMove(
        asked.id, 1, RequestState.SUBMITTED, now, acting.actor, signature.statement, cms
    )
    entered = recovery_asked(desk.people, record, now)
    _commit(
        desk,
        (Submit(record, submission.content, move), *entered),
        "request.submit",
        acting,
        record,
        **told_of(entered),
    )
    return desk.case(asked.id)


def approve(desk: Desk, request: str, signature: Signature) -> Case:
    """Approve exactly what will be done, until the approval's own end.

    Raises:
        RequestUnknownError: no such request.
        RequestChangedError: its words are not those that its hash is of.
        ApprovalMismatchError: what was signed speaks of another request or other words.
        ApprovalTermError: it would last longer than `LONGEST_APPROVAL`, or is over.
        OwnRequestError: whoever asked may not.
        AlreadyApprovedError: this person did before.
        RequestStateError: it is done, or came to another end.
        PKIError: as `Desk.identify`.
    """
    now, case = present(desk.register, desk.clock), desk.case(request)
    check_content(desk, case)
    record = case.record
    told = _read(Act.APPROVE, signature, request, record.content_sha256, now)
    expires_at = instant(told.get("expires", ""))
    if not now < expires_at <= now + LONGEST_APPROVAL:
        raise ApprovalTermError(days=LONGEST_APPROVAL.days)
    acting = desk.identify(Act.APPROVE, signature, now)
    desk.check_not_own(case, acting)
    grant = acting.grant
    approval = ApprovalRecord(
        *(request, grant.person, grant.fingerprint, now, expires_at),
        *(signature.statement, signature.cms),
    )
    facts = {"signature": digest(signature.cms), "expires": written(expires_at)}
    _commit(desk, (Approve(approval),), "request.approve", acting, record, **facts)
    return desk.case(request)


def end(desk: Desk, act: Act, request: str, signature: Signature) -> Case:
    """Reject a request, withdraw one's own, or review a hold that was made at once.

    Raises:
        RequestUnknownError: no such request.
        NotRequesterError: another one's request is not withdrawn.
        OwnRequestError: one's own is neither rejected nor reviewed.
        RequestRunningError: it is being carried out.
        RequestWithdrawnError: it was withdrawn.
        RequestStateError: it came to another end.
        PKIError: as `Desk.identify`.
    """
    now, case = present(desk.register, desk.clock), desk.case(request)
    _read(act, signature, request, case.record.content_sha256, now)
    acting = desk.identify(act, signature, now)
    if act is not Act.WITHDRAW:
        desk.check_not_own(case, acting)
    elif acting.grant.person != case.record.requester:
        raise NotRequesterError(request=request)
    state, action = _ENDS[act]
    move = RequestMove(
        *(request, case.moves + 1, state, now, acting.actor),
        *(signature.statement, signature.cms),
    )
    entered = recovery_over(desk.people, case.record, now)
    facts = {"signature": digest(signature.cms), **told_of(entered)}
    _commit(desk, (MoveRequest(move), *entered), action, acting, case.record, **facts)
    return desk.case(request)


def check_content(desk: Desk, case: Case) -> bytes:
    """Return the words of a request, where they are those that its hash is of.

    Raises:
        RequestChangedError: they are others.
    """
    content = desk.cases.content(case.record.id)
    if digest(content) != case.record.content_sha256:
        raise RequestChangedError(request=case.record.id)
    return content


def check_about(told: dict[str, str], request: str, content_sha256: str) -> None:
    """Refuse a statement about another request, or about other words of it.

    Raises:
        ApprovalMismatchError: it is.
    """
    if (told.get("request"), told.get("content")) != (request, content_sha256):
        raise ApprovalMismatchError(request=request)


def facts_of(record: RequestRecord, **more: str) -> tuple[tuple[str, str], ...]:
    """Return what the audit log says of a request: codes and hashes."""
    told = {"request": record.id, "kind": record.kind.value, "content": record.content_sha256}
    if record.serial is not None:
        told |= {"issuer": record.issuer, "serial": serial_text(record.serial)}
    return tuple({**told, **more}.items())


def _read(
    act: Act, signature: Signature, request: str, content_sha256: str, now: datetime
) -> dict[str, str]:
    told = read_statement(signature.statement, act, now)
    check_about(told, request, content_sha256)
    return told


def _commit(
    desk: Desk,
    changes: tuple[RequestChange | EnterRecord, ...],
    action: str,
    acting: Acting,
    record: RequestRecord,
    **facts: str,
) -> None:
    at = desk.clock.now()
    event = AuditEvent(at, acting.actor, action, facts_of(record, **facts))
    desk.register.commit(changes, event)
