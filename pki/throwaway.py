"""Throw-away keys: `cryptography` gives to-be-signed bytes only in something signed.

One a process and kind of key; what they sign is never kept.
"""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from pki.keys import PrivateKey


def twin_of(key: PrivateKey) -> PrivateKey:
    """Return a throw-away key whose signatures name the same algorithm as those of `key`."""
    return _key(key.curve.name if isinstance(key, ec.EllipticCurvePrivateKey) else "rsa")


@cache
def _key(kind: str) -> PrivateKey:
    match kind:
        case "secp256r1":
            return ec.generate_private_key(ec.SECP256R1())
        case "secp384r1":
            return ec.generate_private_key(ec.SECP384R1())
        case _:
            # The size of an RSA key does not show in the bytes, so the smallest will do.
            return rsa.generate_private_key(65537, 2048)
