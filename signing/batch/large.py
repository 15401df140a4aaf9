"""Signs a large document in a file beside its target, and never has it in memory as a whole.

What is signed is a copy that nobody else knows: it is judged, signed and judged again where it
lies. So what somebody does to the source meanwhile changes nothing. It takes the target's name when
it is given out (`signing.batch.made`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from pki.atomic import part_of, waiting_beside
from signing.batch.entry import FileStamp, settled_stamp, stamp_of
from signing.errors.files import FileUnreadableError
from signing.reading import words_of
from signing.sign import Signatory, SignedDocument
from verify.content import let_go, map_file
from verify.errors import TooLargeError

LARGE = 32 * 1024 * 1024
"""From here on, in bytes; in memory a document takes twice its size."""
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SignedFile:
    """A signed document in a file that has not taken its name yet."""

    source: FileStamp
    sha256: str
    """Of the input."""
    signed: SignedDocument
    size: int
    """Of the output."""
    part: Path
    """The file, whole and on the disk."""


def is_large(source: Path) -> bool:
    """Say whether a document is signed in a file; what is wrong with it shows when it is read."""
    try:
        return source.is_file() and source.stat().st_size > LARGE
    except OSError:
        return False


def sign_large(source: Path, target: Path, signatory: Signatory) -> SignedFile:
    """Sign the document in `source` in a new file beside `target`.

    Raises:
        FileUnreadableError: the source may not be read.
        TooLargeError: it is larger than the policy's limit.
        DiskFullError, OutputUnwritableError: no room for the copy, or the system refuses.
        PKIError: see `signing.sign.sign_document`. Nothing was left behind.
    """
    part = part_of(target)
    now = signatory.services.clock.now()
    limit = signatory.services.policy.limits.document_bytes
    with waiting_beside(target, part) as file:
        stamp, digest = _copy(source, file, now, limit)
        mapped = map_file(file)
        try:
            signed = signatory.sign(mapped, name=source.name, into=file)
        finally:
            let_go(mapped)
        size = file.seek(0, os.SEEK_END)
    return SignedFile(stamp, digest, signed, size, part)


def _copy(source: Path, file: BinaryIO, now: datetime, limit: int) -> tuple[FileStamp, str]:
    """Copy at most `limit` bytes; return what tells the source, and its SHA-256."""
    hasher = hashlib.sha256()
    before, size = _stamp(source, now), 0
    if before.size > limit:
        raise TooLargeError(name=source.name, size=before.size, limit=limit)
    for piece in _pieces(source):
        size += len(piece)
        if size > limit:
            raise TooLargeError(name=source.name, size=size, limit=limit)
        hasher.update(piece)
        file.write(piece)
    return settled_stamp(before, _stamp(source, now), size), hasher.hexdigest()


def _stamp(source: Path, now: datetime) -> FileStamp:
    try:
        return stamp_of(source, now)
    except OSError as error:
        raise FileUnreadableError(path=source, reason=words_of(error)) from error


def _pieces(source: Path) -> Iterator[bytes]:
    try:
        with source.open("rb", buffering=0) as file:
            while piece := file.read(_PIECE):
                yield piece
    except OSError as error:
        raise FileUnreadableError(path=source, reason=words_of(error)) from error
