"""What a token's key classes need of a token, and digests made on the host.

Hashing is done here, not on the token: a smart card takes kilobytes a second, and one raw
mechanism serves every hash. Only where a token lacks the raw mechanism is the data sent to it.
Ed25519 and ML-DSA hash inside, more than once over, so they get the data itself.

What a token answers is measured and, unless that is switched off, verified before anybody gets it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo, Prehashed
from pkcs11 import MGF, Mechanism

from hsm.errors import (
    AlgorithmUnsupportedError,
    MechanismUnsupportedError,
    SignatureWrongError,
)

PSSParameters = tuple[Mechanism, MGF, int]


@dataclass(frozen=True, slots=True)
class RawSigner:
    """One private key on one token: what it can compute, and the call that computes it."""

    token: str
    """The token's label, for errors."""
    mechanisms: frozenset[int]
    sign: Callable[[bytes, Mechanism, PSSParameters | None], bytes]
    """Data, mechanism, parameters → the token's signature. Raises errors of `hsm.errors` only."""
    verify_signatures: bool = True
    """Whether each signature is verified with the public half before it is handed out."""

    def choose(self, *wanted: Mechanism | None) -> Mechanism:
        """Return the first wanted mechanism that the token has.

        Raises:
            MechanismUnsupportedError: it has none of them.
        """
        for mechanism in wanted:
            if mechanism is not None and mechanism in self.mechanisms:
                return mechanism
        names = ", ".join(mechanism.name for mechanism in wanted if mechanism is not None)
        raise MechanismUnsupportedError(token=self.token, mechanism=names)

    def check_length(self, signature: bytes, size: int) -> bytes:
        """Return what the token answered if it has exactly `size` bytes.

        Raises:
            SignatureWrongError: it has not.
        """
        if len(signature) != size:
            raise SignatureWrongError(token=self.token)
        return signature

    def check(self, verify: Callable[[], None]) -> None:
        """Run the public half's `verify`, unless `verify_signatures` is off.

        Raises:
            SignatureWrongError: the signature does not verify.
        """
        if self.verify_signatures:
            try:
                verify()
            except InvalidSignature as error:
                raise SignatureWrongError(token=self.token) from error


class Digest(NamedTuple):
    """A digest, and the data it was made of where the caller gave that."""

    name: str
    """`sha256`, `sha384` or `sha512`."""
    size: int
    value: bytes
    data: bytes | None
    """None where the caller had hashed already."""

    @property
    def prehashed(self) -> Prehashed:
        """The hash, for verifying with `value`."""
        return _PREHASHED[self.name]


_HASH = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}
_PREHASHED = {
    algorithm.name: Prehashed(algorithm)
    for algorithm in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
}


def digest(data: bytes, algorithm: hashes.HashAlgorithm | Prehashed | NoDigestInfo) -> Digest:
    """Hash the data, or take the digest that the caller made.

    Raises:
        AlgorithmUnsupportedError: not SHA-256, SHA-384 or SHA-512, or a digest of another length.
    """
    data = bytes(data)
    if isinstance(algorithm, Prehashed):
        inner = algorithm._algorithm  # noqa: SLF001  cryptography gives no public way to it
        if len(data) != inner.digest_size:
            raise AlgorithmUnsupportedError(algorithm=f"{inner.name}, {len(data)} bytes")
        return Digest(hash_name(inner), inner.digest_size, data, None)
    name = hash_name(algorithm)
    value = _HASH[name](data).digest()
    return Digest(name, len(value), value, data)


def hash_name(algorithm: object) -> str:
    """Return the hash's name.

    Raises:
        AlgorithmUnsupportedError: not SHA-256, SHA-384 or SHA-512.
    """
    if isinstance(algorithm, hashes.SHA256 | hashes.SHA384 | hashes.SHA512):
        return algorithm.name
    raise AlgorithmUnsupportedError(algorithm=getattr(algorithm, "name", type(algorithm).__name__))
