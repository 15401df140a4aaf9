"""What holds for any key, any modulus, any point and any block list."""

from __future__ import annotations

from math import gcd, isqrt, prod
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given, settings
from hypothesis import strategies as st
from weak_keys import PRIMES, odd_rsa_key, prime

from pki import der, moduli
from pki.blocked import load_blocked_keys
from pki.errors.keys import BlockListError, WeakKeyError
from pki.moduli import has_close_primes, has_small_factor, has_structured_primes
from pki.points import is_edwards_point, is_on_curve, misses_its_curve
from pki.strength import check_strength

odd_numbers = st.integers(2**511, 2**512).map(lambda number: number | 1)


@given(odd_numbers)
def test_a_small_factor_is_found_exactly_where_there_is_one(number: int):
    assert has_small_factor(number) == any(number % p == 0 for p in PRIMES if p < 752)


@given(st.integers(1, 10**4), st.integers(0, 2**64))
def test_close_primes_are_found_whatever_their_gap(gap: int, seed: int):
    first = prime(512) + 2 * seed
    assert has_close_primes(first * (first + 2 * gap))


@given(odd_numbers)
@settings(max_examples=50)
def test_what_is_called_close_has_factors_that_are(number: int):
    """No sound modulus is called close: the factors can be shown."""
    middle = isqrt(number - 1) + 1
    squares = ((m, m * m - number) for m in range(middle, middle + moduli.FERMAT_ROUNDS))
    shown = any(isqrt(rest) ** 2 == rest for _, rest in squares)
    assert has_close_primes(number) == shown


PRODUCT = prod(p for p, _ in moduli.STRUCTURE)


@given(st.integers(0, 2**62), st.integers(0, 2**300))
def test_every_power_of_the_generator_is_structured(exponent: int, factor: int):
    assert has_structured_primes(pow(65537, exponent, PRODUCT) + factor * PRODUCT)


@given(odd_numbers)
@settings(max_examples=50)
def test_what_is_called_structured_is_a_power_of_the_generator(number: int):
    """As the paper does it: the order of 65537 is smooth, and a power's order divides it."""
    order = 1
    for _, logarithms in moduli.STRUCTURE:
        order = order * len(logarithms) // gcd(order, len(logarithms))
    assert pow(65537, order, PRODUCT) == 1
    if has_structured_primes(number):
        assert pow(number, order, PRODUCT) == 1


@given(odd_numbers, st.integers(0, 2**260))
def test_any_rsa_numbers_are_judged_in_our_words(modulus: int, exponent: int):
    key = odd_rsa_key(modulus << 1536 | 1 << 2047 | 1, exponent)
    try:
        assert check_strength(key) is key
    except WeakKeyError:
        return
    assert 2**16 < exponent < 2**256
    assert exponent % 2


@given(st.binary(min_size=32, max_size=32))
@settings(max_examples=200)
def test_any_ed25519_key_is_judged_in_our_words(encoded: bytes):
    key = ed25519.Ed25519PublicKey.from_public_bytes(encoded)
    try:
        assert check_strength(key) is key
    except WeakKeyError:
        return
    assert is_edwards_point(encoded)


CURVES = {"secp256r1": ec.SECP256R1(), "secp384r1": ec.SECP384R1(), "secp521r1": ec.SECP521R1()}


@given(st.sampled_from(sorted(CURVES)), st.integers(2, 2**255), st.data())
@settings(max_examples=60)
def test_points_of_curves_are_those_that_the_library_takes(
    name: str, secret: int, data: st.DataObject
):
    numbers = ec.derive_private_key(secret, CURVES[name]).public_key().public_numbers()
    assert is_on_curve(name, numbers.x, numbers.y)
    x = data.draw(st.integers(0, numbers.x * 2))
    y = data.draw(st.sampled_from([numbers.y, 0, numbers.y + 1]))
    try:
        ec.EllipticCurvePublicNumbers(x, y, CURVES[name]).public_key()
    except ValueError:
        assert not is_on_curve(name, x, y)
    else:
        assert is_on_curve(name, x, y)


@given(st.binary(max_size=70))
def test_any_octets_for_a_point_are_judged(octets: bytes):
    oids = (bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d030107"))
    algorithm = der.sequence(der.encode(der.OID, oid) for oid in oids)
    spki = der.sequence((algorithm, der.bit_string(octets)))
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), octets)
    except ValueError:
        assert misses_its_curve(spki)
    else:
        assert not misses_its_curve(spki)


@given(st.binary(max_size=90))
def test_any_octets_for_a_key_are_read_or_not(data: bytes):
    assert misses_its_curve(data) in {True, False}


@pytest.fixture(scope="module")
def list_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lists") / "list.txt"


lines = st.text(alphabet="0aF# \t\r\nx", max_size=70) | st.sampled_from(["0" * 64, "F" * 20])


@given(texts=st.lists(lines, max_size=4))
@settings(max_examples=200)
def test_any_list_is_read_to_its_last_key_or_refused(list_path: Path, texts: list[str]):
    text = "\n".join(texts)
    list_path.write_bytes(text.encode())
    words = [line.partition("#")[0].strip() for line in text.splitlines()]
    named = {word.lower() for word in words if word}
    try:
        keys = load_blocked_keys([list_path])
    except BlockListError:
        assert any(len(word) not in {20, 64} or "x" in word for word in named)
    else:
        assert {digest.hex() for digest in keys.lists} == named
