"""What is recorded of requests, of their approvals, and of who may do what.

A request and its approvals never change. What becomes of a request is a row of its own a step, so
what was true on a day can be asked. People, posts, agencies and devices stand here by their codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Role(StrEnum):
    """What somebody is to an authority; `pki.requests.rights` says what each may do."""

    CLERK = "clerk"
    APPROVER = "approver"
    OFFICER = "officer"
    AUDITOR = "auditor"


class RequestKind(StrEnum):
    """What is asked for."""

    NEW = "new"
    RENEW = "renew"
    """For the same key, or for a new one."""
    CHANGE = "change"
    """Another certificate with other content; the one before it is revoked with it."""
    HOLD = "hold"
    RELEASE = "release"
    REVOKE = "revoke"
    RECOVER = "recover"
    """A token whose PIN is locked; no key of an authority is used."""
    PLAN = "plan"
    """Many deeds at once (`pki.records.plans`)."""


CERTIFYING = (RequestKind.NEW, RequestKind.RENEW, RequestKind.CHANGE)
"""Kinds that end in a certificate."""


class RequestState(StrEnum):
    """How far a request has come."""

    SUBMITTED = "submitted"
    RUNNING = "running"
    """Its serial is reserved: a signature may exist."""
    DONE = "done"
    FAILED = "failed"
    """It ended without a certificate, and is submitted anew if it is still wanted."""
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    UNREVIEWED = "unreviewed"
    """A hold that was made at once; somebody looks at it the next working day."""
    REVIEWED = "reviewed"


MOVES: tuple[tuple[RequestState | None, RequestState], ...] = (
    (None, RequestState.SUBMITTED),
    (None, RequestState.UNREVIEWED),
    (RequestState.SUBMITTED, RequestState.RUNNING),
    (RequestState.SUBMITTED, RequestState.DONE),
    (RequestState.SUBMITTED, RequestState.REJECTED),
    (RequestState.SUBMITTED, RequestState.WITHDRAWN),
    (RequestState.RUNNING, RequestState.DONE),
    (RequestState.RUNNING, RequestState.FAILED),
    (RequestState.RUNNING, RequestState.WITHDRAWN),
    (RequestState.UNREVIEWED, RequestState.REVIEWED),
)
"""Every step there is; the database holds to it as well. What runs is withdrawn where it is a plan
alone: one certificate is made or not, and of many some are not begun."""
OPEN = (RequestState.SUBMITTED, RequestState.RUNNING, RequestState.UNREVIEWED)
"""States in which somebody still has something to do."""


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """A certificate's holder has a role."""

    id: str
    fingerprint: str
    """SHA-256 of the certificate's DER, lower-case hex."""
    person: str
    """Whose certificate it is, by code: two certificates of one person are one person."""
    issuer: str | None
    """The authority of this register that issued it; None for one of another."""
    serial: int | None
    role: Role
    since: datetime
    until: datetime | None
    """The first moment at which it is over; None for until it is ended."""
    granted_by: str
    granted_at: datetime
    ended_at: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Say whether it is in force at a moment."""
        ends = (end for end in (self.until, self.ended_at) if end is not None)
        return self.since <= at and all(at < end for end in ends)


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """What was asked for, by whom; the words of it stand apart (`RequestRegister.content`)."""

    id: str
    kind: RequestKind
    issuer: str
    profile: str
    serial: int | None
    """Of the certificate that it is about; None for a new one."""
    content_sha256: str
    """Of exactly what will be done, lower-case hex: this is approved."""
    approvals: int
    """How many it needs."""
    person: str | None
    post: str | None
    agency: str | None
    device: str | None
    requester: str
    """Code of the person, or the account, that asked."""
    requester_fingerprint: str | None
    """Of the certificate it was asked with; None for a hold that was made at once."""
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class Signature:
    """What somebody signed, and the signature (CMS, DER) over it."""

    statement: bytes
    cms: bytes


@dataclass(frozen=True, slots=True)
class RequestMove:
    """One step of a request."""

    request: str
    number: int
    """Counts from 1."""
    state: RequestState
    at: datetime
    actor: str
    statement: bytes | None = None
    cms: bytes | None = None
    """Of a step that somebody signed."""


@dataclass(frozen=True, slots=True)
class ApprovalRecord:
    """Somebody approved exactly what will be done."""

    request: str
    person: str
    fingerprint: str
    at: datetime
    expires_at: datetime
    statement: bytes
    cms: bytes


@dataclass(frozen=True, slots=True)
class Case:
    """A request and how far it has come."""

    record: RequestRecord
    state: RequestState
    moves: int
    """How many steps it took."""
    moved_at: datetime
    approved: int = 0
    """How many approvals were given, in force or not."""


@dataclass(frozen=True, slots=True)
class CaseQuery:
    """Which requests to find; what is None does not narrow."""

    states: tuple[RequestState, ...] | None = None
    kind: RequestKind | None = None
    person: str | None = None
    agency: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class GrantRole:
    """Somebody has a role from now, or from a moment to come."""

    record: RoleGrant


@dataclass(frozen=True, slots=True)
class EndRole:
    """A role is over, for good."""

    grant: str
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class Submit:
    """A request, exactly what will be done, and its first step."""

    record: RequestRecord
    content: bytes
    move: RequestMove


@dataclass(frozen=True, slots=True)
class Approve:
    """An approval of a request that is submitted and not under way."""

    record: ApprovalRecord


@dataclass(frozen=True, slots=True)
class MoveRequest:
    """The next step of a request."""

    move: RequestMove
    grants: tuple[str, ...] = ()
    """Roles that must be in force still: of those whose approvals it relies on."""


RequestChange = GrantRole | EndRole | Submit | Approve | MoveRequest


class RequestRegister(Protocol):
    """Where requests are recorded; changes go through `Register.commit`.

    Every method raises `UnavailableError` when the store behind it fails.
    """

    def find(self, request: str) -> Case | None:
        """Return the request of that id."""
        ...

    def list(self, query: CaseQuery) -> tuple[Case, ...]:
        """Return the requests that match, oldest first."""
        ...

    def content(self, request: str) -> bytes:
        """Return exactly what will be done, as canonical JSON; empty where it was erased."""
        ...

    def moves(self, request: str) -> tuple[RequestMove, ...]:
        """Return what became of a request, step by step."""
        ...

    def approvals(self, request: str) -> tuple[ApprovalRecord, ...]:
        """Return the approvals of a request, oldest first."""
        ...

    def grants(self, fingerprint: str | None = None) -> Sequence[RoleGrant]:
        """Return all roles that were ever granted, or those of a certificate, oldest first."""
        ...
