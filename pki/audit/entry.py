"""Entries of the audit log: canonical bytes, read back, and the check that time goes on.

Spec: RFC 9162 §2.1.1 (an entry's bytes are a leaf's data).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from pki.audit.tree import Edge, leaf_hash
from pki.errors import ClockBeforeRecordError
from pki.records import AuditEntry, AuditEvent, Register

_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


def build_entry(event: AuditEvent, edge: Edge) -> tuple[AuditEntry, Edge]:
    """Return the entry that follows in the log with that edge, and the edge after it."""
    sequence = edge.size + 1
    content = _canonical(event, sequence)
    following, subtrees = edge.append(leaf_hash(content))
    return AuditEntry(sequence, event.at.astimezone(UTC), content, subtrees), following


def check_clock(register: Register, now: datetime) -> None:
    """Refuse to act at a time before the last audit entry.

    Raises:
        ClockBeforeRecordError: the clock was set back, or the log comes from the future.
    """
    last = register.last_audit_entry()
    if last is not None and now < last.at:
        raise ClockBeforeRecordError(now=now, recorded=last.at)


def read_content(untrusted: bytes) -> tuple[int, AuditEvent] | None:
    """Return the sequence and the event that canonical bytes tell of; None if they are none."""
    try:
        told = json.loads(untrusted)
        facts = tuple((str(name), str(value)) for name, value in told["facts"].items())
        at = datetime.fromisoformat(told["at"])
        event = AuditEvent(at, told["actor"], told["action"], facts)
        sequence = int(told["sequence"])
        canonical = _canonical(event, sequence)
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
        return None
    return (sequence, event) if canonical == untrusted else None


def _canonical(event: AuditEvent, sequence: int) -> bytes:
    content = {
        "action": event.action,
        "actor": event.actor,
        "at": event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "facts": dict(event.facts),
        "sequence": sequence,
    }
    return _ENCODER.encode(content).encode()
