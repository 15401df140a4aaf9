"""Keys that are known to others than their owners, listed in files.

A list is a text file: one key a line in hexadecimal, `#` begins a comment. Two forms are told apart
by their length:

- 64 digits: SHA-256 of the SubjectPublicKeyInfo, as pwnedkeys and certificate logs name keys;
- 20 digits: the end of the SHA-1 of `Modulus=…` as OpenSSL prints it, the form of Debian's
  openssl-blacklist (the keys of CVE-2008-0166).

A line that is neither stops everything: a list half read would let through what it was meant to
stop.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from pki.errors.keys import BlockListError, BlockListUnreadableError, KeyBlockedError
from pki.keys import PublicKey
from pki.strength import check_strength, spki_sha256

MAX_LIST_BYTES = 256 * 1024 * 1024
_LINE = re.compile(r"\s*([0-9A-Fa-f]{64}|[0-9A-Fa-f]{20})?\s*(#.*)?")


@dataclass(frozen=True, slots=True)
class BlockedKeys:
    """What the lists hold. Made by `load_blocked_keys`; without arguments it blocks nothing."""

    lists: Mapping[bytes, str] = field(default_factory=dict)
    """By the digest (32 octets of a key, 10 of a modulus), the name of the list it stands in."""

    def check_der(self, spki_der: bytes) -> None:
        """Refuse a key, by its SubjectPublicKeyInfo, that a list names.

        Raises:
            KeyBlockedError: it is named.
            WeakKeyError: it is none that could be certified.
        """
        if self.lists:
            self.check(check_strength(load_der_public_key(spki_der)))

    def check(self, key: PublicKey) -> None:
        """Refuse a key that a list names.

        Raises:
            KeyBlockedError: it is named.
        """
        if not self.lists:
            return
        identity = spki_sha256(key)
        found = self.lists.get(bytes.fromhex(identity))
        if found is None and isinstance(key, rsa.RSAPublicKey):
            found = self.lists.get(modulus_digest(key.public_numbers().n))
        if found is not None:
            raise KeyBlockedError(spki_sha256=identity, list=found)


def modulus_digest(modulus: int) -> bytes:
    """Return the last 80 bits of the SHA-1 of what `openssl rsa -noout -modulus` prints."""
    printed = f"Modulus={modulus:X}\n".encode()
    return hashlib.sha1(printed, usedforsecurity=False).digest()[10:]


def load_blocked_keys(paths: Iterable[Path]) -> BlockedKeys:
    """Read lists.

    Args:
        paths: files, or folders whose files `*.txt` are read; each must be there.

    Raises:
        BlockListError: a line is no key.
        BlockListUnreadableError: a file is not there, cannot be read, or was being written.
    """
    lists: dict[bytes, str] = {}
    for path in paths:
        for file in sorted(path.glob("*.txt")) if path.is_dir() else (path,):
            for digest in _digests(file):
                lists.setdefault(digest, file.name)
    return BlockedKeys(lists)


def _digests(path: Path) -> Iterator[bytes]:
    for number, line in enumerate(_read(path).splitlines(), 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise BlockListError(path=path, line=number)
        if match[1]:
            yield bytes.fromhex(match[1])


def _read(path: Path) -> str:
    """Read a list whole; one that changes meanwhile is not taken for what it will be."""
    try:
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            data = file.read(MAX_LIST_BYTES + 1)
            after = os.fstat(file.fileno())
    except OSError as error:
        raise BlockListUnreadableError(path=path, reason=type(error).__name__) from error
    if len(data) > MAX_LIST_BYTES:
        raise BlockListUnreadableError(path=path, reason="EFBIG")
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise BlockListUnreadableError(path=path, reason="EBUSY")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BlockListError(path=path, line=data[: error.start].count(b"\n") + 1) from error
