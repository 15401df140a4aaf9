"""Key strength: each weakness is found, and the sound key passes."""

from __future__ import annotations

from math import prod

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from pki_world import new_key, rsa_key

from pki import strength
from pki.errors import WeakKeyError
from pki.keys import KeyType, key_type_of
from pki.strength import (
    check_strength,
    has_close_primes,
    has_small_order,
    has_structured_primes,
)

MODULUS = rsa_key().public_key().public_numbers().n


def public(modulus: int, exponent: int = 65537) -> rsa.RSAPublicKey:
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def next_prime(number: int) -> int:
    number |= 1
    while pow(2, number - 1, number) != 1 or pow(3, number - 1, number) != 1:
        number += 2
    return number


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("p256", KeyType.EC_P256),
        ("p384", KeyType.EC_P384),
        ("p521", KeyType.EC_P521),
        ("a", KeyType.RSA_2048),
        ("ed25519", KeyType.ED25519),
        ("ml-dsa-44", KeyType.ML_DSA_44),
        ("ml-dsa-65", KeyType.ML_DSA_65),
        ("ml-dsa-87", KeyType.ML_DSA_87),
    ],
)
def test_a_sound_key_passes(kind: str, found: KeyType):
    key = new_key(kind).public_key()
    assert check_strength(key) is key
    assert key_type_of(key) is found


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256K1()).public_key(),
        ec.generate_private_key(ec.BrainpoolP256R1()).public_key(),
        ed448.Ed448PrivateKey.generate().public_key(),
        public(MODULUS >> 1024 | 1),
        "no key",
    ],
)
def test_another_kind_of_key_is_refused(key: object):
    with pytest.raises(WeakKeyError, match="not certified"):
        check_strength(key)


def test_the_profile_says_which_types():
    with pytest.raises(WeakKeyError, match="does not allow ec-p256"):
        check_strength(new_key().public_key(), [KeyType.EC_P384])


def test_another_exponent_is_refused():
    with pytest.raises(WeakKeyError, match="65537"):
        check_strength(public(MODULUS, 3))


def test_a_small_factor_is_refused():
    """751 is the largest that is tried."""
    with pytest.raises(WeakKeyError, match="small factor"):
        check_strength(public(751 * ((1 << 2047) // 751 + 2 | 1)))


def test_close_primes_are_refused():
    first = next_prime((1 << 1023) + (1 << 1022) + 12345)
    modulus = first * next_prime(first + 10**6)
    assert has_close_primes(modulus)
    assert not has_close_primes(MODULUS)
    with pytest.raises(WeakKeyError, match="close together"):
        check_strength(public(modulus))


def test_structured_primes_are_refused():
    """Primes of the form k·M + 65537^a mod M, as the library made them."""
    primorial = prod(prime for prime, _ in strength._FINGERPRINT) * 2

    def structured(power: int, factor: int) -> int:
        residue = pow(65537, power, primorial)
        while True:
            candidate = factor * primorial + residue
            if candidate % 2 and pow(2, candidate - 1, candidate) == 1:
                return candidate
            factor += 1

    top = (1 << 1023) // primorial * 3 // 2
    modulus = structured(1234, top) * structured(5678, top + 10**20)
    assert modulus.bit_length() == 2048
    assert has_structured_primes(modulus)
    assert not has_structured_primes(MODULUS)
    with pytest.raises(WeakKeyError, match="ROCA"):
        check_strength(public(modulus))


P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P


def add(one: tuple[int, int], two: tuple[int, int]) -> tuple[int, int]:
    """Add two points of edwards25519 (RFC 8032 §5.1.4, without its shortcuts)."""
    (x1, y1), (x2, y2) = one, two
    product = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P)
    return x % P, y % P


def root(square: int) -> int | None:
    found = pow(square, (P + 3) // 8, P)
    for candidate in (found, found * pow(2, (P - 1) // 4, P) % P):
        if candidate * candidate % P == square % P:
            return candidate
    return None


def point(y: int) -> tuple[int, int] | None:
    x = root((y * y - 1) * pow(D * y * y + 1, -1, P))
    return None if x is None else (x, y)


def small_order_points() -> set[tuple[int, int]]:
    """Return the eight, found by multiplying points by the order of the large subgroup."""
    order = 2**252 + 27742317777372353535851937790883648493
    found: set[tuple[int, int]] = set()
    for y in range(2, 200):
        if (start := point(y)) is None:
            continue
        total, power = (0, 1), start
        for bit in range(order.bit_length()):
            if order >> bit & 1:
                total = add(total, power)
            power = add(power, power)
        found.add(total)
        if len(found) == 8:
            break
    return found


def test_each_of_the_eight_points_of_small_order_is_refused():
    """Also with the sign of x, and y, written in the other way that decoders may take."""
    points = small_order_points()
    assert len(points) == 8
    encodings = {
        (written | sign << 255).to_bytes(32, "little")
        for _, y in points
        for written in (y, y + P)
        for sign in (0, 1)
        if written < 2**255
    }
    assert len(encodings) == 14
    for encoded in encodings:
        assert has_small_order(encoded)
        with pytest.raises(WeakKeyError, match="anybody can sign"):
            check_strength(ed25519.Ed25519PublicKey.from_public_bytes(encoded))


def test_other_points_are_not_of_small_order():
    for _ in range(100):
        key = ed25519.Ed25519PrivateKey.generate().public_key()
        assert not has_small_order(key.public_bytes_raw())
        assert check_strength(key) is key
