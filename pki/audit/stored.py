"""The tree as it is stored: with each entry, the perfect subtrees that end with it.

A perfect subtree of 2^k leaves ends with entry number (p + 1)·2^k, so where its hash stands is
known without an index, and a proof reads as many entries as the tree is high.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from pki.audit.tree import HASH_OCTETS, Edge, peak_sequences, subtree_count
from pki.errors.audit import AuditBrokenError
from pki.records.audit import AuditEntry

FindEntries = Callable[[Sequence[int]], tuple[AuditEntry, ...]]
"""Returns those of the asked-for entries that there are."""


class Subtree(NamedTuple):
    """A perfect subtree by its place in the log."""

    last: int
    """Number of its last entry, counted from 1; a multiple of 2^`level`."""
    level: int
    """It has 2^`level` leaves."""


def read_edge(size: int, find: FindEntries) -> Edge:
    """Return the edge of the tree of the first `size` entries.

    Raises:
        AuditBrokenError: an entry is missing, or its hashes are no hashes.
    """
    found: object = size  # SQLite keeps whatever type somebody wrote
    if not isinstance(found, int) or found < 0:
        raise AuditBrokenError(sequence=1, reason="entry missing or out of order")
    peaks = [Subtree(last, subtree_count(last) - 1) for last in peak_sequences(size)]
    return Edge(size, read_subtrees(peaks, find))


def read_subtrees(wanted: Iterable[Subtree], find: FindEntries) -> tuple[bytes, ...]:
    """Return the hashes of perfect subtrees, in the order asked for.

    Raises:
        AuditBrokenError: an entry is missing, or its hashes are no hashes.
    """
    places = tuple(wanted)
    numbers = sorted({place.last for place in places})
    found = {entry.sequence: entry for entry in find(numbers)}
    for number in numbers:
        _check(number, found.get(number))
    return tuple(_cut(found[place.last].subtrees, place.level) for place in places)


def _check(number: int, entry: AuditEntry | None) -> None:
    if entry is None:
        raise AuditBrokenError(sequence=number, reason="entry missing or out of order")
    stored: object = entry.subtrees  # SQLite keeps whatever type somebody wrote
    if not isinstance(stored, bytes) or len(stored) != HASH_OCTETS * subtree_count(number):
        raise AuditBrokenError(sequence=number, reason="hashes differ")


def _cut(subtrees: bytes, level: int) -> bytes:
    return subtrees[level * HASH_OCTETS : (level + 1) * HASH_OCTETS]
