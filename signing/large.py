"""Large documents: worked on in a copy that nobody else knows, and never in memory as a whole.

The copy lies beside the place where it goes, takes its name when it is done, and is gone where it
is not. What somebody does to the source meanwhile changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from signing.errors.files import FileUnreadableError
from signing.reading import words_of
from verify.errors import TooLargeError

LARGE = 32 * 1024 * 1024
"""From here on, in bytes; in memory a document takes twice its size."""
_PIECE = 1024 * 1024


def is_large(source: Path) -> bool:
    """Say whether a document is worked on in a file; what ails it shows when it is read."""
    try:
        return source.is_file() and source.stat().st_size > LARGE
    except OSError:
        return False


def copy_into(source: Path, file: BinaryIO, *, limit: int) -> tuple[int, str]:
    """Copy a document of at most `limit` bytes into a file; return its size and its SHA-256.

    Raises:
        FileUnreadableError: the source may not be read.
        TooLargeError: it is larger.
    """
    hasher, size = hashlib.sha256(), 0
    for piece in _pieces(source, limit):
        size += len(piece)
        if size > limit:  # it grew
            raise TooLargeError(name=source.name, size=size, limit=limit)
        hasher.update(piece)
        file.write(piece)
    return size, hasher.hexdigest()


def _pieces(source: Path, limit: int) -> Iterator[bytes]:
    try:
        size = source.stat().st_size
        if size > limit:
            raise TooLargeError(name=source.name, size=size, limit=limit)
        with source.open("rb", buffering=0) as file:
            while piece := file.read(_PIECE):
                yield piece
    except OSError as error:
        raise FileUnreadableError(path=source, reason=words_of(error)) from error
