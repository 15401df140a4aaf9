"""Makes proofs: that a leaf is in a tree, that a tree is the beginning of a larger one.

Both walk from the root of the larger tree down and take the sibling at every step, as a span of
leaves. A span falls into perfect subtrees whose hashes are stored, so nothing else is read.

Spec: RFC 9162 §2.1.3.1 (inclusion), §2.1.4.1 (consistency).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pki.audit.stored import FindEntries, Subtree, read_subtrees
from pki.audit.tree import fold

Span = tuple[int, int]
"""Leaves from the first, counted from 0, to before the second."""


def inclusion_proof(index: int, size: int, find: FindEntries) -> tuple[bytes, ...]:
    """Return the hashes that lead from a leaf to the root, the leaf's sibling first.

    Args:
        index: of the leaf, counted from 0; less than `size`.
        size: leaves of the tree.
        find: gives stored entries.

    Raises:
        AuditBrokenError: an entry is missing, or its hashes are no hashes.
    """
    start, end, spans = 0, size, []
    while end - start > 1:
        middle = _split(start, end)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return _hashes(spans[::-1], find)


def consistency_proof(smaller: int, larger: int, find: FindEntries) -> tuple[bytes, ...]:
    """Return the hashes that show a tree to be the beginning of a larger one.

    Args:
        smaller: leaves of the one; 0 and `larger` itself need no hashes.
        larger: leaves of the other.
        find: gives stored entries.

    Raises:
        AuditBrokenError: an entry is missing, or its hashes are no hashes.
    """
    if smaller == 0:
        return ()
    start, end, spans = 0, larger, []
    while smaller != end:
        middle = _split(start, end)
        if smaller <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    if start:  # the whole smaller tree is known to whoever verifies, a part of it is not
        spans.append((start, end))
    return _hashes(spans[::-1], find)


def _split(start: int, end: int) -> int:
    """Return where a span of at least two leaves falls apart: after the largest power of two."""
    return start + (1 << (end - start - 1).bit_length() - 1)


def _hashes(spans: Sequence[Span], find: FindEntries) -> tuple[bytes, ...]:
    parts = [tuple(_perfect(start, end)) for start, end in spans]
    found = iter(read_subtrees([subtree for part in parts for subtree in part], find))
    return tuple(fold([next(found) for _ in part]) for part in parts)


def _perfect(start: int, end: int) -> Iterator[Subtree]:
    """Yield the perfect subtrees of a span that `_split` made, the largest first."""
    while start < end:
        level = (end - start).bit_length() - 1
        start += 1 << level
        yield Subtree(start, level)
