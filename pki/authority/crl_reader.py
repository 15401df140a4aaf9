"""Revocation lists read back: the head by `cryptography`, the entries by their octets.

A million entries are walked without an object for each: what is asked of them is their serials,
and whether one list's entries are those of another.

Spec: RFC 5280 §5.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509

from pki import der
from pki.authority.crl_der import REASON
from pki.errors.files import MalformedDERError
from pki.records.certificates import serial_text

_WHAT = "revocation list"
_UNREADABLE = (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


@dataclass(frozen=True, slots=True)
class ReadCRL:
    """A list whose head was read, and that says where its entries are."""

    der: bytes = field(repr=False)
    crl: x509.CertificateRevocationList = field(repr=False)
    start: int
    """Where the first entry begins."""
    end: int
    """Where the last one ends."""
    number: int | None
    base_number: int | None
    """Of a delta list."""

    @property
    def this_update(self) -> datetime:
        """When it was made."""
        return self.crl.last_update_utc

    @property
    def next_update(self) -> datetime | None:
        """By when another one is there."""
        return self.crl.next_update_utc

    def serials(self) -> Iterator[str]:
        """Yield the serial of each entry, as `serial_text` writes it, in their order."""
        data = self.der
        for _, _, start, end in walk(data, self.start, self.end):
            text = data[start:end].hex()
            if text[0] in "01234567":
                yield text if len(text) == 2 or not text.startswith("00") else text[2:]
            else:  # negative: no serial that an authority gives, but one that may stand there
                yield serial_text(int.from_bytes(data[start:end], signed=True))


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list."""

    revoked_at: bytes
    """DER of its date."""
    reason: int
    """CRLReason; 0 where none is told."""


def read_crl(untrusted_der: bytes) -> ReadCRL:
    """Read the head of a list and find its entries.

    Raises:
        MalformedDERError: no revocation list.
    """
    try:
        crl = x509.load_der_x509_crl(untrusted_der)
        extensions = crl.extensions
        _ = crl.last_update_utc, crl.next_update_utc, crl.issuer
    except _UNREADABLE as error:
        raise MalformedDERError(what=_WHAT, reason="cannot be read") from error
    start, end = _entries(untrusted_der)
    number = base = None
    for extension in extensions:
        if isinstance(extension.value, x509.CRLNumber):
            number = extension.value.crl_number
        if isinstance(extension.value, x509.DeltaCRLIndicator):
            base = extension.value.crl_number
    return ReadCRL(untrusted_der, crl, start, end, number, base)


def walk(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield where each entry and the content of its serial begin and end.

    Of elements that `read_crl` found to be well-formed; short lengths are read here, a call for
    each would double the time.
    """
    at = start
    while at < end:
        size = data[at + 1]
        if size < 0x80:
            inner, after = at + 2, at + 2 + size
        else:
            _, inner, after = der.span(data, at, _WHAT)
        size = data[inner + 1]
        if size < 0x80:
            yield at, after, inner + 2, inner + 2 + size
        else:
            _, first, last = der.span(data, inner, _WHAT)
            yield at, after, first, last
        at = after


def read_entry(entry_der: bytes) -> Entry:
    """Read one entry's date and reason.

    Raises:
        MalformedDERError: it is none.
    """
    _, date, *more = der.read_all(der.read(entry_der, _WHAT).content, _WHAT)
    extensions = der.read_all(more[0].content, _WHAT) if more else ()
    for extension in extensions:
        oid, *_, value = der.read_all(extension.content, _WHAT)
        if oid.whole == REASON:
            return Entry(date.whole, int.from_bytes(der.read(value.content, _WHAT).content))
    return Entry(date.whole, 0)


def _entries(data: bytes) -> tuple[int, int]:
    """Return where the entries are: behind the times, which may be one or two."""
    _, at, _ = der.span(data, 0, _WHAT)
    _, at, end = der.span(data, at, _WHAT)
    times = 0
    while at < end:
        tag, first, after = der.span(data, at, _WHAT)
        if tag in {der.UTC_TIME, der.GENERALIZED_TIME}:
            times += 1
        elif times and tag == der.SEQUENCE:
            return first, after
        at = after
    return end, end
