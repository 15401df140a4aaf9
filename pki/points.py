"""Points that public keys on curves consist of: on the curve, and in the part that is large.

Spec: NIST SP 800-186 §3.2.1 (P-256, P-384, P-521: y² = x³ - 3x + b, of prime order); RFC 8032 §5.1
(edwards25519: -x² + y² = 1 + d·x²·y², eight times a prime).
"""

from __future__ import annotations

from dataclasses import dataclass

from pki import der
from pki.errors.files import MalformedDERError


@dataclass(frozen=True, slots=True)
class _Curve:
    p: int
    b: int

    @property
    def octets(self) -> int:
        return (self.p.bit_length() + 7) // 8


_CURVES = {
    "secp256r1": _Curve(
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    ),
    "secp384r1": _Curve(
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        int(
            "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875a"
            "c656398d8a2ed19d2a85c8edd3ec2aef",
            16,
        ),
    ),
    "secp521r1": _Curve(
        2**521 - 1,
        int(
            "051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef10"
            "9e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
            16,
        ),
    ),
}
_EC_PUBLIC_KEY = bytes.fromhex("2a8648ce3d0201")
_CURVE_OIDS = {
    bytes.fromhex("2a8648ce3d030107"): "secp256r1",
    bytes.fromhex("2b81040022"): "secp384r1",
    bytes.fromhex("2b81040023"): "secp521r1",
}


def is_on_curve(name: str, x: int, y: int) -> bool:
    """Say whether the coordinates are those of a point of the curve, by OpenSSL's name for it."""
    curve = _CURVES[name]
    inside = 0 <= x < curve.p and 0 <= y < curve.p
    return inside and (y * y - (x * x - 3) * x - curve.b) % curve.p == 0


def misses_its_curve(spki_der: bytes) -> bool:
    """Say whether a SubjectPublicKeyInfo names a curve we know and a point that is not on it.

    `cryptography` refuses such a key without saying why.
    """
    try:
        algorithm, bits = der.read_all(der.read(spki_der, "key").content, "key")
        oid, parameters = der.read_all(algorithm.content, "algorithm")
    except (MalformedDERError, ValueError):
        return False
    name = _CURVE_OIDS.get(parameters.content)
    if oid.content != _EC_PUBLIC_KEY or name is None:
        return False
    return not _is_point(name, bits.content[1:])


def _is_point(name: str, octets: bytes) -> bool:
    """Read a point as SEC 1 §2.3.4 does; the point at infinity, one zero octet, is no key."""
    curve = _CURVES[name]
    form, x = octets[:1], int.from_bytes(octets[1 : 1 + curve.octets], "big")
    if form == b"\x04" and len(octets) == 1 + 2 * curve.octets:
        return is_on_curve(name, x, int.from_bytes(octets[1 + curve.octets :], "big"))
    if form in {b"\x02", b"\x03"} and len(octets) == 1 + curve.octets:
        square = (x * x - 3) * x + curve.b
        return x < curve.p and pow(square, (curve.p - 1) // 2, curve.p) != curve.p - 1
    return False


# edwards25519

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_ORDER = 2**252 + 27742317777372353535851937790883648493

_Point = tuple[int, int, int, int]
"""Extended coordinates X, Y, Z, T: x = X/Z, y = Y/Z, x·y = T/Z (RFC 8032 §5.1.4)."""


def has_small_order(encoded: bytes) -> bool:
    """Say whether an encoded point of edwards25519 has an order of 1, 2, 4 or 8.

    Doubled three times such a point is the neutral one. Its y is 1 or -1 (orders 1 and 2), 0
    (order 4), or makes the y of its double 0 (order 8): x² = -y² put into the curve's equation.
    """
    y = int.from_bytes(encoded, "little") % 2**255
    return y * (y * y - 1) * (_D * y**4 + 2 * y * y - 1) % _P == 0


def is_edwards_point(encoded: bytes) -> bool:
    """Say whether 32 octets are a point of edwards25519, written in the only way there is.

    Spec: RFC 8032 §5.1.3.
    """
    return _decode(encoded) is not None


def is_in_large_subgroup(encoded: bytes) -> bool:
    """Say whether the point, times the prime order, is the neutral one.

    Where it is not, a point of small order is mixed in, and verifiers differ over its signatures:
    those that multiply by the cofactor accept what others refuse (RFC 8032 §5.1.7 lets them).
    """
    point = _decode(encoded)
    if point is None:
        return False
    total: _Point = (0, 1, 1, 0)
    for bit in bin(_ORDER)[2:]:
        total = _add(total, total)
        if bit == "1":
            total = _add(total, point)
    x, y, z, _ = total
    return x == 0 and y == z


def _decode(encoded: bytes) -> _Point | None:
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number % 2**255
    if y >= _P:
        return None
    above, below = y * y - 1, _D * y * y + 1
    x = above * below**3 * pow(above * below**7, (_P - 5) // 8, _P) % _P
    if (below * x * x - above) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    if (below * x * x - above) % _P or (x == 0 and sign):
        return None
    x = _P - x if x % 2 != sign else x
    return x, y, 1, x * y % _P


def _add(one: _Point, two: _Point) -> _Point:
    a = (one[1] - one[0]) * (two[1] - two[0]) % _P
    b = (one[1] + one[0]) * (two[1] + two[0]) % _P
    c, d = 2 * one[3] * two[3] * _D % _P, 2 * one[2] * two[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P
