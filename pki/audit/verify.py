"""Recomputes a whole log: every entry, every hash, the head; and compares it with checkpoints.

Whoever can write the database can write a log that recomputes. What shows such a log is an
earlier checkpoint that lay in other hands.
"""

from __future__ import annotations

from collections.abc import Sequence

from pki.audit.checkpoint import TreeHead
from pki.audit.entry import read_content
from pki.audit.tree import Edge, leaf_hash
from pki.errors.audit import AuditBrokenError, AuditCutError, AuditRewrittenError, AuditSplitError
from pki.records.audit import AuditEntry
from pki.records.register import Register


def verify_audit(register: Register) -> int:
    """Recompute every hash of the log and return how many entries it has.

    Raises:
        AuditBrokenError: an entry was changed, inserted, removed or moved.
    """
    return recompute(register).size


def recompute(register: Register, since: Sequence[TreeHead] = ()) -> Edge:
    """Recompute every hash of the log and return the edge of its tree.

    Args:
        register: whose log.
        since: what the log was earlier, from checkpoints whose signatures verify.

    Raises:
        AuditBrokenError: an entry was changed, inserted, removed or moved.
        AuditRewrittenError: the log agrees with itself and not with a checkpoint.
        AuditCutError: it has fewer entries than a checkpoint.
        AuditSplitError: two of the checkpoints cannot be of one log.
    """
    expected = _expected(since)
    edge = Edge()
    _compare(edge, expected)
    for entry in register.audit_entries():
        edge = _check_entry(entry, edge)
        _compare(edge, expected)
    if expected and max(expected) > edge.size:
        raise AuditCutError(size=max(expected), found=edge.size)
    return edge


def compare_heads(one: TreeHead, other: TreeHead) -> None:
    """Refuse two heads of one size that are not the same: one log cannot have both.

    Raises:
        AuditSplitError: they are not.
    """
    if one.size == other.size and one.root != other.root:
        raise AuditSplitError(size=one.size)


def _expected(since: Sequence[TreeHead]) -> dict[int, bytes]:
    first: dict[int, TreeHead] = {}
    for head in since:
        compare_heads(first.setdefault(head.size, head), head)
    return {head.size: head.root for head in since}


def _compare(edge: Edge, expected: dict[int, bytes]) -> None:
    if edge.size in expected and edge.root() != expected[edge.size]:
        raise AuditRewrittenError(size=edge.size)


def _check_entry(entry: AuditEntry, edge: Edge) -> Edge:
    sequence = edge.size + 1
    if entry.sequence != sequence:
        raise AuditBrokenError(sequence=sequence, reason="entry missing or out of order")
    # SQLite keeps whatever type somebody wrote, text where octets were.
    content: object = entry.content
    told = read_content(content) if isinstance(content, bytes) else None
    if told is None:
        raise AuditBrokenError(sequence=sequence, reason="content is not an entry")
    following, subtrees = edge.append(leaf_hash(entry.content))
    if subtrees != entry.subtrees:
        raise AuditBrokenError(sequence=sequence, reason="hashes differ")
    if told[0] != sequence or told[1].at != entry.at:
        raise AuditBrokenError(sequence=sequence, reason="columns differ from content")
    return following
