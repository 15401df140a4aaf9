"""The Merkle tree: every size, every place, and no bit of a proof that could be another.

The tree is checked against the RFC's own recursive definitions, written here a second time, and
against the eight leaves and heads that implementations of RFC 6962 share: they stand in
`testonly/constants.go` of github.com/transparency-dev/merkle (417fb0c).

Spec: RFC 9162 §2.1.
"""

from __future__ import annotations

import hashlib
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki.audit.check import check_consistency, check_inclusion
from pki.audit.proof import consistency_proof, inclusion_proof
from pki.audit.tree import EMPTY_ROOT, Edge, leaf_hash
from pki.errors.audit import AuditNotConsistentError, AuditNotIncludedError
from pki.records.audit import AuditEntry

LARGEST = 300

LEAVES = tuple(
    bytes.fromhex(text)
    for text in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
)
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


class Log:
    """A log in memory, grown one entry at a time as the register grows it."""

    def __init__(self, contents):
        self.contents = tuple(contents)
        self.edges = [Edge()]
        self.entries = []
        for number, content in enumerate(self.contents, start=1):
            edge, subtrees = self.edges[-1].append(leaf_hash(content))
            self.edges.append(edge)
            self.entries.append(AuditEntry(number, None, content, subtrees))

    def find(self, numbers):
        return tuple(self.entries[number - 1] for number in numbers)

    def head(self, size):
        return size, self.edges[size].root()


def tree_hash(leaves):
    """MTH of §2.1.1, word by word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = largest_power_below(len(leaves))
    return hashlib.sha256(b"\x01" + tree_hash(leaves[:k]) + tree_hash(leaves[k:])).digest()


def largest_power_below(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def path(m, leaves):
    """PATH of §2.1.3.1, word by word."""
    n = len(leaves)
    if n == 1:
        return []
    k = largest_power_below(n)
    if m < k:
        return [*path(m, leaves[:k]), tree_hash(leaves[k:])]
    return [*path(m - k, leaves[k:]), tree_hash(leaves[:k])]


def subproof(m, leaves, *, whole):
    """SUBPROOF of §2.1.4.1, word by word."""
    n = len(leaves)
    if m == n:
        return [] if whole else [tree_hash(leaves)]
    k = largest_power_below(n)
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), tree_hash(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), tree_hash(leaves[:k])]


@cache
def log():
    return Log(str(number).encode() for number in range(LARGEST))


def flip(octets, bit):
    changed = bytearray(octets)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


sizes = st.integers(1, LARGEST)


def test_heads_are_those_of_other_implementations():
    known = Log(LEAVES)
    assert [known.head(size)[1].hex() for size in range(9)] == list(ROOTS)
    assert [tree_hash(LEAVES[:size]).hex() for size in range(9)] == list(ROOTS)


def test_the_head_that_grew_is_the_head_computed_at_once():
    for size in range(LARGEST + 1):
        assert log().head(size)[1] == tree_hash(log().contents[:size])


def test_every_leaf_of_every_small_tree_is_proven():
    for size in range(1, 66):
        for index in range(size):
            check_leaf(index, size)


@given(sizes, st.data())
def test_any_leaf_is_proven(size, data):
    check_leaf(data.draw(st.integers(0, size - 1)), size)


def check_leaf(index, size):
    proof = inclusion_proof(index, size, log().find)
    assert list(proof) == path(index, log().contents[:size])
    leaf = leaf_hash(log().contents[index])
    check_inclusion(leaf, index, size, proof=proof, root=log().head(size)[1])


def test_every_beginning_of_every_tree_is_proven():
    for larger in range(LARGEST + 1):
        for smaller in range(larger + 1):
            proof = consistency_proof(smaller, larger, log().find)
            check_consistency(log().head(smaller), log().head(larger), proof)


@given(sizes, st.data())
def test_a_consistency_proof_is_the_one_the_rfc_defines(larger, data):
    smaller = data.draw(st.integers(1, larger))
    proof = consistency_proof(smaller, larger, log().find)
    assert list(proof) == subproof(smaller, log().contents[:larger], whole=True)


@given(sizes, st.data())
def test_no_bit_of_an_inclusion_proof_can_change(size, data):
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, log().find)
    parts = [leaf_hash(log().contents[index]), log().head(size)[1], *proof]
    changed = data.draw(st.integers(0, len(parts) - 1))
    parts[changed] = flip(parts[changed], data.draw(st.integers(0, 255)))
    with pytest.raises(AuditNotIncludedError):
        check_inclusion(parts[0], index, size, proof=parts[2:], root=parts[1])


@given(sizes, st.data())
def test_no_bit_of_a_consistency_proof_can_change(larger, data):
    smaller = data.draw(st.integers(1, larger))
    proof = consistency_proof(smaller, larger, log().find)
    parts = [log().head(smaller)[1], log().head(larger)[1], *proof]
    changed = data.draw(st.integers(0, len(parts) - 1))
    parts[changed] = flip(parts[changed], data.draw(st.integers(0, 255)))
    with pytest.raises(AuditNotConsistentError):
        check_consistency((smaller, parts[0]), (larger, parts[1]), parts[2:])


@given(sizes, st.data())
def test_a_proof_is_for_one_place_alone(size, data):
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(-2, LARGEST).filter(lambda place: place != index))
    proof = inclusion_proof(index, size, log().find)
    leaf, root = leaf_hash(log().contents[index]), log().head(size)[1]
    with pytest.raises(AuditNotIncludedError):
        check_inclusion(leaf, other, size, proof=proof, root=root)


@given(sizes, st.data())
def test_a_proof_neither_longer_nor_shorter_nor_turned_round(larger, data):
    smaller = data.draw(st.integers(1, larger))
    good = consistency_proof(smaller, larger, log().find)
    bad = [(*good, EMPTY_ROOT), (EMPTY_ROOT, *good)]
    bad += [good[1:], good[:-1]] if good else []
    bad += [good[::-1]] if good[::-1] != good else []
    for proof in bad:
        with pytest.raises(AuditNotConsistentError):
            check_consistency(log().head(smaller), log().head(larger), proof)


@given(sizes, sizes)
def test_a_larger_log_is_no_beginning_of_a_smaller(one, other):
    smaller, larger = sorted((one, other))
    proof = consistency_proof(smaller, larger, log().find)
    if smaller != larger:
        with pytest.raises(AuditNotConsistentError):
            check_consistency(log().head(larger), log().head(smaller), proof)


@given(st.integers(2, LARGEST), st.data())
def test_another_history_is_no_continuation(larger, data):
    """One entry differs before the checkpoint: no proof of the new log leads from the old head."""
    smaller = data.draw(st.integers(1, larger - 1))
    edited = data.draw(st.integers(0, smaller - 1))
    contents = list(log().contents[:larger])
    contents[edited] += b"!"
    forged = Log(contents)
    assert forged.head(smaller) != log().head(smaller)
    proof = consistency_proof(smaller, larger, forged.find)
    check_consistency(forged.head(smaller), forged.head(larger), proof)
    with pytest.raises(AuditNotConsistentError):
        check_consistency(log().head(smaller), forged.head(larger), proof)


def test_nothing_is_the_beginning_of_everything_and_has_one_head():
    check_consistency((0, EMPTY_ROOT), log().head(7), ())
    for first, proof in ((bytes(32), ()), (EMPTY_ROOT, (EMPTY_ROOT,))):
        with pytest.raises(AuditNotConsistentError):
            check_consistency((0, first), log().head(7), proof)
    with pytest.raises(AuditNotConsistentError):
        check_consistency((-1, EMPTY_ROOT), log().head(7), ())
