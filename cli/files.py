"""Small files that commands read: a request, a certificate, a list."""

from __future__ import annotations

from pathlib import Path

from cli.errors import UnreadableFileError

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
