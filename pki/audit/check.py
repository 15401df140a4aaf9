"""Verifies proofs, from nothing but what is handed in: no register, no other code of the log.

The letters are the RFC's: fn and sn walk up from leaf and last leaf, r is what is computed.

Spec: RFC 9162 §2.1.3.2 (inclusion), §2.1.4.2 (consistency).
"""

from __future__ import annotations

from collections.abc import Sequence

from pki.audit.tree import EMPTY_ROOT, HASH_OCTETS, node_hash
from pki.errors.audit import AuditNotConsistentError, AuditNotIncludedError


def check_inclusion(
    leaf: bytes, index: int, size: int, *, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that a leaf stands at its place in a tree.

    Args:
        leaf: its hash.
        index: its place, counted from 0.
        size: leaves of the tree.
        proof: hashes from the leaf's sibling to below the root.
        root: the tree's head, trusted by the caller.

    Raises:
        AuditNotIncludedError: it does not, or the proof does not show it.
    """
    included = _included(leaf, index, size, proof=proof, root=root)
    if not (included and _are_hashes((leaf, root, *proof))):
        raise AuditNotIncludedError(sequence=index + 1, size=size)


def check_consistency(
    smaller: tuple[int, bytes], larger: tuple[int, bytes], proof: Sequence[bytes]
) -> None:
    """Check that a tree is the beginning of another.

    Args:
        smaller: leaves and head of the one.
        larger: leaves and head of the other.
        proof: what `pki.audit.proof.consistency_proof` gave.

    Raises:
        AuditNotConsistentError: it is not, or the proof does not show it.
    """
    (first, first_hash), (second, second_hash) = smaller, larger
    if first == second:
        consistent = not proof and first_hash == second_hash
    elif first == 0:  # every tree begins with the empty one, which has one head
        consistent = not proof and first_hash == EMPTY_ROOT
    else:
        consistent = first < second and _consistent(smaller, larger, proof)
    if not (consistent and _are_hashes((first_hash, second_hash, *proof))):
        raise AuditNotConsistentError(earlier=first, later=second)


def _included(leaf: bytes, index: int, size: int, *, proof: Sequence[bytes], root: bytes) -> bool:
    if not 0 <= index < size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def _consistent(
    smaller: tuple[int, bytes], larger: tuple[int, bytes], proof: Sequence[bytes]
) -> bool:
    (first, first_hash), (second, second_hash) = smaller, larger
    if not proof:
        return False
    path = list(proof) if first & (first - 1) else [first_hash, *proof]
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == first_hash and sr == second_hash


def _are_hashes(found: Sequence[bytes]) -> bool:
    return all(len(octets) == HASH_OCTETS for octets in found)
