"""Reads the oldest signatures of PDF: a bare PKCS #1 value, the certificates beside it.

Their SubFilter says SHA-1; since PDF 1.6 the digest is the one that the value names.

Spec: ISO 32000-1 §12.8.3.2 (adbe.x509.rsa_sha1), Table 252 (Cert), Table 257; RFC 8017 §9.2.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    ByteStringObject,
    PdfObject,
    TextStringObject,
)

from pki import der
from pki.errors.files import MalformedDERError
from verify.certificate import read_certificate, readable, serial_of
from verify.cms.token import Token
from verify.errors import MalformedObjectError
from verify.guard import foreign
from verify.lenient import issuer_der
from verify.pdf.fields import SignatureField
from verify.pdf.values import look_up
from verify.signature_value import DIGEST_OIDS, Scheme

BARE = "/adbe.x509.rsa_sha1"
_WHAT = "signature"
_CERTIFICATES = 32
_DATA = "1.2.840.113549.1.7.1"


def read_bare(untrusted_der: bytes, field: SignatureField) -> Token:
    """Return the signature as a token without signed attributes.

    Args:
        untrusted_der: the OCTET STRING in /Contents; zeros after its end are allowed.
        field: its /Cert holds the signer's certificate first, then those above it.

    Raises:
        MalformedObjectError: no such string, no RSA certificate, or bytes after the end.
    """
    certificates = _certificates(field)
    if not certificates:
        raise MalformedObjectError(what=_WHAT, reason="no certificate beside it")
    signer = read_certificate(certificates[0])
    key, value = signer.public_key(), _value(untrusted_der)
    if not isinstance(key, rsa.RSAPublicKey):
        raise MalformedObjectError(what=_WHAT, reason="no RSA key beside it")
    digest = _digest(key, value)
    return Token(
        content_type=_DATA,
        content=None,
        certificates=tuple(readable(certificates)),
        crls=(),
        ocsp_responses=(),
        digest=digest,
        scheme=Scheme("rsassa-pkcs1v15", digest),
        signature=value,
        signed_attributes=None,
        message_digest=None,
        signed_content_type=None,
        claimed_signing_time=None,
        ess=(),
        signature_timestamps=(),
        content_timestamps=(),
        _key_id=None,
        _issuer_and_serial=(issuer_der(signer), serial_of(signer)),
    )


def _certificates(field: SignatureField) -> Sequence[bytes]:
    with foreign("certificates of a signature"):
        found = look_up(field.signature, "/Cert")
        listed = list(found)[:_CERTIFICATES] if isinstance(found, ArrayObject) else [found]
        values = [each.get_object() for each in listed if isinstance(each, PdfObject)]
    strings = (TextStringObject, ByteStringObject)
    return [each.original_bytes for each in values if isinstance(each, strings)]


def _value(untrusted_der: bytes) -> bytes:
    try:
        tag, start, end = der.span(untrusted_der, 0, _WHAT)
    except MalformedDERError as error:
        raise MalformedObjectError(what=_WHAT, reason=str(error.facts["reason"])) from error
    if tag != der.OCTET_STRING or untrusted_der[end:].strip(b"\0"):
        raise MalformedObjectError(what=_WHAT, reason="no octets of a signature alone")
    return untrusted_der[start:end]


def _digest(key: rsa.RSAPublicKey, value: bytes) -> str:
    """Return the digest that the value names; SHA-1 where it names none that is known."""
    try:
        with foreign(_WHAT):
            told = key.recover_data_from_signature(value, padding.PKCS1v15(), None)
    except MalformedObjectError:
        return "sha1"  # it will not verify, whatever the digest
    return next((name for name, oid in DIGEST_OIDS.items() if oid in told[:24]), "sha1")
