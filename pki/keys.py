"""The seam to private keys: `cryptography`'s own classes, in software or subclassed by `hsm`.

One class works unchanged in certificate, CSR, CRL and OCSP builders and in the pyHanko signer.
"""

from __future__ import annotations

from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
"""Keys that Antin signs with today; more algorithms widen this union and nothing else."""

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


class KeyType(StrEnum):
    """Key types by the names the command line uses."""

    EC_P256 = "ec-p256"
    EC_P384 = "ec-p384"
    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"


def hash_for(key: PrivateKey | PublicKey) -> SHA256 | SHA384:
    """Return the hash that matches the key's strength: SHA-384 for P-384, else SHA-256."""
    if isinstance(key, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey):
        return SHA384() if key.curve.key_size > 256 else SHA256()
    return SHA256()


def sign_data(key: PrivateKey, data: bytes, *, pss: bool = False) -> bytes:
    """Return the signature over `data` (hashed here or by the token) with the key's own hash.

    Args:
        key: in software, or a token's key from `hsm`.
        data: the bytes to be signed, not their digest.
        pss: for RSA keys, RSASSA-PSS with a salt as long as the hash instead of PKCS#1 v1.5.

    Spec: RFC 8017 §8.1 and §8.2; X9.62 with a DER Ecdsa-Sig-Value (RFC 3279 §2.2.3).
    """
    algorithm = hash_for(key)
    if isinstance(key, rsa.RSAPrivateKey):
        scheme = (
            padding.PSS(padding.MGF1(algorithm), padding.PSS.DIGEST_LENGTH)
            if pss
            else padding.PKCS1v15()
        )
        return key.sign(data, scheme, algorithm)
    return key.sign(data, ec.ECDSA(algorithm))


def algorithm_der(key: PrivateKey | PublicKey) -> bytes:
    """Return the DER of the AlgorithmIdentifier of what `sign_data` makes without `pss`.

    Spec: RFC 4055 §5 (sha256WithRSAEncryption, parameters NULL); RFC 5758 §3.2 (ECDSA, none).
    """
    if isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey):
        return bytes.fromhex("300d06092a864886f70d01010b0500")
    last = 3 if isinstance(hash_for(key), SHA384) else 2
    return bytes.fromhex("300a06082a8648ce3d0403") + bytes((last,))


def certifies(certificate: x509.Certificate, key: PrivateKey) -> bool:
    """Say whether the certificate's public key belongs to the private key."""
    return certificate.public_key() == key.public_key()
