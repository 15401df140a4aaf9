"""A role, a request with its words and steps, and an approval, as rows of the register."""

from __future__ import annotations

from datetime import timedelta

from pki_world import NOW

from pki.records.audit import AuditEvent
from pki.records.requests import (
    ApprovalRecord,
    Approve,
    EndRole,
    GrantRole,
    MoveRequest,
    RequestKind,
    RequestMove,
    RequestRecord,
    RequestState,
    Role,
    RoleGrant,
    Submit,
)
from pki.register.sql import SQLRegister

EVENT = AuditEvent(NOW, "người kiểm thử", "test")


def grant(number: str = "G-1", role: Role = Role.APPROVER, **changed: object) -> RoleGrant:
    values: dict[str, object] = {
        "id": number,
        "fingerprint": "f" * 64,
        "person": "CB002",
        "issuer": None,
        "serial": None,
        "role": role,
        "since": NOW,
        "until": None,
        "granted_by": "account:root",
        "granted_at": NOW,
        **changed,
    }
    return RoleGrant(**values)  # type: ignore[arg-type]


def submitted(number: str = "R-1", content: bytes = b"{}", **changed: object) -> Submit:
    values: dict[str, object] = {
        "id": number,
        "kind": RequestKind.NEW,
        "issuer": "issuing",
        "profile": "official",
        "serial": None,
        "content_sha256": "c" * 64,
        "approvals": 1,
        "person": "CB001",
        "post": "P1",
        "agency": "A1",
        "device": None,
        "requester": "CB009",
        "requester_fingerprint": "e" * 64,
        "submitted_at": NOW,
        **changed,
    }
    record = RequestRecord(**values)  # type: ignore[arg-type]
    return Submit(record, content, move(RequestState.SUBMITTED, 1, number))


def move(state: RequestState, number: int, request: str = "R-1") -> RequestMove:
    return RequestMove(request, number, state, NOW, "person:CB009", b"statement", b"cms")


def approval(request: str = "R-1", person: str = "CB002", fingerprint: str = "f") -> ApprovalRecord:
    end = NOW + timedelta(days=7)
    return ApprovalRecord(request, person, fingerprint * 64, NOW, end, b"statement", b"cms")


def furnish_requests(register: SQLRegister) -> None:
    """Give every table of requests a row."""
    register.commit([GrantRole(grant()), GrantRole(grant("G-2"))], EVENT)
    register.commit([EndRole("G-2", NOW, "account:root")], EVENT)
    register.commit([submitted(), Approve(approval())], EVENT)
    running = MoveRequest(move(RequestState.RUNNING, 2), grants=("G-1",))
    register.commit([running], EVENT)
