"""Which public keys may be certified.

1. The key is of an allowed type.
2. An RSA key has exponent 65537, no small factor, primes that are not close together, and none of
   the structure that the Infineon library left in its moduli.
3. An Ed25519 key is none of the few points under which anybody can sign.

NIST curve points are checked to lie on their curve when `cryptography` reads them; every ML-DSA
key of the right length is as good as another.

Spec: FIPS 186-5 §5.1 and A.1.1; CVE-2017-15361 (structured primes); CVE-2022-26320 (close primes);
RFC 8032 §5.1 (edwards25519).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from math import gcd, isqrt, prod

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pki.errors import WeakKeyError
from pki.keys import KeyType, PublicKey, key_type_of

FERMAT_ROUNDS = 100

_FIELD = 2**255 - 19
_CURVE_D = -121665 * pow(121666, -1, _FIELD) % _FIELD


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


def check_strength(key: object, allowed: Collection[KeyType] = tuple(KeyType)) -> PublicKey:
    """Return the key if it may be certified.

    Raises:
        WeakKeyError: of another type, or weak.
    """
    found = key_type_of(key)
    if found is None or not isinstance(key, PublicKey):
        raise WeakKeyError(reason="this type or size of key is not certified")
    if found not in allowed:
        raise WeakKeyError(reason=f"the profile does not allow {found.value}")
    if isinstance(key, rsa.RSAPublicKey):
        _check_rsa(key.public_numbers())
    if isinstance(key, ed25519.Ed25519PublicKey) and has_small_order(key.public_bytes_raw()):
        raise WeakKeyError(reason="anybody can sign under this Ed25519 key")
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


def has_small_order(point: bytes) -> bool:
    """Say whether an encoded point of edwards25519 has an order of 1, 2, 4 or 8.

    Doubled three times such a point is the neutral one. Its y is 1 or -1 (orders 1 and 2), 0
    (order 4), or makes the y of its double 0 (order 8): x² = -y² put into the curve's equation.
    """
    y = int.from_bytes(point, "little") % 2**255
    return y * (y * y - 1) * (_CURVE_D * y**4 + 2 * y * y - 1) % _FIELD == 0
