"""The hashes of a Merkle tree, and the right edge that lets it grow without being read again.

The edge of a tree holds the roots of the perfect subtrees it falls into, the largest first: as
many as its size has binary ones. A leaf that is appended completes perfect subtrees of 1, 2, 4, …
leaves that end with it; their hashes are kept with the entry, and every proof is made of them.

Spec: RFC 9162 §2.1.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

HASH_OCTETS = 32
EMPTY_ROOT = hashlib.sha256().digest()
"""Head of a tree without leaves."""


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def fold(hashes: Iterable[bytes]) -> bytes:
    """Return the root over adjoining subtrees, the largest first; at least one.

    The smaller subtrees, on the right, hang together before they are joined to the larger.
    """
    return reduce(lambda right, left: node_hash(left, right), reversed(tuple(hashes)))


@dataclass(frozen=True, slots=True)
class Edge:
    """The right edge of a tree: all that appending and the tree's root need."""

    size: int = 0
    """Leaves of the tree."""
    peaks: tuple[bytes, ...] = ()
    """Roots of its perfect subtrees, the largest first."""

    def append(self, leaf: bytes) -> tuple[Edge, bytes]:
        """Return the edge after one more leaf, and the subtrees that end with it.

        Args:
            leaf: the new leaf's hash.

        Returns:
            The new edge; and the hashes of the perfect subtrees of 1, 2, 4, … leaves that this
            leaf completes, one after the other. The first is the leaf's, the last the new peak.
        """
        peaks, completed, rest = list(self.peaks), [leaf], self.size
        while rest & 1:
            completed.append(node_hash(peaks.pop(), completed[-1]))
            rest >>= 1
        edge = Edge(self.size + 1, (*peaks, completed[-1]))
        return edge, b"".join(completed)

    def root(self) -> bytes:
        """Return the tree's head."""
        return fold(self.peaks) if self.peaks else EMPTY_ROOT


def peak_sequences(size: int) -> tuple[int, ...]:
    """Return which entries, counted from 1, complete the peaks of a tree, the largest first."""
    ends = []
    while size > 0:
        ends.append(size)
        size &= size - 1
    return tuple(reversed(ends))


def subtree_count(sequence: int) -> int:
    """Return how many perfect subtrees end with an entry, counted from 1."""
    return (sequence & -sequence).bit_length()
