"""DER between `cryptography`, which our API speaks, and `asn1crypto`, which pyHanko speaks."""

from __future__ import annotations

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


def to_asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    """Return the same certificate as `asn1crypto` has it."""
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
