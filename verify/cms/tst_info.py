"""Reads what a plain time-stamp tells, by its octets: DER, in whole seconds, without extensions.

asn1crypto takes 0.1 ms for it, and it is asked for three times with each time-stamp that signing
brings. What is not plain is asn1crypto's to read; the tests hold the two against each other.

Spec: RFC 3161 §2.4.2.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pki.der import GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, SEQUENCE, TLV, integer, read_all
from pki.errors.files import MalformedDERError

_WHAT = "time-stamp"
_VERSION_1 = integer(1)
_BOOLEAN = 0x01
_OPTIONAL = (SEQUENCE, _BOOLEAN, INTEGER)
"""Accuracy, ordering and nonce, in this order."""
_ACCURACY = (INTEGER, 0x80, 0x81)
"""Seconds, thousandths and millionths."""
_FEW = 3
"""Octets of a number in an accuracy."""
_TIME = re.compile(rb"([0-9]{4})" + rb"([0-9]{2})" * 5 + rb"Z")


class TSTInfo(NamedTuple):
    """What a time-stamp tells."""

    policy: bytes
    """DER of the OID."""
    digest_algorithm: bytes
    """DER."""
    imprint: bytes
    time: datetime
    accuracy: timedelta | None
    nonce: int | None


class _OddError(Exception):
    """It is not plain."""


def read_tst_info(untrusted_der: bytes) -> TSTInfo | None:
    """Return what a plain TSTInfo tells; None for any other, be it right or wrong."""
    try:
        (whole,) = read_all(untrusted_der, _WHAT)
        version, policy, imprint, serial, time, *rest = read_all(_of(whole, SEQUENCE), _WHAT)
        algorithm, digest = read_all(_of(imprint, SEQUENCE), _WHAT)
        accuracy, ordering, nonce = _in_order(rest, _OPTIONAL)
        if version.whole != _VERSION_1 or (ordering and len(ordering.content) != 1):
            return None
        for element, tag in ((policy, OID), (algorithm, SEQUENCE), (serial, INTEGER)):
            _of(element, tag)
        return TSTInfo(
            policy=policy.whole,
            digest_algorithm=algorithm.whole,
            imprint=_of(digest, OCTET_STRING),
            time=_time(_of(time, GENERALIZED_TIME)),
            accuracy=None if accuracy is None else _accuracy(accuracy),
            nonce=None if nonce is None else _number(nonce),
        )
    except (MalformedDERError, _OddError, ValueError):  # so many elements, no such day
        return None


def _of(element: TLV, tag: int) -> bytes:
    if element.tag != tag or not element.content:
        raise _OddError
    return element.content


def _in_order(elements: list[TLV], tags: tuple[int, ...]) -> list[TLV | None]:
    """Return for each tag the element that has it: they come in this order, each at most once."""
    left = list(elements)
    found = [left.pop(0) if left and left[0].tag == tag else None for tag in tags]
    if left:
        raise _OddError
    return found


def _time(octets: bytes) -> datetime:
    found = _TIME.fullmatch(octets)
    if found is None:
        raise _OddError
    year, month, day, hour, minute, second = map(int, found.groups())
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def _accuracy(element: TLV) -> timedelta:
    parts = _in_order(list(read_all(element.content, _WHAT)), _ACCURACY)
    if any(each is not None and len(each.content) > _FEW for each in parts):
        raise _OddError
    seconds, thousandths, millionths = (0 if each is None else _number(each) for each in parts)
    return timedelta(seconds=seconds, milliseconds=thousandths, microseconds=millionths)


def _number(element: TLV) -> int:
    return int.from_bytes(_of(element, element.tag), "big", signed=True)
