"""Points of public keys: those on their curves pass, all others are told apart."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pki_world import new_key

from pki import der
from pki.points import (
    _add,
    _decode,
    has_small_order,
    is_edwards_point,
    is_in_large_subgroup,
    is_on_curve,
    misses_its_curve,
)

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
CURVES = [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()]


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_a_point_is_on_its_curve_and_its_neighbours_are_not(curve: ec.EllipticCurve):
    numbers = ec.generate_private_key(curve).public_key().public_numbers()
    p = {256: 2**256 - 2**224 + 2**192 + 2**96 - 1, 384: 2**384 - 2**128 - 2**96 + 2**32 - 1}.get(
        curve.key_size, 2**521 - 1
    )
    x, y = numbers.x, numbers.y
    assert is_on_curve(curve.name, x, y)
    assert is_on_curve(curve.name, x, p - y)
    for wrong in ((x, y ^ 1), (x ^ 1, y), (0, 0), (x + p, y), (x, y + p), (x - p, y), (x, y - p)):
        assert not is_on_curve(curve.name, *wrong)


def spki(point: bytes, curve: str = "2a8648ce3d030107", key: str = "2a8648ce3d0201") -> bytes:
    oids = (der.encode(der.OID, bytes.fromhex(oid)) for oid in (key, curve))
    return der.sequence((der.sequence(oids), der.bit_string(point)))


def encoded(*, compressed: bool = False) -> bytes:
    form = PublicFormat.CompressedPoint if compressed else PublicFormat.UncompressedPoint
    return new_key().public_key().public_bytes(Encoding.X962, form)


def no_x() -> int:
    """Return a number that is no x of a point on P-256."""
    p = 2**256 - 2**224 + 2**192 + 2**96 - 1
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    return next(x for x in range(1, 99) if pow(x**3 - 3 * x + b, (p - 1) // 2, p) == p - 1)


def test_a_key_that_misses_its_curve_is_told():
    good, compressed = encoded(), encoded(compressed=True)
    assert not misses_its_curve(spki(good))
    assert not misses_its_curve(spki(compressed))
    x = no_x().to_bytes(32, "big")
    for point in (
        b"\0",  # the point at infinity
        b"",
        good[:-1] + bytes([good[-1] ^ 1]),
        good[:-1],
        good + b"\0",
        b"\x05" + good[1:],
        compressed[:-1],
        b"\x02" + x,
        b"\x03" + x,
        b"\x02" + b"\xff" * 32,
    ):
        assert misses_its_curve(spki(point)), point.hex()


@pytest.mark.parametrize(
    "other",
    [
        spki(b"\0", curve="2a8648ce3d030177"),
        spki(b"\0", key="2a8648ce3d0202"),
        b"",
        der.sequence(()),
        der.sequence((der.sequence(()), der.bit_string(b""))),
    ],
)
def test_what_is_no_key_on_a_curve_we_know_misses_none(other: bytes):
    assert not misses_its_curve(other)


# edwards25519


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


def write(x: int, y: int) -> bytes:
    return (y | (x & 1) << 255).to_bytes(32, "little")


def test_each_of_the_eight_points_of_small_order_is_found():
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
    assert all(has_small_order(encoding) for encoding in encodings)
    for x, y in points - {(0, 1)}:
        assert is_edwards_point(write(x, y))
        assert not is_in_large_subgroup(write(x, y))


def sound() -> bytes:
    return ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()


def test_sound_keys_are_points_in_the_large_subgroup():
    for _ in range(20):
        encoding = sound()
        assert not has_small_order(encoding)
        assert is_edwards_point(encoding)
        assert is_in_large_subgroup(encoding)


def test_a_sound_point_with_a_small_one_added_is_told():
    decoded = _decode(sound())
    assert decoded is not None
    for small in small_order_points() - {(0, 1)}:
        mixed = add(decoded[:2], small)
        assert is_edwards_point(write(*mixed))
        assert not is_in_large_subgroup(write(*mixed))


def test_the_fast_addition_agrees_with_the_plain_one():
    one, two = _decode(sound()), _decode(sound())
    assert one is not None
    assert two is not None
    for a, b in ((one, two), (one, one), (one, (0, 1, 1, 0))):
        x, y, z, t = _add(a, b)
        inverse = pow(z, -1, P)
        assert (x * inverse % P, y * inverse % P) == add(a[:2], b[:2])
        assert x * y * inverse % P == t


@pytest.mark.parametrize(
    "encoding",
    [
        b"\x02" + bytes(31),  # no x belongs to this y
        (P + 3).to_bytes(32, "little"),  # y is not below p
        (1 | 1 << 255).to_bytes(32, "little"),  # x is zero, and said to be odd
    ],
)
def test_what_is_no_point_or_not_its_one_encoding_is_told(encoding: bytes):
    assert not is_edwards_point(encoding)
    assert not is_in_large_subgroup(encoding)
