"""Who can open a backup: whoever knows its passphrase, or holds the secret key of a recipient.

Spec: C2SP age v1, recipient types `scrypt` and `X25519`.
"""

from __future__ import annotations

import base64
import re
import secrets
import unicodedata
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from pki.audit.note import decode_base64
from pki.errors.keeping import BackupKeyError, BackupMalformedError
from pki.keeping import bech32

WORK = 18
"""Power of two of scrypt's cost for a new backup: 256 MiB, about a second."""
MAX_WORK = 20
"""What is spent at most on a file that somebody else wrote: 1 GiB."""
_FILE_KEY_OCTETS = 16
_PUBLIC, _SECRET = "age", "age-secret-key-"
_SCRYPT, _X25519 = "scrypt", "X25519"
_LABEL = b"age-encryption.org/v1/"
_NONCE = bytes(12)  # every wrapping key wraps one file key


class Stanza(NamedTuple):
    """The file key, wrapped for one recipient."""

    arguments: tuple[str, ...]
    body: bytes


class Recipient(Protocol):
    """Somebody the backup is made for."""

    def wrap(self, file_key: bytes) -> Stanza:
        """Wrap the file key."""
        ...


class Identity(Protocol):
    """What opens a backup."""

    def unwrap(self, stanza: Stanza, /) -> bytes | None:
        """Return the file key; None where the stanza is for somebody else.

        Raises:
            BackupMalformedError: it is of this kind and malformed.
        """
        ...


@dataclass(frozen=True)
class Passphrase:
    """A passphrase, wrapping and opening; in Unicode's composed form, however it was typed."""

    secret: str = field(repr=False)
    work: int = WORK

    def wrap(self, file_key: bytes) -> Stanza:
        """Wrap the file key under a fresh salt."""
        salt = secrets.token_bytes(16)
        body = _seal(self._key(salt, self.work), file_key)
        return Stanza((_SCRYPT, encode_base64(salt), str(self.work)), body)

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """Return the file key; None where the passphrase is another."""
        if stanza.arguments[0] != _SCRYPT:
            return None
        salt, work = _two(stanza)
        if not re.fullmatch(r"[1-9][0-9]?", work) or int(work) > MAX_WORK or len(salt) != 22:
            raise BackupMalformedError(reason="scrypt with these numbers")
        return _unseal(self._key(read_base64(salt), int(work)), stanza.body)

    def _key(self, salt: bytes, work: int) -> bytes:
        secret = unicodedata.normalize("NFC", self.secret).encode()
        return Scrypt(_LABEL + b"scrypt" + salt, 32, 2**work, 8, 1).derive(secret)


@dataclass(frozen=True)
class PublicRecipient:
    """The public key of somebody who keeps the secret one elsewhere."""

    key: X25519PublicKey

    def wrap(self, file_key: bytes) -> Stanza:
        """Wrap the file key under a fresh shared secret."""
        own = X25519PrivateKey.generate()
        share = own.public_key().public_bytes_raw()
        key = _shared(own.exchange(self.key), share, self.key.public_bytes_raw())
        return Stanza((_X25519, encode_base64(share)), _seal(key, file_key))


@dataclass(frozen=True)
class SecretIdentity:
    """A recipient's secret key."""

    key: X25519PrivateKey = field(repr=False)

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """Return the file key; None where it is for another key."""
        if stanza.arguments[0] != _X25519:
            return None
        share = read_base64(stanza.arguments[1]) if len(stanza.arguments) == 2 else b""
        try:
            secret = self.key.exchange(X25519PublicKey.from_public_bytes(share))
        except ValueError as error:  # no point, or one of small order
            raise BackupMalformedError(reason="X25519 with no such point") from error
        own = self.key.public_key().public_bytes_raw()
        return _unseal(_shared(secret, share, own), stanza.body)


def parse_recipient(text: str) -> PublicRecipient:
    """Read a public key, `age1…`.

    Raises:
        BackupKeyError: it is none.
    """
    try:
        return PublicRecipient(X25519PublicKey.from_public_bytes(bech32.decode(_PUBLIC, text)))
    except ValueError as error:
        raise BackupKeyError(form="age1…") from error


def parse_identities(text: str) -> tuple[SecretIdentity, ...]:
    """Read a key file as `age-keygen` writes it: `AGE-SECRET-KEY-1…`, and lines of remarks.

    Raises:
        BackupKeyError: no key, or a line that is none. Nothing of it is repeated.
    """
    lines = [line for line in map(str.strip, text.splitlines()) if line and line[0] != "#"]
    try:
        found = [
            SecretIdentity(X25519PrivateKey.from_private_bytes(bech32.decode(_SECRET, line)))
            for line in lines
        ]
    except ValueError:
        found = []
    if not found:
        raise BackupKeyError(form="AGE-SECRET-KEY-1…")
    return tuple(found)


def new_identity() -> tuple[str, str]:
    """Make a pair of keys: the public one, and the secret one as it stands in a key file."""
    key = X25519PrivateKey.generate()
    public = bech32.encode(_PUBLIC, key.public_key().public_bytes_raw())
    return public, bech32.encode(_SECRET, key.private_bytes_raw()).upper()


def encode_base64(octets: bytes) -> str:
    """Return base64 as age writes it: without signs of filling."""
    return base64.b64encode(octets).decode().rstrip("=")


def read_base64(text: str) -> bytes:
    """Return what base64 without signs of filling stands for.

    Raises:
        BackupMalformedError: it is none, or could be written otherwise.
    """
    try:
        return decode_base64(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise BackupMalformedError(reason="base64 in no form of age") from error


def derive(secret: bytes, salt: bytes, info: bytes) -> bytes:
    """Return a key made of another."""
    return HKDF(hashes.SHA256(), 32, salt, info).derive(secret)


def _two(stanza: Stanza) -> tuple[str, str]:
    if len(stanza.arguments) != 3:
        raise BackupMalformedError(reason="scrypt with these numbers")
    return stanza.arguments[1], stanza.arguments[2]


def _shared(secret: bytes, share: bytes, public: bytes) -> bytes:
    return derive(secret, share + public, _LABEL + b"X25519")


def _seal(key: bytes, file_key: bytes) -> bytes:
    return ChaCha20Poly1305(key).encrypt(_NONCE, file_key, None)


def _unseal(key: bytes, body: bytes) -> bytes | None:
    # Other lengths would let one body be opened by two keys.
    if len(body) != _FILE_KEY_OCTETS + 16:
        raise BackupMalformedError(reason="a file key of another length")
    try:
        return ChaCha20Poly1305(key).decrypt(_NONCE, body, None)
    except InvalidTag:
        return None
