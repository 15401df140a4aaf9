"""Small files that commands read: a request, a certificate, a list."""

from __future__ import annotations

from pathlib import Path

from cli.errors import UnreadableFileError

MAX_SMALL_FILE = 4 * 1024 * 1024


def read_small(path: Path, *, most: int = MAX_SMALL_FILE) -> bytes:
    """Return a file of at most 4 MiB, or `most` octets: a request, a certificate, a list.

    Raises:
        UnreadableFileError: not there, not readable, a folder, or larger.
    """
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise UnreadableFileError(path=path, reason=error.strerror or "") from error
    if len(data) > most:
        raise UnreadableFileError(path=path, reason=f"> {most // 1024**2} MiB")
    return data
