"""An extension as it stands in a certificate.

Spec: RFC 5280 §4.1.2.9.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography import x509

from pki import der

_TRUE = bytes.fromhex("0101ff")
OIDS: dict[type[x509.ExtensionType], bytes] = {
    x509.SubjectKeyIdentifier: bytes.fromhex("0603551d0e"),
    x509.KeyUsage: bytes.fromhex("0603551d0f"),
    x509.SubjectAlternativeName: bytes.fromhex("0603551d11"),
    x509.BasicConstraints: bytes.fromhex("0603551d13"),
    x509.NameConstraints: bytes.fromhex("0603551d1e"),
    x509.CRLDistributionPoints: bytes.fromhex("0603551d1f"),
    x509.CertificatePolicies: bytes.fromhex("0603551d20"),
    x509.AuthorityKeyIdentifier: bytes.fromhex("0603551d23"),
    x509.ExtendedKeyUsage: bytes.fromhex("0603551d25"),
    x509.AuthorityInformationAccess: bytes.fromhex("06082b06010505070101"),
    x509.OCSPNoCheck: bytes.fromhex("06092b0601050507300105"),
}
"""Encoded object identifiers of those that Antin writes."""


@lru_cache(maxsize=16)  # written, and compared with what was written
def key_identifier_der(identifier: bytes) -> bytes:
    """Return the octets of a subject key identifier."""
    return extension_der(x509.SubjectKeyIdentifier(identifier))


def extension_der(value: x509.ExtensionType, *, critical: bool = False) -> bytes:
    """Return the octets of one extension."""
    octets = der.encode(der.OCTET_STRING, value.public_bytes())
    return der.sequence((OIDS[type(value)], _TRUE if critical else b"", octets))
