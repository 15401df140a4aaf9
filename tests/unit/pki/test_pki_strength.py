"""Key strength: each weakness is found, and the sound key passes."""

from __future__ import annotations

from math import prod

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from pki_world import new_key, rsa_key

from pki import strength
from pki.errors import WeakKeyError
from pki.keys import KeyType
from pki.strength import check_strength, has_close_primes, has_structured_primes, key_type_of

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
    [("p256", KeyType.EC_P256), ("p384", KeyType.EC_P384), ("a", KeyType.RSA_2048)],
)
def test_a_sound_key_passes(kind: str, found: KeyType):
    key = new_key(kind).public_key()
    assert check_strength(key) is key
    assert key_type_of(key) is found


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256K1()).public_key(),
        ec.generate_private_key(ec.SECP521R1()).public_key(),
        ed25519.Ed25519PrivateKey.generate().public_key(),
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
