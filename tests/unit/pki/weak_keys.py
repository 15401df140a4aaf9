"""Weak keys, made the way broken generators made them; the sizes are free."""

from __future__ import annotations

import secrets
from functools import cache
from math import gcd, prod
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa

PRIMES = [n for n in range(2, 2000) if all(n % i for i in range(2, n))]
_SIEVE = prod(PRIMES)


def public(modulus: int, exponent: int = 65537) -> rsa.RSAPublicKey:
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def is_prime(number: int) -> bool:
    return gcd(number, _SIEVE) == 1 and all(pow(a, number - 1, number) == 1 for a in (2, 3))


def next_prime(number: int) -> int:
    number |= 1
    while not is_prime(number):
        number += 2
    return number


@cache
def prime(bits: int, seed: int = 0) -> int:
    """Return a prime with its two highest bits set, so that two of them fill their size."""
    return next_prime((3 << (bits - 2)) + seed * (1 << (bits - 20)) + secrets.randbits(bits - 24))


def structured_prime(bits: int, primes_in_m: int) -> int:
    """Return a prime of the form k·M + (65537^a mod M), M the product of the first primes.

    As in CVE-2017-15361: 39 primes for keys of 512 bits, 126 for 2048.
    """
    product = prod(PRIMES[:primes_in_m])
    free = bits - product.bit_length()
    while True:
        factor = (3 << (bits - 2)) // product + secrets.randbits(free - 3)
        candidate = factor * product + pow(65537, secrets.randbits(62), product)
        if is_prime(candidate):
            return candidate


@cache
def structured_modulus(bits: int = 2048) -> int:
    count = {512: 39, 1024: 71, 2048: 126}[bits]
    return structured_prime(bits // 2, count) * structured_prime(bits // 2, count)


@cache
def close_modulus(gap: int = 10**6) -> int:
    """Return the product of two neighbouring primes of 1024 bits."""
    first = prime(1024)
    return first * next_prime(first + gap)


def odd_rsa_key(modulus: int, exponent: int = 65537) -> rsa.RSAPublicKey:
    """Return a key that no library would make of such numbers; a token may hand it over."""

    class Odd(rsa.RSAPublicKey):
        key_size = modulus.bit_length()  # type: ignore[assignment]

        def public_numbers(self) -> rsa.RSAPublicNumbers:
            return rsa.RSAPublicNumbers(exponent, modulus)

    return _complete(Odd)


def point_off_curve(of: ec.EllipticCurve) -> ec.EllipticCurvePublicKey:
    """Return a key that says it lies on the curve, and does not."""
    numbers = ec.generate_private_key(of).public_key().public_numbers()

    class OffCurve(ec.EllipticCurvePublicKey):
        curve = of  # type: ignore[assignment]

        def public_numbers(self) -> ec.EllipticCurvePublicNumbers:
            return ec.EllipticCurvePublicNumbers(numbers.x, numbers.y ^ 1, of)

    return _complete(OffCurve)


def _complete(key_class: Any) -> Any:
    key_class.__abstractmethods__ = frozenset()
    return key_class()
