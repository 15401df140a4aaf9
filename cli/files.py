"""Small files that commands read and write: whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cli.errors import OutputExistsError, UnreadableFileError, UnwritableFileError

MAX_SMALL_FILE = 4 * 1024 * 1024


def read_small(path: Path) -> bytes:
    """Return a file of at most 4 MiB: a request, a certificate, a list.

    Raises:
        UnreadableFileError: not there, not readable, a folder, or larger.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SMALL_FILE + 1)
    except OSError as error:
        raise UnreadableFileError(path=path, reason=error.strerror or "") from error
    if len(data) > MAX_SMALL_FILE:
        raise UnreadableFileError(path=path, reason="> 4 MiB")
    return data


def write_new(path: Path, data: bytes, *, overwrite: bool = False, mode: int = 0o644) -> None:
    """Write a file beside its place and rename it there.

    Raises:
        OutputExistsError: it is there and `overwrite` is not asked for.
        UnwritableFileError: the folder is missing, full or closed.
    """
    if path.exists() and not overwrite:
        raise OutputExistsError(path=path)
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise UnwritableFileError(path=path, reason=error.strerror or "") from error
