"""The seam to private keys: `cryptography`'s own classes, in software or subclassed by `hsm`.

One class works unchanged in certificate, CSR, CRL and OCSP builders and in the pyHanko signer.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Literal, TypeGuard, cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

MLDSAPrivateKey = mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey | mldsa.MLDSA87PrivateKey
MLDSAPublicKey = mldsa.MLDSA44PublicKey | mldsa.MLDSA65PublicKey | mldsa.MLDSA87PublicKey

PrivateKey = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | MLDSAPrivateKey
)
"""Keys that Antin signs with; more algorithms widen this union and the functions of this file."""

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | MLDSAPublicKey


class KeyType(StrEnum):
    """Key types by the names the command line uses."""

    EC_P256 = "ec-p256"
    EC_P384 = "ec-p384"
    EC_P521 = "ec-p521"
    ED25519 = "ed25519"
    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"
    ML_DSA_44 = "ml-dsa-44"
    ML_DSA_65 = "ml-dsa-65"
    ML_DSA_87 = "ml-dsa-87"


_CURVES = {
    "secp256r1": KeyType.EC_P256,
    "secp384r1": KeyType.EC_P384,
    "secp521r1": KeyType.EC_P521,
}
_RSA_SIZES = {2048: KeyType.RSA_2048, 3072: KeyType.RSA_3072, 4096: KeyType.RSA_4096}


_ONE_SIZE = (
    (KeyType.ED25519, ed25519.Ed25519PrivateKey | ed25519.Ed25519PublicKey),
    (KeyType.ML_DSA_44, mldsa.MLDSA44PrivateKey | mldsa.MLDSA44PublicKey),
    (KeyType.ML_DSA_65, mldsa.MLDSA65PrivateKey | mldsa.MLDSA65PublicKey),
    (KeyType.ML_DSA_87, mldsa.MLDSA87PrivateKey | mldsa.MLDSA87PublicKey),
)


def key_type_of(key: object) -> KeyType | None:
    """Return the type of a private or public key, or None for one that Antin has no name for."""
    match _family_of(key):
        case "rsa":
            return _RSA_SIZES.get(cast("rsa.RSAPublicKey", key).key_size)
        case "ec":
            return _CURVES.get(cast("ec.EllipticCurvePublicKey", key).curve.name)
        case one_size:
            return one_size


def is_public(key: object) -> TypeGuard[PublicKey]:
    """Say whether it is a public key of a kind that Antin works with."""
    return _is_public(type(key))  # type: ignore[arg-type]  # a class is hashable


@lru_cache(maxsize=128)  # as below
def _is_public(kind: type) -> bool:
    return issubclass(kind, PublicKey)


_Family = Literal["rsa", "ec"] | KeyType | None


def _family_of(key: object) -> _Family:
    return _family(type(key))  # type: ignore[arg-type]  # a class is hashable


# An instance of an abstract class is looked for among all that are registered with it; the answer
# for a class is the answer for each of its objects.
@lru_cache(maxsize=128)
def _family(kind: type) -> _Family:
    if issubclass(kind, rsa.RSAPrivateKey | rsa.RSAPublicKey):
        return "rsa"
    if issubclass(kind, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey):
        return "ec"
    return next((one for one, classes in _ONE_SIZE if issubclass(kind, classes)), None)


def hash_for(key: PrivateKey | PublicKey) -> SHA256 | SHA384 | SHA512 | None:
    """Return the hash the key signs, as strong as the key; None where the algorithm has its own.

    This is what `cryptography`'s builders take as their `algorithm`.
    """
    family = _family_of(key)
    if family == "ec":
        return _curve_hash(cast("ec.EllipticCurvePublicKey", key).curve)
    return SHA256() if family == "rsa" else None


def digest_for(key: PrivateKey | PublicKey) -> SHA256 | SHA384 | SHA512:
    """Return the hash that goes with the key in CMS: over the content, in `message-digest`.

    Spec: RFC 5754 §3; RFC 8419 §3.1 (Ed25519: SHA-512); RFC 9882 §3.3 (ML-DSA: SHA-512 fits all).
    """
    return hash_for(key) or SHA512()


def sign_data(key: PrivateKey, data: bytes, *, pss: bool = False) -> bytes:
    """Return the signature over `data` (hashed here or by the token) with the key's own hash.

    Args:
        key: in software, or a token's key from `hsm`.
        data: the bytes to be signed, not their digest.
        pss: for RSA keys, RSASSA-PSS with a salt as long as the hash instead of PKCS#1 v1.5.

    Spec: RFC 8017 §8.1 and §8.2; X9.62 with a DER Ecdsa-Sig-Value (RFC 3279 §2.2.3); RFC 8032
    §5.1 (pure Ed25519); FIPS 204 §5.2 (pure ML-DSA, empty context).
    """
    match _family_of(key):
        case "rsa":
            return cast("rsa.RSAPrivateKey", key).sign(data, _rsa_scheme(pss=pss), SHA256())
        case "ec":
            on_curve = cast("ec.EllipticCurvePrivateKey", key)
            return on_curve.sign(data, ec.ECDSA(_curve_hash(on_curve.curve)))
        case _:
            return cast("ed25519.Ed25519PrivateKey | MLDSAPrivateKey", key).sign(data)


def verifies(key: PublicKey, signature: bytes, data: bytes, *, pss: bool = False) -> bool:
    """Say whether `signature` is one that `sign_data` could have made over `data`."""
    try:
        match key:
            case rsa.RSAPublicKey():
                key.verify(signature, data, _rsa_scheme(pss=pss), SHA256())
            case ec.EllipticCurvePublicKey():
                key.verify(signature, data, ec.ECDSA(_curve_hash(key.curve)))
            case _:
                key.verify(signature, data)
    except InvalidSignature:
        return False
    return True


def algorithm_der(key: PrivateKey | PublicKey, *, pss: bool = False) -> bytes:
    """Return the DER of the AlgorithmIdentifier of what `sign_data` makes.

    Spec: RFC 4055 §5 (sha256WithRSAEncryption, parameters NULL) and §3.1 (PSS: SHA-256, MGF1 with
    SHA-256, a salt of 32 octets, the trailer left out as its default); RFC 5758 §3.2 (ECDSA, none);
    RFC 8410 §3 (Ed25519, none); RFC 9881 §2 (ML-DSA, none).
    """
    match _family_of(key):
        case "rsa":
            return _PSS if pss else bytes.fromhex("300d06092a864886f70d01010b0500")
        case "ec":
            size = _curve_hash(cast("ec.EllipticCurvePublicKey", key).curve).digest_size
            return bytes.fromhex("300a06082a8648ce3d0403") + bytes(({32: 2, 48: 3, 64: 4}[size],))
        case one_size:
            return _HASHING_INSIDE[one_size]


_PSS = bytes.fromhex(
    "304106092a864886f70d01010a3034a00f300d06096086480165030402010500"
    "a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120"
)
_HASHING_INSIDE: dict[KeyType | None, bytes] = {
    KeyType.ED25519: bytes.fromhex("300506032b6570"),
    KeyType.ML_DSA_44: bytes.fromhex("300b0609608648016503040311"),
    KeyType.ML_DSA_65: bytes.fromhex("300b0609608648016503040312"),
    KeyType.ML_DSA_87: bytes.fromhex("300b0609608648016503040313"),
}


def certifies(certificate: x509.Certificate, key: PrivateKey) -> bool:
    """Say whether the certificate's public key belongs to the private key."""
    return certificate.public_key() == key.public_key()


def _curve_hash(curve: ec.EllipticCurve) -> SHA256 | SHA384 | SHA512:
    if curve.key_size > 384:
        return SHA512()
    return SHA384() if curve.key_size > 256 else SHA256()


def _rsa_scheme(*, pss: bool) -> padding.PSS | padding.PKCS1v15:
    if pss:
        return padding.PSS(padding.MGF1(SHA256()), padding.PSS.DIGEST_LENGTH)
    return padding.PKCS1v15()
