"""What the audit log holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """What happened, by whom; `facts` hold serials and hashes, never personal data."""

    at: datetime
    actor: str
    action: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An event as it stands in the log (`pki.audit` builds and verifies it), a leaf of its tree."""

    sequence: int
    at: datetime
    content: bytes
    """Canonical JSON of the event and its sequence."""
    subtrees: bytes
    """Hashes of the perfect subtrees of 1, 2, 4, … leaves that end with this entry, one after the
    other; the first is the leaf's own."""
