"""No changed bit of a certificate or a list counts; no heap of bytes brings out a foreign error."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from unit.verify.test_verify_crl import (
    INDIRECT,
    ISSUING,
    KEY,
    OTHER,
    PARTY,
    REST,
    ROOT,
    by_another,
    crl,
    entry,
    facts,
    scope,
)
from unit.verify.verify_pki import LATER, official

from verify.certificate import readable
from verify.facts import Status
from verify.inherited import with_inherited
from verify.path.build import search_path
from verify.path.pool import CertificatePool
from verify.path.signature import signed_by
from verify.policy import default_policy
from verify.quiet import quietly
from verify.revocation.sources import read_crls
from verify.trust import TrustStore

ELSEWHERE = by_another()
LISTS = {
    "plain": (PARTY, (crl(ISSUING),)),
    "with entries": (PARTY, (crl(ISSUING, entry(official(ISSUING, common="Else"))),)),
    "delta": (PARTY, (crl(ISSUING, number=7, base=5), crl(ISSUING, number=5, issued=LATER))),
    "some reasons": (
        PARTY,
        (
            crl(ISSUING, extensions=(scope(reasons=KEY),)),
            crl(ISSUING, extensions=(scope(reasons=REST),)),
        ),
    ),
    "indirect": (ELSEWHERE, (crl(OTHER, extensions=INDIRECT),)),
}


def flipped(octets: bytes, bit: int) -> bytes:
    changed = bytearray(octets)
    changed[bit // 8 % len(octets)] ^= 1 << bit % 8
    return bytes(changed)


@given(kind=st.sampled_from(sorted(LISTS)), bit=st.integers(0, 2**16))
def test_a_list_with_a_changed_bit_says_nothing(kind, bit):
    party, (first, *others) = LISTS[kind]
    whole = facts(party, first, *others, others=(OTHER,))
    assert {one.status for one in whole} == {Status.GOOD}
    with quietly():
        found = facts(party, flipped(first, bit), *others, others=(OTHER,))
    assert len(found) < len(whole)


@given(bit=st.integers(0, 2**16))
def test_a_certificate_with_a_changed_bit_has_no_path(bit):
    pool = CertificatePool(TrustStore((ROOT.certificate,)), (ISSUING.certificate,))
    limits = default_policy().limits
    assert search_path(PARTY.certificate, pool, limits=limits, hint=LATER).sound
    with quietly():
        for certificate in readable((flipped(PARTY.der, bit),)):
            assert not signed_by(certificate, ISSUING.certificate)
            assert not search_path(certificate, pool, limits=limits, hint=LATER).sound


@given(octets=st.binary(max_size=300), cut=st.integers(0, 2000), bit=st.integers(0, 2**16))
def test_heaps_of_bytes_are_no_certificates_and_no_lists(octets, cut, bit):
    heaps = (octets, PARTY.der[:cut] + octets, flipped(PARTY.der, bit)[:cut] + octets)
    assert tuple(readable(heaps[:2])) in ((), (PARTY.certificate,))
    for heap in heaps:
        assert with_inherited(heap, (ROOT.certificate,)) is None
    assert len(read_crls((heap, LATER, None) for heap in heaps)) == 0
