"""OCSP responses written as DER directly.

`cryptography`'s builder takes producedAt from the machine's clock, which here comes from the
`Clock` that everything else is dated by. A test compares these bytes with the builder's.

Spec: RFC 6960 §4.2.1; RFC 9654 §2.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from pki import der
from pki.reasons import REASON_CODES

_OCSP_BASIC = bytes.fromhex("06092b0601050507300101")
_NONCE = bytes.fromhex("06092b0601050507300102")
_SUCCESSFUL = der.encode(der.ENUMERATED, b"\x00")
_GOOD, _REVOKED, _UNKNOWN = 0x80, 0xA1, 0x82
_EXPLICIT_0, _EXPLICIT_1, _BY_KEY = 0xA0, 0xA1, 0xA2


@dataclass(frozen=True, slots=True)
class CertID:
    """Whose certificate is asked about; the hashes are the asker's."""

    algorithm_der: bytes
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int


@dataclass(frozen=True, slots=True)
class Revocation:
    """The status of a revoked certificate."""

    at: datetime
    reason: x509.ReasonFlags


@dataclass(frozen=True, slots=True)
class ResponseContent:
    """What a response about one certificate is to say."""

    responder_key_hash: bytes
    """SHA-1 over the responder's key, as the standard has it."""
    produced_at: datetime
    cert_id: CertID
    status: Revocation | bool
    """True for good, False for unknown."""
    next_update: datetime
    nonce: bytes | None


def encode_response_data(content: ResponseContent) -> bytes:
    """Return the DER of the ResponseData: what is signed."""
    extensions = b""
    if content.nonce is not None:
        value = der.encode(der.OCTET_STRING, content.nonce)
        nonce = der.sequence((_NONCE, der.encode(der.OCTET_STRING, value)))
        extensions = der.encode(_EXPLICIT_1, der.sequence((nonce,)))
    key_hash = der.encode(der.OCTET_STRING, content.responder_key_hash)
    return der.sequence(
        (
            der.encode(_BY_KEY, key_hash),
            der.generalized_time(content.produced_at),
            der.sequence((_single_response(content),)),
            extensions,
        )
    )


def encode_response(
    response_data: bytes, algorithm_der: bytes, signature: bytes, *, certificate_der: bytes
) -> bytes:
    """Return the DER of a successful OCSPResponse, with the signer's certificate in it."""
    certificates = der.encode(_EXPLICIT_0, der.sequence((certificate_der,)))
    basic = der.sequence((response_data, algorithm_der, der.bit_string(signature), certificates))
    body = der.sequence((_OCSP_BASIC, der.encode(der.OCTET_STRING, basic)))
    return der.sequence((_SUCCESSFUL, der.encode(_EXPLICIT_0, body)))


def _single_response(content: ResponseContent) -> bytes:
    asked = content.cert_id
    cert_id = der.sequence(
        (
            asked.algorithm_der,
            der.encode(der.OCTET_STRING, asked.issuer_name_hash),
            der.encode(der.OCTET_STRING, asked.issuer_key_hash),
            der.integer(asked.serial),
        )
    )
    return der.sequence(
        (
            cert_id,
            _status(content.status),
            der.generalized_time(content.produced_at),
            der.encode(_EXPLICIT_0, der.generalized_time(content.next_update)),
        )
    )


def _status(status: Revocation | bool) -> bytes:  # noqa: FBT001  a value, not a switch
    if isinstance(status, bool):
        return der.encode(_GOOD if status else _UNKNOWN, b"")
    code = REASON_CODES.get(status.reason)
    # `unspecified` is told by saying nothing, as in a CRL (RFC 5280 §5.3.1).
    reason = der.encode(_EXPLICIT_0, der.encode(der.ENUMERATED, bytes((code,)))) if code else b""
    return der.encode(_REVOKED, der.generalized_time(status.at) + reason)
