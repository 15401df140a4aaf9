"""Takes a plain SignedData apart by its octets: DER, one signer, the attributes of PAdES B-B.

Plain are a signature, also with one time-stamp over it, and a time-stamp's token. asn1crypto makes
an object of every element: 0.5 ms for one signature, a tenth of what signing one of 162 real
documents and judging the result took, and 0.35 ms for each of the two that a signature with a
time-stamp is. What is not plain, above all what is wrong, is asn1crypto's to read; the tests hold
the two against each other.

Spec: RFC 5652 §5; RFC 5035 §4 (signing-certificate-v2); RFC 3161 §2.4.2; X.690 §10.
"""

from __future__ import annotations

from typing import NamedTuple

from pki.der import INTEGER, OCTET_STRING, OID, SEQUENCE, SET, TLV, integer, oid, read_all, span
from pki.errors.files import MalformedDERError

_WHAT = "CMS signature"
_IMPLICIT_0, _IMPLICIT_1 = 0xA0, 0xA1
_VERSION_1 = integer(1)
_SIGNED_DATA = oid("1.2.840.113549.1.7.2")
DATA, TST_INFO = oid("1.2.840.113549.1.7.1"), oid("1.2.840.113549.1.9.16.1.4")
_CONTENT_TYPE = oid("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = oid("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE_V2 = oid("1.2.840.113549.1.9.16.2.47")
_SIGNATURE_TIMESTAMP = oid("1.2.840.113549.1.9.16.2.14")
_KNOWN = frozenset({_CONTENT_TYPE, _MESSAGE_DIGEST, _SIGNING_CERTIFICATE_V2})


class Plain(NamedTuple):
    """The parts of a SignedData over plain data it does not contain, or over a TSTInfo it does."""

    content_type: bytes
    """DER of the OID: `DATA`, or `TST_INFO`."""
    content: bytes | None
    certificates: tuple[bytes, ...]
    digest_algorithm: bytes
    signature_algorithm: bytes
    signature: bytes
    signed_attributes: bytes
    """As they stand, with the tag they carry."""
    message_digest: bytes
    certificate_hash: bytes
    """SHA-256 of the signer's certificate (ESSCertIDv2)."""
    issuer: bytes
    serial: int
    timestamp: bytes | None
    """A token over the signature."""


class _OddError(Exception):
    """It is not plain."""


def read_plain(untrusted_der: bytes) -> Plain | None:
    """Return the parts of a plain SignedData; None for any other, be it right or wrong."""
    try:
        _, _, end = span(untrusted_der, 0, _WHAT)
        if untrusted_der[end:].strip(b"\0"):
            return None
        kind, content = _inside(untrusted_der[:end], SEQUENCE, 2)
        if kind.whole != _SIGNED_DATA:
            return None
        (signed_data,) = _inside(content.whole, _IMPLICIT_0, 1)
        return _parts(signed_data.whole)
    except (MalformedDERError, _OddError):
        return None


def _inside(whole: bytes, tag: int, count: int) -> tuple[TLV, ...]:
    """Return as many elements as there must be inside one."""
    found, start, end = span(whole, 0, _WHAT)
    inside = read_all(whole[start:end], _WHAT)
    if found != tag or len(inside) != count:
        raise _OddError
    return inside


def _of(element: TLV, tag: int) -> bytes:
    if element.tag != tag or not element.content:
        raise _OddError
    return element.content


def _parts(signed_data: bytes) -> Plain:
    version, digests, encapsulated, certificates, signers = _inside(signed_data, SEQUENCE, 5)
    embedded = read_all(_of(certificates, _IMPLICIT_0), _WHAT)
    kind, content = _content(encapsulated)
    (signer,) = _inside(signers.whole, SET, 1)
    if len(_of(version, INTEGER)) != 1 or (content and version.whole == _VERSION_1):
        raise _OddError  # version 1 with a content may be PKCS #7
    _of(digests, SET)
    *usual, unsigned = _signer(signer)
    number, identifier, digest, attributes, algorithm, signature = usual
    issuer, serial = _inside(identifier.whole, SEQUENCE, 2)
    for element, tag in ((number, INTEGER), (digest, SEQUENCE), (algorithm, SEQUENCE)):
        _of(element, tag)
    for element in (*embedded, issuer):
        _of(element, SEQUENCE)
    told = _attributes(read_all(_of(attributes, _IMPLICIT_0), _WHAT))
    content_type, certificate = told[_CONTENT_TYPE], told[_SIGNING_CERTIFICATE_V2]
    if content_type.whole != kind:
        raise _OddError
    return Plain(
        content_type=kind,
        content=content,
        certificates=tuple(each.whole for each in embedded),
        digest_algorithm=digest.whole,
        signature_algorithm=algorithm.whole,
        signature=_of(signature, OCTET_STRING),
        signed_attributes=attributes.whole,
        message_digest=_of(told[_MESSAGE_DIGEST], OCTET_STRING),
        certificate_hash=_certificate_hash(certificate.whole),
        issuer=issuer.whole,
        serial=int.from_bytes(_of(serial, INTEGER), "big", signed=True),
        timestamp=_timestamp(unsigned.whole) if unsigned.whole else None,
    )


_NOTHING = TLV(0, b"", b"")


def _content(encapsulated: TLV) -> tuple[bytes, bytes | None]:
    """Return the type of what is signed, and a TSTInfo."""
    parts = read_all(_of(encapsulated, SEQUENCE), _WHAT)
    if len(parts) == 1 and parts[0].whole == DATA:
        return DATA, None
    if len(parts) != 2 or parts[0].whole != TST_INFO:
        raise _OddError
    (content,) = _inside(parts[1].whole, _IMPLICIT_0, 1)
    told = _of(content, OCTET_STRING)
    if span(told, 0, _WHAT)[::2] != (SEQUENCE, len(told)):
        raise _OddError
    return TST_INFO, told


def _signer(signer: TLV) -> tuple[TLV, ...]:
    """Return what a SignerInfo consists of, unsigned attributes last."""
    count = 7 if len(read_all(_of(signer, SEQUENCE), _WHAT)) == 7 else 6
    return (*_inside(signer.whole, SEQUENCE, count), _NOTHING)[:7]


def _timestamp(unsigned: bytes) -> bytes:
    """Return the token of unsigned attributes that hold one and nothing else."""
    (attribute,) = _inside(unsigned, _IMPLICIT_1, 1)
    kind, values = _inside(attribute.whole, SEQUENCE, 2)
    (token,) = _inside(values.whole, SET, 1)
    if kind.whole != _SIGNATURE_TIMESTAMP:
        raise _OddError
    _of(token, SEQUENCE)
    return token.whole


def _attributes(attributes: tuple[TLV, ...]) -> dict[bytes, TLV]:
    """Return the value of each attribute: the three known ones, each of them once."""
    told: dict[bytes, TLV] = {}
    for attribute in attributes:
        kind, values = _inside(attribute.whole, SEQUENCE, 2)
        _of(kind, OID)
        (told[kind.whole],) = _inside(values.whole, SET, 1)
    if told.keys() != _KNOWN or len(attributes) != len(_KNOWN):
        raise _OddError
    return told


def _certificate_hash(value: bytes) -> bytes:
    """Return the hash in a SigningCertificateV2 that names one certificate by SHA-256."""
    (certificates,) = _inside(value, SEQUENCE, 1)
    (named,) = _inside(certificates.whole, SEQUENCE, 1)
    hashed, issuer_and_serial = _inside(named.whole, SEQUENCE, 2)
    _of(issuer_and_serial, SEQUENCE)
    return _of(hashed, OCTET_STRING)
