"""The audit log: canonical entries, their hashes, and the check that none was changed.

An entry's leaf hash is the hash of a Merkle tree's leaf, so that the log can grow a tree over the
entries it has. The chain hash binds each entry to all before it. Whoever can write the database
can recompute an unkeyed chain: what an outsider needs beside it is a copy of one chain hash.

Spec: RFC 9162 §2.1.1 (leaf hash).
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from pki.errors import AuditBrokenError, ClockBeforeRecordError
from pki.records import AuditEntry, AuditEvent, Register

LEAF_PREFIX = b"\x00"
CHAIN_PREFIX = b"\x02"  # 0x01 is the prefix of a Merkle tree's inner node
GENESIS = bytes(32)


def build_entry(event: AuditEvent, previous: AuditEntry | None) -> AuditEntry:
    """Return the entry that follows `previous` in the log."""
    sequence = previous.sequence + 1 if previous else 1
    content = _canonical(event, sequence)
    leaf = leaf_hash(content)
    chain = _chain_hash(previous.chain_hash if previous else GENESIS, leaf)
    return AuditEntry(sequence, event.at.astimezone(UTC), content, leaf, chain)


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of an entry's canonical bytes."""
    return hashlib.sha256(LEAF_PREFIX + content).digest()


def verify_audit(register: Register) -> int:
    """Recompute every hash of the log and return how many entries it has.

    Raises:
        AuditBrokenError: an entry was changed, inserted, removed or moved.
    """
    chain, count = GENESIS, 0
    for count, entry in enumerate(register.audit_entries(), start=1):
        chain = _check_entry(entry, count, chain)
    return count


def check_clock(register: Register, now: datetime) -> None:
    """Refuse to act at a time before the last audit entry.

    Raises:
        ClockBeforeRecordError: the clock was set back, or the log comes from the future.
    """
    last = register.last_audit_entry()
    if last is not None and now < last.at:
        raise ClockBeforeRecordError(now=now, recorded=last.at)


def _check_entry(entry: AuditEntry, sequence: int, chain: bytes) -> bytes:
    if entry.sequence != sequence:
        raise AuditBrokenError(sequence=sequence, reason="entry missing or out of order")
    try:
        following = _check_hashes(entry, chain)
        told = json.loads(entry.content)
        agrees = told["sequence"] == sequence and told["at"] == _instant(entry.at)
    except (ValueError, KeyError, TypeError) as error:
        # TypeError: SQLite keeps whatever type somebody wrote, text where octets were.
        raise AuditBrokenError(sequence=sequence, reason="content is not an entry") from error
    if not agrees:
        raise AuditBrokenError(sequence=sequence, reason="columns differ from content")
    return following


def _check_hashes(entry: AuditEntry, chain: bytes) -> bytes:
    if leaf_hash(entry.content) != entry.leaf_hash:
        raise AuditBrokenError(sequence=entry.sequence, reason="leaf hash differs")
    following = _chain_hash(chain, entry.leaf_hash)
    if following != entry.chain_hash:
        raise AuditBrokenError(sequence=entry.sequence, reason="chain hash differs")
    return following


def _chain_hash(previous: bytes, leaf: bytes) -> bytes:
    return hashlib.sha256(CHAIN_PREFIX + previous + leaf).digest()


def _canonical(event: AuditEvent, sequence: int) -> bytes:
    content = {
        "action": event.action,
        "actor": event.actor,
        "at": _instant(event.at),
        "facts": dict(event.facts),
        "sequence": sequence,
    }
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
