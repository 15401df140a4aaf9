"""Parts of CMS signatures written as DER directly: those that are the same in each of a key's.

Spec: RFC 5652 §5 and §11; RFC 5035 §3 (ESS signing-certificate-v2); RFC 5754 §2.
"""

from __future__ import annotations

import hashlib

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki.der import NULL, OCTET_STRING, SET, encode, integer, oid, sequence
from pki.keys import PrivateKey, PublicKey, digest_for, hash_for

DATA = oid("1.2.840.113549.1.7.1")
SIGNED_DATA = oid("1.2.840.113549.1.7.2")
CONTENT_TYPE = oid("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = oid("1.2.840.113549.1.9.4")
SIGNING_TIME = oid("1.2.840.113549.1.9.5")
SIGNING_CERTIFICATE_V2 = oid("1.2.840.113549.1.9.16.2.47")
SIGNATURE_TIMESTAMP = oid("1.2.840.113549.1.9.16.2.14")
VERSION_1 = integer(1)
IMPLICIT_0, IMPLICIT_1, _EXPLICIT_4 = 0xA0, 0xA1, 0xA4
_DIGESTS = {
    "sha256": oid("2.16.840.1.101.3.4.2.1"),
    "sha384": oid("2.16.840.1.101.3.4.2.2"),
    "sha512": oid("2.16.840.1.101.3.4.2.3"),
}


def attribute(kind: bytes, *values: bytes) -> bytes:
    """Return an Attribute of encoded values."""
    return sequence((kind, encode(SET, b"".join(sorted(values)))))


def digest_algorithm(key: PrivateKey | PublicKey) -> bytes:
    """Return the AlgorithmIdentifier of the hash that goes with a key.

    RFC 5754 §2 has receivers take both forms; with NULL is what everyone writes. RFC 8419 §3.1 and
    RFC 9882 §3.3 leave no choice for keys that hash by themselves.
    """
    parameters = b"" if hash_for(key) is None else encode(NULL, b"")
    return sequence((_DIGESTS[digest_for(key).name], parameters))


def issuer_and_serial(certificate: x509.Certificate) -> bytes:
    """Return the IssuerAndSerialNumber of a certificate."""
    issuer = certificate.issuer.public_bytes()
    return sequence((issuer, integer(certificate.serial_number)))


def signing_certificate(certificate: x509.Certificate) -> bytes:
    """Return a SigningCertificateV2 that names one certificate by SHA-256, the default.

    Spec: RFC 5035 §3.
    """
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    issuer = encode(_EXPLICIT_4, certificate.issuer.public_bytes())
    named = sequence((sequence((issuer,)), integer(certificate.serial_number)))
    return sequence((sequence((sequence((encode(OCTET_STRING, digest), named)),)),))
