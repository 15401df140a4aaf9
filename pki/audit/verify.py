"""Recomputes a whole log: every entry, every hash, the head.

Whoever can write the database can write a log that recomputes. What shows such a log is an
earlier checkpoint in other hands (`pki.audit.checkpoint`).
"""

from __future__ import annotations

import json

from pki.audit.entry import instant_text
from pki.audit.tree import Edge, leaf_hash
from pki.errors import AuditBrokenError
from pki.records import AuditEntry, Register


def verify_audit(register: Register) -> int:
    """Recompute every hash of the log and return how many entries it has.

    Raises:
        AuditBrokenError: an entry was changed, inserted, removed or moved.
    """
    return recompute(register).size


def recompute(register: Register) -> Edge:
    """Recompute every hash of the log and return the edge of its tree.

    Raises:
        AuditBrokenError: an entry was changed, inserted, removed or moved.
    """
    edge = Edge()
    for entry in register.audit_entries():
        edge = _check_entry(entry, edge)
    return edge


def _check_entry(entry: AuditEntry, edge: Edge) -> Edge:
    sequence = edge.size + 1
    if entry.sequence != sequence:
        raise AuditBrokenError(sequence=sequence, reason="entry missing or out of order")
    try:
        following, subtrees = edge.append(leaf_hash(entry.content))
        told = json.loads(entry.content)
        agrees = told["sequence"] == sequence and told["at"] == instant_text(entry.at)
    except (ValueError, KeyError, TypeError) as error:
        # TypeError: SQLite keeps whatever type somebody wrote, text where octets were.
        raise AuditBrokenError(sequence=sequence, reason="content is not an entry") from error
    if subtrees != entry.subtrees:
        raise AuditBrokenError(sequence=sequence, reason="hashes differ")
    if not agrees:
        raise AuditBrokenError(sequence=sequence, reason="columns differ from content")
    return following
