"""The one place where hsm reads DER by itself: the parts of a certificate that a token indexes."""

from __future__ import annotations

from dataclasses import dataclass

from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


@dataclass(frozen=True, slots=True)
class CertificateParts:
    """DER of a certificate and of the fields PKCS#11 keeps beside it, byte for byte as issued.

    Spec: PKCS #11 v3.0 §4.6.3 (CKA_VALUE, CKA_SUBJECT, CKA_ISSUER, CKA_SERIAL_NUMBER).
    """

    value: bytes
    subject: bytes
    issuer: bytes
    serial_number: bytes


def certificate_parts(certificate: x509.Certificate) -> CertificateParts:
    """Return the parts as they stand in the certificate: re-encoded names might not match."""
    value = certificate.public_bytes(Encoding.DER)
    fields = Certificate.load(value)["tbs_certificate"]
    return CertificateParts(
        value=value,
        subject=fields["subject"].dump(),
        issuer=fields["issuer"].dump(),
        serial_number=fields["serial_number"].dump(),
    )
