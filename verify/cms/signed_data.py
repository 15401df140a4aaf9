"""Reads a SignedData with any number of signers: a file of its own, not a field of a PDF.

Each signer is read by itself: one that is broken hides no other. What archive time-stamps cover is
kept as it stands, octet for octet.

Spec: RFC 5652 §5; EN 319 122-1 §5.5.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from asn1crypto import cms, core

from verify.asn1 import raw, untyped
from verify.cms.token import (
    Shared,
    Token,
    content_of,
    load_signed_data,
    read_shared,
    take_apart,
)
from verify.errors import MalformedObjectError
from verify.guard import ASN1, foreign

COUNTERSIGNATURE = "1.2.840.113549.1.9.6"
DATA_TYPE = "1.2.840.113549.1.7.1"
_DEPTH = 4
"""So deep may those who sign signatures be signed in turn."""
_SIGNED_FIELDS = (
    "version",
    "sid",
    "digest_algorithm",
    "signed_attrs",
    "signature_algorithm",
    "signature",
)


@dataclass(frozen=True, slots=True)
class Attribute:
    """One unsigned attribute."""

    type: str
    type_der: bytes
    whole: bytes
    values: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Signer:
    """One SignerInfo."""

    token: Token | None
    """None when it cannot be read."""
    reason: str = ""
    """Why not."""
    signed_fields: bytes = b""
    """Version to signature, as they stand, one after the other."""
    unsigned: tuple[Attribute, ...] = ()
    counters: tuple[Signer, ...] = ()
    """Those who signed its signature value."""
    der: bytes = b""
    """Of such a one, as it stands."""

    def values(self, attribute: str) -> tuple[bytes, ...]:
        """Return all values of an unsigned attribute."""
        return tuple(
            value for each in self.unsigned if each.type == attribute for value in each.values
        )


@dataclass(frozen=True, slots=True)
class SignedData:
    """The parts of a SignedData; nothing in it is verified yet."""

    content_type_der: bytes
    content: bytes | None
    certificates: tuple[bytes, ...]
    """CertificateChoices, as they stand."""
    revocations: tuple[bytes, ...]
    """RevocationInfoChoices, as they stand."""
    signers: tuple[Signer, ...]


def read_signed_data(untrusted_der: bytes, *, limit: int) -> SignedData:
    """Take a SignedData apart.

    Args:
        untrusted_der: DER, or BER.
        limit: so many signers are read; of more, one over the limit.

    Raises:
        MalformedObjectError: it cannot be read as a SignedData at all.
    """
    with foreign("CMS signature"):
        found = load_signed_data(untrusted_der)
        encapsulated = found["encap_content_info"]
        signers = found["signer_infos"]
        count = min(len(signers), limit + 1)
        shared = read_shared(found)
        return SignedData(
            content_type_der=raw(encapsulated["content_type"]),
            content=content_of(encapsulated),
            certificates=_all(found["certificates"]),
            revocations=_all(found["crls"]),
            signers=tuple(
                _read_signer(found, shared, partial(signers.__getitem__, index))
                for index in range(count)
            ),
        )


def every(signers: tuple[Signer, ...]) -> Iterator[Signer]:
    """Yield signers, and those who signed their signatures."""
    for signer in signers:
        yield signer
        yield from every(signer.counters)


def _read_signer(found: ASN1, shared: Shared, read: Callable[[], ASN1], depth: int = 0) -> Signer:
    try:
        with foreign("CMS signature"):
            info = read()
            token = take_apart(found, info, shared)
            fields = b"".join(raw(info[name]) for name in _SIGNED_FIELDS if _there(info[name]))
            unsigned = _attributes(info["unsigned_attrs"])
    except MalformedObjectError as malformed:
        return Signer(None, str(malformed.facts["reason"]))
    signer = Signer(token if not depth else _over_value(token), "", fields, unsigned)
    if depth == _DEPTH:
        return signer
    counters = tuple(
        replace(
            _read_signer(found, shared, partial(cms.SignerInfo.load, value), depth + 1), der=value
        )
        for value in signer.values(COUNTERSIGNATURE)
    )
    return replace(signer, counters=counters)


def _over_value(token: Token) -> Token:
    """Return a countersignature as a signature of plain data, which names no type of content.

    Spec: RFC 5652 §11.4.
    """
    named = token.signed_content_type
    if token.signed_attributes is not None and named is None:
        named = DATA_TYPE
    return replace(token, content_type=DATA_TYPE, content=None, signed_content_type=named)


def _attributes(attributes: ASN1) -> tuple[Attribute, ...]:
    if not _there(attributes):
        return ()
    return tuple(
        Attribute(
            each["type"].dotted,
            raw(each["type"]),
            raw(each),
            untyped(each["values"]),
        )
        for each in attributes
    )


def _all(choices: ASN1) -> tuple[bytes, ...]:
    return tuple(raw(each) for each in choices) if _there(choices) else ()


def _there(value: ASN1) -> bool:
    return not isinstance(value, core.Void)
