"""Documents named on the command line: files, and the PDFs in folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cli.errors import NoDocumentsError, UnreadableFileError


def documents_in(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return the files, and of each folder the `.pdf` files in it, by name.

    Raises:
        UnreadableFileError: a folder that cannot be listed.
        NoDocumentsError: folders without a PDF in them.
    """
    found: list[Path] = []
    for path in paths:
        try:
            if path.is_dir():
                found += sorted(
                    one for one in path.iterdir() if one.suffix.lower() == ".pdf" and one.is_file()
                )
            else:
                found.append(path)
        except OSError as error:
            raise UnreadableFileError(path=path, reason=error.strerror or "") from error
    if not found:
        raise NoDocumentsError(paths=tuple(str(path) for path in paths))
    return tuple(found)
