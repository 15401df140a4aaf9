"""What can be wrong with an RSA modulus: found in moduli of every size, and not in sound ones."""

from __future__ import annotations

from math import isqrt, prod

import pytest
from pki_world import rsa_key
from weak_keys import (
    PRIMES,
    close_modulus,
    is_prime,
    prime,
    structured_modulus,
    structured_prime,
)

from pki import moduli
from pki.moduli import (
    FERMAT_ROUNDS,
    has_close_primes,
    has_small_factor,
    has_structured_primes,
    is_power_of_prime,
)

SOUND = [rsa_key(name).public_key().public_numbers().n for name in "abc"]


@pytest.mark.parametrize("factor", [2, 3, 5, 743, 751])
def test_a_small_factor_is_found(factor: int):
    assert has_small_factor(factor * prime(1024))


def test_a_larger_factor_is_no_small_one():
    """757 follows 751: SP 800-89 stops there, and finding more would take a factorisation."""
    assert not has_small_factor(757 * prime(1024))
    assert not any(has_small_factor(modulus) for modulus in SOUND)


@pytest.mark.parametrize("bits", [512, 1024, 2048])
def test_structured_primes_are_found_at_every_size(bits: int):
    """M has 39, 71 or 126 primes, as the library had it for keys of these sizes."""
    assert has_structured_primes(structured_modulus(bits))


def test_sound_moduli_have_no_structure():
    assert not any(has_structured_primes(modulus) for modulus in SOUND)
    assert not has_structured_primes(close_modulus())


def test_one_structured_prime_is_not_enough():
    """The other prime is honest: the product is no power of 65537."""
    assert not has_structured_primes(structured_prime(1024, 126) * prime(1024))


def test_residues_must_agree_on_one_exponent():
    """Powers of 65537 modulo each prime, but of different ones: no generator made this.

    A test that only looks whether each residue is a power takes it for a structured modulus.
    """
    odd = moduli.STRUCTURE
    product = prod(p for p, _ in odd)
    residues = {p: (1 if p != 5 else 65537 % 5) for p, _ in odd}
    number = sum(r * product // p * pow(product // p, -1, p) for p, r in residues.items()) % product
    assert all(number % p in logarithms for p, logarithms in odd)
    assert not has_structured_primes(number)
    agreeing = pow(65537, 12345, product)
    assert has_structured_primes(agreeing)


def test_the_table_holds_the_odd_primes_up_to_167():
    assert sorted(p for p, _ in moduli.STRUCTURE) == [p for p in PRIMES if 2 < p <= 167]
    for p, logarithms in moduli.STRUCTURE:
        assert all(pow(65537, exponent, p) == power for power, exponent in logarithms.items())


def test_close_primes_are_found():
    assert has_close_primes(close_modulus())
    assert has_close_primes(prime(256) ** 2)
    assert not any(has_close_primes(modulus) for modulus in SOUND)


def test_the_rounds_are_bounded():
    """The n-th round finds factors whose mean is n above the root: gap² / 8 over the root."""
    root = prime(1024)
    assert has_close_primes(product_needing(FERMAT_ROUNDS - 1, root))
    assert not has_close_primes(product_needing(FERMAT_ROUNDS + 2, root))


def product_needing(rounds: int, root: int) -> int:
    mean = root + rounds
    half_gap = isqrt(mean * mean - root * root)
    modulus = mean * mean - half_gap * half_gap
    begin = isqrt(modulus - 1) + 1
    assert abs(mean - begin - rounds) <= 1
    return modulus


@pytest.mark.parametrize("exponent", [2, 3, 5, 7, 11])
def test_a_power_is_found(exponent: int):
    assert is_power_of_prime(prime(2048 // exponent) ** exponent)


def test_a_prime_is_found_and_a_product_of_two_is_not():
    assert is_power_of_prime(prime(1024))
    assert is_prime(prime(1024))
    assert not any(is_power_of_prime(modulus) for modulus in SOUND)
    assert not is_power_of_prime(prime(512) ** 2 * prime(512, 1))
