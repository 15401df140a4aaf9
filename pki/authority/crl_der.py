"""Revocation lists written as DER directly.

`cryptography`'s `CertificateRevocationListBuilder` copies its list of entries at every `add`: the
time grows with the square. Measured for 67,668 entries with a reason each, P-256 in software, two
shared cores, Python 3.11, cryptography 50: builder 4.5 s (9.5 s on another day), this file 0.31 s;
reading the list back and checking its signature takes 0.11 s more.

Spec: RFC 5280 §5.1 and §5.2; X.509 (2019) §9.5.2.12 (expiredCertsOnCRL).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from pki import der
from pki.reasons import REASON_CODES
from pki.records import RevocationRecord

_CRL_NUMBER = bytes.fromhex("0603551d14")
_REASON = bytes.fromhex("0603551d15")
_INVALIDITY_DATE = bytes.fromhex("0603551d18")
_AUTHORITY_KEY_IDENTIFIER = bytes.fromhex("0603551d23")
_EXPIRED_CERTS_ON_CRL = bytes.fromhex("0603551d3c")
_KEY_IDENTIFIER_TAG = 0x80
_EXTENSIONS_TAG = 0xA0
_VERSION_2 = der.integer(1)


@dataclass(frozen=True, slots=True)
class CRLContent:
    """What a revocation list is to say."""

    issuer: x509.Name
    key_identifier: bytes
    algorithm: bytes
    """DER of the signature's AlgorithmIdentifier."""
    number: int
    this_update: datetime
    next_update: datetime
    expired_since: datetime
    """From when on certificates that have expired stay on the list."""
    revocations: tuple[RevocationRecord, ...]


def encode_tbs(content: CRLContent) -> bytes:
    """Return the DER of the TBSCertList."""
    entries = b"".join(_entry(revocation) for revocation in content.revocations)
    return der.sequence(
        (
            _VERSION_2,
            content.algorithm,
            content.issuer.public_bytes(),
            der.time(content.this_update),
            der.time(content.next_update),
            # An empty list of entries must be absent (RFC 5280 §5.1.2.6).
            der.encode(der.SEQUENCE, entries) if entries else b"",
            der.encode(_EXTENSIONS_TAG, der.sequence(_extensions(content))),
        )
    )


def _extensions(content: CRLContent) -> tuple[bytes, ...]:
    key_identifier = der.encode(_KEY_IDENTIFIER_TAG, content.key_identifier)
    return (
        _extension(_AUTHORITY_KEY_IDENTIFIER, der.sequence((key_identifier,))),
        _extension(_CRL_NUMBER, der.integer(content.number)),
        _extension(_EXPIRED_CERTS_ON_CRL, der.generalized_time(content.expired_since)),
    )


def _entry(revocation: RevocationRecord) -> bytes:
    extensions = b""
    code = REASON_CODES.get(revocation.reason)
    if code is not None:
        extensions += _extension(_REASON, der.encode(der.ENUMERATED, bytes((code,))))
    if revocation.invalidity_date is not None:
        extensions += _extension(_INVALIDITY_DATE, der.generalized_time(revocation.invalidity_date))
    return der.sequence(
        (
            der.integer(revocation.serial),
            der.time(revocation.revoked_at),
            der.encode(der.SEQUENCE, extensions) if extensions else b"",
        )
    )


def _extension(oid: bytes, value: bytes) -> bytes:
    return der.sequence((oid, der.encode(der.OCTET_STRING, value)))
