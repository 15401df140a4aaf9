"""A plain TSTInfo is read by its octets; any other is left to who reads all of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pki import der
from verify.cms.tst_info import read_tst_info

POLICY = der.oid("1.2.3.4")
IMPRINT = der.sequence(
    (der.sequence((der.oid("2.16.840.1.101.3.4.2.1"),)), der.encode(der.OCTET_STRING, bytes(32)))
)
TIME = der.encode(der.GENERALIZED_TIME, b"20260302073015Z")
ONE = der.integer(1)


def whole(*parts: bytes) -> bytes:
    return der.sequence(parts)


def test_a_plain_one_is_read():
    found = read_tst_info(whole(ONE, POLICY, IMPRINT, der.integer(9), TIME, der.integer(5)))
    assert found is not None
    assert (found.policy, found.imprint, found.nonce) == (POLICY, bytes(32), 5)
    assert found.time == datetime(2026, 3, 2, 7, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "parts",
    [
        (der.integer(2), POLICY, IMPRINT, ONE, TIME),
        (ONE, ONE, IMPRINT, ONE, TIME),
        (ONE, POLICY, IMPRINT, POLICY, TIME),
        (ONE, POLICY, IMPRINT, ONE, ONE),
        (ONE, POLICY, IMPRINT, ONE, TIME, der.encode(0x01, b"")),
        (ONE, POLICY, IMPRINT, ONE, TIME, der.encode(0x01, b"\xff\xff")),
        (ONE, POLICY, IMPRINT, ONE, TIME, TIME),
        (ONE, POLICY, IMPRINT, ONE, der.encode(der.GENERALIZED_TIME, b"20260230000000Z")),
        (ONE, POLICY, IMPRINT, ONE),
    ],
    ids=["version", "policy", "serial", "time", "empty", "long", "order", "day", "few"],
)
def test_any_other_is_not(parts: tuple[bytes, ...]):
    assert read_tst_info(whole(*parts)) is None
