"""The age format: a header with the file key wrapped for each recipient, and pieces after it.

Every piece of 64 KiB is encrypted by itself, under its number and a mark on the last one: a piece
that was changed, moved, left out or added shows before anything of it is given out, and nothing
large is held in memory. `age` opens what is written here, and this reads what `age` wrote.

Spec: C2SP age v1 (https://c2sp.org/age@v1.0.0); Hoang et al. 2015, STREAM.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from pki.errors.keeping import (
    BackupCutError,
    BackupLockedError,
    BackupMalformedError,
    BackupTamperedError,
)
from pki.keeping.keys import (
    Identity,
    Passphrase,
    Recipient,
    Stanza,
    derive,
    encode_base64,
    read_base64,
)

PIECE = 64 * 1024
_TAG = 16
_MAX_LINE = 1024
_MAX_STANZAS = 64
_VERSION = b"age-encryption.org/v1\n"
_COLUMNS = 64


class EncryptingFile:
    """Encrypts what is written to it; without `finish`, which writes the last piece, it is cut."""

    def __init__(self, target: BinaryIO, recipients: Sequence[Recipient]) -> None:
        """Write the header.

        Args:
            target: where the encrypted file goes.
            recipients: one passphrase alone, or any number of keys; at least one.
        """
        if len(recipients) != 1 and any(isinstance(one, Passphrase) for one in recipients):
            raise ValueError("a passphrase is the only one")
        file_key, nonce = secrets.token_bytes(16), secrets.token_bytes(16)
        header = _VERSION + b"".join(_written(one.wrap(file_key)) for one in recipients) + b"---"
        mac = encode_base64(_mac(file_key, header)).encode()
        target.write(header + b" " + mac + b"\n" + nonce)
        self.identity: Identity = _Writer(file_key)
        """Opens this file alone: who wrote it can read it back and keeps no secret for that."""
        self._target = target
        self._pieces = _Pieces(derive(file_key, nonce, b"payload"))
        self._held = bytearray()

    def write(self, octets: bytes) -> int:
        """Take octets; those of whole pieces are written."""
        self._held += octets
        while len(self._held) > PIECE:  # a full piece is held back: it may be the last
            self._target.write(self._pieces.seal(bytes(self._held[:PIECE]), last=False))
            del self._held[:PIECE]
        return len(octets)

    def finish(self) -> None:
        """Write the last piece."""
        self._target.write(self._pieces.seal(bytes(self._held), last=True))


class DecryptingFile:
    """Gives what an encrypted file holds, each piece once it is known to be genuine.

    Who wrote it is not known by that: everybody can encrypt for a public key.
    """

    def __init__(self, source: BinaryIO, identities: Sequence[Identity]) -> None:
        """Read the header.

        Raises:
            BackupMalformedError: no age file, or one with a recipient that is malformed.
            BackupLockedError: none of these opens it.
            BackupTamperedError: its header was changed.
            BackupCutError: it ends in the header.
        """
        header = _read_header(source)
        file_key = _unwrapped(header.stanzas, identities)
        if not hmac.compare_digest(_mac(file_key, header.signed), header.mac):
            raise BackupTamperedError
        nonce = source.read(16)
        if len(nonce) != 16:
            raise BackupCutError
        self.identity: Identity = _Writer(file_key)
        """Opens this file again, without the cost of a passphrase."""
        self._source = source
        self._pieces = _Pieces(derive(file_key, nonce, b"payload"))
        self._next: bytes | None = source.read(PIECE + _TAG)
        self._held = b""

    def read(self, size: int) -> bytes:
        """Return `size` octets, fewer only at the end.

        Raises:
            BackupTamperedError: a piece is not what was written there.
            BackupCutError: the file ends before its last piece.
        """
        while len(self._held) < size and self._next is not None:
            self._held += self._opened()
        given, self._held = self._held[:size], self._held[size:]
        return given

    def _opened(self) -> bytes:
        piece, following = self._next or b"", self._source.read(PIECE + _TAG)
        found = self._pieces.open(piece, last=not following)
        # An empty piece after others would be a second form of the same file.
        if found is None or (not found and self._pieces.number > 1):
            raise BackupTamperedError
        self._next = following or None
        return found


@dataclass(frozen=True)
class _Writer:
    """Knows the file key without unwrapping it."""

    file_key: bytes = field(repr=False)

    def unwrap(self, _stanza: Stanza) -> bytes:
        return self.file_key


class _Pieces:
    """Seals and opens pieces in their order."""

    def __init__(self, key: bytes) -> None:
        self._cipher = ChaCha20Poly1305(key)
        self.number = 0

    def seal(self, piece: bytes, *, last: bool) -> bytes:
        return self._cipher.encrypt(self._nonce(last=last), piece, None)

    def open(self, sealed: bytes, *, last: bool) -> bytes | None:
        number = self.number
        try:
            return self._cipher.decrypt(self._nonce(last=last), sealed, None)
        except InvalidTag:
            if last and (not sealed or self._is_inner(number, sealed)):
                raise BackupCutError from None
            return None

    def _is_inner(self, number: int, sealed: bytes) -> bool:
        """Say whether a piece that stands last was not written as the last."""
        self.number = number
        try:
            self._cipher.decrypt(self._nonce(last=False), sealed, None)
        except InvalidTag:
            return False
        return True

    def _nonce(self, *, last: bool) -> bytes:
        self.number += 1
        return (self.number - 1).to_bytes(11) + bytes((last,))


class _Header(NamedTuple):
    stanzas: tuple[Stanza, ...]
    signed: bytes
    mac: bytes


def _read_header(source: BinaryIO) -> _Header:
    signed = source.readline(_MAX_LINE)
    if signed != _VERSION:
        raise BackupMalformedError(reason="no age file")
    stanzas: list[Stanza] = []
    while not (line := _line(source)).startswith(b"--- "):
        signed += line
        stanza, written = _read_stanza(line, source)
        signed += written
        stanzas.append(stanza)
        if len(stanzas) > _MAX_STANZAS:
            raise BackupMalformedError(reason="too many recipients")
    mac = read_base64(line[4:-1].decode())
    return _Header(tuple(stanzas), signed + b"---", mac)


def _line(source: BinaryIO) -> bytes:
    line = source.readline(_MAX_LINE)
    if not line.endswith(b"\n"):
        if len(line) < _MAX_LINE:
            raise BackupCutError
        raise BackupMalformedError(reason="a line without end")
    if not all(0x20 <= octet <= 0x7E for octet in line[:-1]):
        raise BackupMalformedError(reason="a line that is no text")
    return line


def _read_stanza(first: bytes, source: BinaryIO) -> tuple[Stanza, bytes]:
    arguments = first[:-1].decode().split(" ")
    if arguments[0] != "->" or len(arguments) < 2 or not all(arguments):
        raise BackupMalformedError(reason="no recipient")
    written = text = b""
    for _ in range(_MAX_STANZAS):
        line = _line(source)
        written, text = written + line, text + line[:-1]
        if len(line) <= _COLUMNS:
            return Stanza(tuple(arguments[1:]), read_base64(text.decode())), written
        if len(line) > _COLUMNS + 1:
            break
    raise BackupMalformedError(reason="a recipient without end")


def _unwrapped(stanzas: Sequence[Stanza], identities: Sequence[Identity]) -> bytes:
    if len(stanzas) != 1 and any(one.arguments[0] == "scrypt" for one in stanzas):
        raise BackupMalformedError(reason="a passphrase beside other recipients")
    for identity in identities:
        for stanza in stanzas:
            if (file_key := identity.unwrap(stanza)) is not None:
                return file_key
    raise BackupLockedError


def _written(stanza: Stanza) -> bytes:
    text = encode_base64(stanza.body)
    lines = [text[at : at + _COLUMNS] for at in range(0, len(text) + 1, _COLUMNS)]
    return "".join(f"{line}\n" for line in (f"-> {' '.join(stanza.arguments)}", *lines)).encode()


def _mac(file_key: bytes, header: bytes) -> bytes:
    return hmac.digest(derive(file_key, b"", b"header"), header, "sha256")
