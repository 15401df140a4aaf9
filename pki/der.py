"""The little DER that must be written and read octet by octet.

Encoding: the certificate around bytes that were linted, and long revocation lists. Reading: the
fields of to-be-signed bytes, where comparing octets is the point. All else is left to libraries.

Spec: X.690 §8 and §10.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from pki.errors.files import MalformedDERError

INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x02, 0x03, 0x04, 0x05, 0x06
ENUMERATED, UTC_TIME, GENERALIZED_TIME = 0x0A, 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31


class TLV(NamedTuple):
    """One element: its tag octet, its content, and all its octets."""

    tag: int
    content: bytes
    whole: bytes


def encode(tag: int, content: bytes) -> bytes:
    """Return one element with a definite length."""
    return head(tag, len(content)) + content


def head(tag: int, size: int) -> bytes:
    """Return the octets that go before a content of that size."""
    if size < 0x80:
        return bytes((tag, size))
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length


def sequence(parts: Iterable[bytes]) -> bytes:
    """Return a SEQUENCE of encoded parts."""
    return encode(SEQUENCE, b"".join(parts))


def integer(value: int) -> bytes:
    """Return an INTEGER in the fewest octets."""
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return encode(INTEGER, value.to_bytes(size, "big", signed=True))


def oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER from its arcs, as in `2.5.4.3`."""
    first, second, *rest = map(int, dotted.split("."))
    content = bytearray()
    for arc in (40 * first + second, *rest):
        content += bytes(
            (arc >> shift & 0x7F) | (0x80 if shift else 0)
            for shift in range(max(0, arc.bit_length() - 1) // 7 * 7, -1, -7)
        )
    return encode(OID, bytes(content))


def bit_string(octets: bytes) -> bytes:
    """Return a BIT STRING of whole octets."""
    return encode(BIT_STRING, b"\x00" + octets)


def time(instant: datetime) -> bytes:
    """Return a Time: UTCTime through 2049, GeneralizedTime after (RFC 5280 §4.1.2.5)."""
    utc = instant.astimezone(UTC)
    if 1950 <= utc.year < 2050:
        return encode(UTC_TIME, f"{utc.year % 100:02d}{_within_year(utc)}".encode())
    return generalized_time(utc)


def generalized_time(instant: datetime) -> bytes:
    """Return a GeneralizedTime in whole seconds of UTC."""
    utc = instant.astimezone(UTC)
    return encode(GENERALIZED_TIME, f"{utc.year:04d}{_within_year(utc)}".encode())


def _within_year(utc: datetime) -> str:
    # Written four times a certificate; `strftime` takes twice as long.
    day = f"{utc.month:02d}{utc.day:02d}"
    return f"{day}{utc.hour:02d}{utc.minute:02d}{utc.second:02d}Z"


def read(data: bytes, what: str) -> TLV:
    """Read the one element that `data` is.

    Raises:
        MalformedDERError: not DER, or something follows.
    """
    tag, start, end = span(data, 0, what)
    if end != len(data):
        raise MalformedDERError(what=what, reason="trailing bytes")
    return TLV(tag, data[start:end], data)


def read_all(data: bytes, what: str) -> tuple[TLV, ...]:
    """Read the elements that stand one after the other in `data`.

    Raises:
        MalformedDERError: not DER.
    """
    elements = []
    at, whole = 0, len(data)
    while at < whole:
        # Most elements are short ones; a call for each is half of what reading a certificate costs.
        if at + 1 < whole and (size := data[at + 1]) < 0x80 and data[at] & 0x1F != 0x1F:
            tag, start, end = data[at], at + 2, at + 2 + size
            if end > whole:
                raise MalformedDERError(what=what, reason="truncated")
        else:
            tag, start, end = span(data, at, what)
        elements.append(TLV(tag, data[start:end], data[at:end]))
        at = end
    return tuple(elements)


def span(data: bytes, at: int, what: str) -> tuple[int, int, int]:
    """Return tag, begin and end of the content of the element at `at`, without copying it.

    Raises:
        MalformedDERError: not DER, or it is longer than `data`.
    """
    if len(data) < at + 2:
        raise MalformedDERError(what=what, reason="truncated")
    tag, first = data[at], data[at + 1]
    if tag & 0x1F == 0x1F:
        raise MalformedDERError(what=what, reason="tag of several octets")
    start, size = (at + 2, first) if first < 0x80 else _long_length(data, at + 2, what)
    end = start + size
    if len(data) < end:
        raise MalformedDERError(what=what, reason="truncated")
    return tag, start, end


def _long_length(data: bytes, at: int, what: str) -> tuple[int, int]:
    """Return where the content begins, and its size."""
    start = at + (data[at - 1] & 0x7F)
    if not at < start <= at + 4 or len(data) < start:
        raise MalformedDERError(what=what, reason="bad length")
    size = int.from_bytes(data[at:start], "big")
    if size < 0x80 or data[at] == 0:
        raise MalformedDERError(what=what, reason="length not in the fewest octets")
    return start, size
