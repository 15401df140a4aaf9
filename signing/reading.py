"""Reads a document from a file: once, whole, and never more than the limit.

Apart from `signing.files`, so that whoever only judges does not load what signs.
"""

from __future__ import annotations

import os
from io import FileIO
from pathlib import Path

from signing.errors.files import FileIsDirectoryError, FileUnreadableError
from verify.errors import TooLargeError


def read_document(source: Path, *, limit: int) -> bytes:
    """Return the bytes of a file of at most `limit` bytes.

    Raises:
        FileIsDirectoryError: it is a directory.
        FileUnreadableError: it is not there or may not be read.
        TooLargeError: it is longer; nothing of it is kept in memory.
    """
    try:
        with source.open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            if size > limit:
                raise TooLargeError(name=source.name, size=size, limit=limit)
            data = _all_of(file, size, limit + 1)
    except OSError as error:
        if source.is_dir():
            raise FileIsDirectoryError(path=source) from error
        raise FileUnreadableError(path=source, reason=words_of(error)) from error
    if len(data) > limit:  # it grew, or is a pipe
        raise TooLargeError(name=source.name, size=len(data), limit=limit)
    return data


def _all_of(file: FileIO, size: int, limit: int) -> bytes:
    """Return what a file of about that size holds, at most `limit` bytes of it."""
    data = file.read(min(size + 1, limit))
    while data and len(data) < limit and (more := file.read(limit - len(data))):
        data += more
    return data


def words_of(error: OSError) -> str:
    """Return what the system says of an error."""
    return error.strerror or type(error).__name__
