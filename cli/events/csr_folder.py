"""A folder of requests for keys, each file called by a person's code or a certificate's serial."""

from __future__ import annotations

from pathlib import Path

from cli.errors import UnreadableFileError
from cli.files import read_small
from pki.request import MAX_REQUEST_BYTES

ENDINGS = (".csr", ".req", ".p10", ".pem", ".der")


class CSRFolder:
    """`pki.plans.merging.CSRs` over the files of a folder; read when they are asked for."""

    def __init__(self, folder: Path) -> None:
        """List the folder.

        Raises:
            UnreadableFileError: there is none.
        """
        try:
            entries = sorted(folder.iterdir())
        except OSError as error:
            raise UnreadableFileError(path=folder, reason=error.strerror or "") from error
        self._files: dict[str, Path] = {}
        for path in entries:
            if path.suffix.lower() in ENDINGS:
                self._files.setdefault(path.name[: -len(path.suffix)], path)

    def find(self, name: str) -> bytes | None:
        """Return the request of that name.

        Raises:
            UnreadableFileError: it cannot be read, or is larger than a request may be.
        """
        path = self._files.get(name)
        return None if path is None else read_small(path, most=MAX_REQUEST_BYTES)
