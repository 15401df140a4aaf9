"""Large documents: worked on in a copy that nobody else knows, and never in memory as a whole.

The copy lies beside the place where it goes, takes its name when it is done, and is gone where it
is not. What somebody does to the source meanwhile changes nothing.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import BinaryIO, cast

from pki.atomic import telling
from signing.errors.files import FileUnreadableError
from signing.reading import read_document, words_of
from verify.content import Content, shown
from verify.errors import TooLargeError

LARGE = 32 * 1024 * 1024
"""From here on, in bytes; in memory a document takes twice its size."""
_PIECE = 1024 * 1024


def is_large(source: Path) -> bool:
    """Say whether a document is worked on in a file; what ails it shows when it is read."""
    try:
        found = source.stat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size > LARGE


@contextmanager
def open_document(source: Path, *, limit: int) -> Iterator[Content]:
    """Hand out a document to look at; a large one lies in a copy that goes with the block.

    Raises:
        FileIsDirectoryError: it is a directory.
        FileUnreadableError: it is not there or may not be read.
        TooLargeError: it has more than `limit` bytes.
        DiskFullError, OutputUnwritableError: no room for the copy.
    """
    if not is_large(source):
        yield read_document(source, limit=limit)
        return
    folder = _scratch()
    with telling(folder):
        file = cast("BinaryIO", TemporaryFile(dir=folder))  # noqa: SIM115  closed below
    with closing(file):
        with telling(folder):
            copy_into(source, file, limit=limit)
            file.flush()
        with shown(file) as content:
            yield content


def _scratch() -> Path:
    """Return where copies lie: the folder for temporary files is memory on many systems."""
    lasting = Path("/var/tmp")  # noqa: S108  only files without a name are made in it
    return lasting if not os.environ.get("TMPDIR") and lasting.is_dir() else Path(gettempdir())


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
