"""Which public keys may be certified.

1. The key is of an allowed type.
2. An RSA key has exponent 65537, no small factor, primes that are not close together, and none of
   the structure that the Infineon library left in its moduli.

Elliptic-curve points are checked to lie on their curve when `cryptography` reads them.

Spec: FIPS 186-5 §5.1 and A.1.1; CVE-2017-15361 (structured primes); CVE-2022-26320 (close primes).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from math import gcd, isqrt, prod

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pki.errors import WeakKeyError
from pki.keys import KeyType, PublicKey

FERMAT_ROUNDS = 100

_CURVES = {"secp256r1": KeyType.EC_P256, "secp384r1": KeyType.EC_P384}
_RSA_SIZES = {2048: KeyType.RSA_2048, 3072: KeyType.RSA_3072, 4096: KeyType.RSA_4096}


def _primes_up_to(limit: int) -> tuple[int, ...]:
    return tuple(
        number
        for number in range(2, limit + 1)
        if all(number % i for i in range(2, isqrt(number) + 1))
    )


_SMALL_PRIMES = prod(_primes_up_to(751))
_FINGERPRINT = tuple(
    (prime, frozenset(pow(65537, power, prime) for power in range(prime)))
    for prime in _primes_up_to(167)[1:]
)
"""For each small prime, the residues that a structured modulus can have: powers of 65537."""


def key_type_of(key: object) -> KeyType | None:
    """Return the type of a public key, or None if Antin certifies no such keys."""
    if isinstance(key, rsa.RSAPublicKey):
        return _RSA_SIZES.get(key.key_size)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _CURVES.get(key.curve.name)
    return None


def check_strength(key: object, allowed: Collection[KeyType] = tuple(KeyType)) -> PublicKey:
    """Return the key if it may be certified.

    Raises:
        WeakKeyError: of another type, or weak.
    """
    found = key_type_of(key)
    if found is None or not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise WeakKeyError(reason="this type or size of key is not certified")
    if found not in allowed:
        raise WeakKeyError(reason=f"the profile does not allow {found.value}")
    if isinstance(key, rsa.RSAPublicKey):
        _check_rsa(key.public_numbers())
    return key


def spki_sha256(key: PublicKey) -> str:
    """Return the key's identity: SHA-256 of its SubjectPublicKeyInfo, lower-case hex."""
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()


def _check_rsa(numbers: rsa.RSAPublicNumbers) -> None:
    if numbers.e != 65537:
        raise WeakKeyError(reason="the RSA exponent is not 65537")
    if gcd(numbers.n, _SMALL_PRIMES) != 1:
        raise WeakKeyError(reason="the RSA modulus has a small factor")
    if has_structured_primes(numbers.n):
        raise WeakKeyError(reason="the RSA modulus has structured primes (ROCA)")
    if has_close_primes(numbers.n):
        raise WeakKeyError(reason="the RSA primes are close together")


def has_structured_primes(modulus: int) -> bool:
    """Say whether every residue is a power of 65537: by chance, about once in 2^27 moduli."""
    return all(modulus % prime in residues for prime, residues in _FINGERPRINT)


def has_close_primes(modulus: int) -> bool:
    """Say whether Fermat's factorisation succeeds in a hundred rounds."""
    middle = isqrt(modulus - 1) + 1
    for step in range(FERMAT_ROUNDS):
        square = (middle + step) ** 2 - modulus
        if isqrt(square) ** 2 == square:
            return True
    return False
