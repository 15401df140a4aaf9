"""Which public keys may be certified: the cheap questions first, for bulk issuing asks them all.

1. The key is of a type that Antin certifies, and that the profile allows.
2. An RSA key has an exponent that standards allow, no small factor, primes that are not close
   together, and none of the structure that the Infineon library left in its moduli.
3. A key on a NIST curve is a point of it.
4. An Ed25519 key is a point in the large subgroup.

Every ML-DSA key of the right length is as good as another. Block lists are `pki.blocked`; whether
the key certifies somebody else is asked where the serial is reserved.

Spec: FIPS 186-5 §5.1 and A.1.1 (RSA); NIST SP 800-89 §5.3.3; NIST SP 800-186 Appendix D.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple, cast

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pki import der
from pki.errors.keys import (
    KeyKindError,
    KeyNotAllowedError,
    KeyPointError,
    KeySmallOrderError,
    KeySubgroupError,
    RSAClosePrimesError,
    RSAExponentError,
    RSAOnePrimeError,
    RSASmallFactorError,
    RSAStructuredPrimesError,
)
from pki.keys import KeyType, PublicKey, is_public, key_type_of
from pki.moduli import (
    has_close_primes,
    has_small_factor,
    has_structured_primes,
    is_power_of_prime,
)
from pki.points import has_small_order, is_edwards_point, is_in_large_subgroup, is_on_curve


def check_strength(key: object, allowed: Collection[KeyType] = tuple(KeyType)) -> PublicKey:
    """Return the key if it may be certified.

    Raises:
        WeakKeyError: of another type, or weak; its subclasses say how.
    """
    found = key_type_of(key)
    if found is None or not is_public(key):
        raise KeyKindError
    if found not in allowed:
        raise KeyNotAllowedError(found=found.value, allowed=tuple(one.value for one in allowed))
    if found in _CURVE_TYPES:
        _check_point(_Same(key))
    elif found in _RSA_TYPES:
        numbers = cast("rsa.RSAPublicKey", key).public_numbers()
        _check_rsa(numbers.e, numbers.n)
    elif found is KeyType.ED25519:
        _check_edwards(cast("ed25519.Ed25519PublicKey", key).public_bytes_raw())
    return key


_CURVE_TYPES = {KeyType.EC_P256, KeyType.EC_P384, KeyType.EC_P521}
_RSA_TYPES = {KeyType.RSA_2048, KeyType.RSA_3072, KeyType.RSA_4096}


def check_two_primes(key: PublicKey) -> None:
    """Refuse an RSA modulus that is one prime, or a power of one.

    Too slow for every key (30 ms for 2048 bits); for keys that certify others.

    Raises:
        RSAOnePrimeError: it is.
    """
    if isinstance(key, rsa.RSAPublicKey) and is_power_of_prime(key.public_numbers().n):
        raise RSAOnePrimeError


def spki_sha256(key: CertificatePublicKeyTypes) -> str:
    """Return the key's identity: SHA-256 of its SubjectPublicKeyInfo, lower-case hex."""
    return _written(_Same(key)).sha256


def spki_der(key: CertificatePublicKeyTypes) -> bytes:
    """Return the key's SubjectPublicKeyInfo."""
    return _written(_Same(key)).der


def key_digest(key: CertificatePublicKeyTypes) -> bytes:
    """Return the 20 octets by which certificates name the key.

    Spec: RFC 5280 §4.2.1.2, method 1 (SHA-1 of the BIT STRING's octets).
    """
    return _written(_Same(key)).digest


class _Written(NamedTuple):
    der: bytes
    sha256: str
    digest: bytes


class _Same:
    """One object: keys have no hash of their own."""

    __slots__ = ("key",)

    def __init__(self, key: CertificatePublicKeyTypes) -> None:
        self.key = key

    def __hash__(self) -> int:
        return id(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.key is self.key


# Asked for six times while a certificate is made; what is kept holds its key, so that no other
# object can be taken for it.
@lru_cache(maxsize=16)
def _written(same: _Same) -> _Written:
    spki = same.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    _, bits = der.read_all(der.read(spki, "key").content, "key")
    digest = hashlib.sha1(bits.content[1:], usedforsecurity=False).digest()
    return _Written(spki, hashlib.sha256(spki).hexdigest(), digest)


# The same numbers come back with the request, the order and the bytes. What is refused is not kept.
@lru_cache(maxsize=1024)
def _check_rsa(e: int, n: int) -> None:
    if not 2**16 < e < 2**256 or e % 2 == 0:
        raise RSAExponentError
    if has_small_factor(n):
        raise RSASmallFactorError
    if has_structured_primes(n):
        raise RSAStructuredPrimesError
    if has_close_primes(n):
        raise RSAClosePrimesError


# One object comes with the request, the order and the bytes, as `_written` says.
@lru_cache(maxsize=16)
def _check_point(same: _Same) -> None:
    key = same.key
    assert isinstance(key, ec.EllipticCurvePublicKey)  # noqa: S101  asked before
    point = key.public_numbers()
    if not is_on_curve(key.curve.name, point.x, point.y):
        raise KeyPointError


def _check_edwards(point: bytes) -> None:
    if has_small_order(point):
        raise KeySmallOrderError
    if not is_edwards_point(point):
        raise KeyPointError
    if not is_in_large_subgroup(point):
        raise KeySubgroupError
