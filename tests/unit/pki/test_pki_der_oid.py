"""Object identifiers, octet by octet, as another library writes them."""

from __future__ import annotations

from asn1crypto.core import ObjectIdentifier
from hypothesis import example, given
from hypothesis import strategies as st

from pki.der import oid


@given(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 2**70), max_size=9))
@example(2, 5, [4, 3])
@example(1, 2, [840, 113549, 1, 7, 1])
@example(0, 9, [2342, 19200300, 100, 1, 1])
@example(1, 3, [127, 128, 16383, 16384, 0])
def test_identifiers_are_written_as_asn1crypto_writes_them(first, second, rest):
    dotted = ".".join(map(str, (first, second, *rest)))
    assert oid(dotted) == ObjectIdentifier(dotted).dump()
