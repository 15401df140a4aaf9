"""Throw-away keys: `cryptography` gives to-be-signed bytes only in something signed.

One a process and kind of key; what they sign is never kept.
"""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa

from pki.keys import KeyType, PrivateKey, key_type_of


def twin_of(key: PrivateKey) -> PrivateKey:
    """Return a throw-away key whose signatures name the same algorithm as those of `key`."""
    return _key(key_type_of(key))


@cache
def _key(kind: KeyType | None) -> PrivateKey:
    curve = _CURVES.get(kind)
    if curve is not None:
        return ec.generate_private_key(curve)
    one_size = _ONE_SIZE.get(kind)
    if one_size is not None:
        return one_size.generate()
    # The size of an RSA key does not show in the bytes, so the smallest will do.
    return rsa.generate_private_key(65537, 2048)


_CURVES: dict[KeyType | None, ec.EllipticCurve] = {
    KeyType.EC_P256: ec.SECP256R1(),
    KeyType.EC_P384: ec.SECP384R1(),
    KeyType.EC_P521: ec.SECP521R1(),
}
_ONE_SIZE: dict[
    KeyType | None,
    type[ed25519.Ed25519PrivateKey]
    | type[mldsa.MLDSA44PrivateKey]
    | type[mldsa.MLDSA65PrivateKey]
    | type[mldsa.MLDSA87PrivateKey],
] = {
    KeyType.ED25519: ed25519.Ed25519PrivateKey,
    KeyType.ML_DSA_44: mldsa.MLDSA44PrivateKey,
    KeyType.ML_DSA_65: mldsa.MLDSA65PrivateKey,
    KeyType.ML_DSA_87: mldsa.MLDSA87PrivateKey,
}
