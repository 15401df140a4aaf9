"""To-be-signed bytes: `cryptography` gives them only in something signed.

So one throw-away key a process signs, of the kind that signs fastest, whatever the issuer's own
is: an RSA key of the issuer's kind would cost as much again as the signature that counts. What it
signs is never kept, and the field that names the algorithm is written anew.
"""

from __future__ import annotations

from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from pki import der

_ALGORITHM = 2
"""Place of the field in a TBSCertificate of version 3."""


def to_be_signed(builder: x509.CertificateBuilder, algorithm: bytes) -> bytes:
    """Return the DER of the TBSCertificate that `builder` describes.

    Args:
        builder: everything but the algorithm.
        algorithm: DER of the AlgorithmIdentifier of the signature to come.

    Spec: RFC 5280 §4.1.2.3.
    """
    written = der.read(builder.sign(throwaway_key(), SHA256()).tbs_certificate_bytes, "certificate")
    fields = [field.whole for field in der.read_all(written.content, "certificate")]
    fields[_ALGORITHM] = algorithm
    return der.sequence(fields)


@cache
def throwaway_key() -> ec.EllipticCurvePrivateKey:
    """Return the key of this process."""
    return ec.generate_private_key(ec.SECP256R1())
