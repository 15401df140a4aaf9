"""A document that is worked on and put back in its place: in memory, or in a file beside it.

What came to be in its place meanwhile is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from pki.atomic import part_of, take_away, take_name, waiting_beside, write_atomically
from signing.errors.queue import DocumentChangedError, DocumentGoneError
from signing.large import copy_into, is_large, open_document
from signing.reading import read_document
from verify.content import sha256_of


@dataclass(slots=True)
class Replacement:
    """A document that may take the place of what it was made from."""

    path: Path
    limit: int
    part: Path | None
    """The file that a large document is worked on in."""
    _memory: BytesIO = field(default_factory=BytesIO)
    _sha256: str = ""

    @contextmanager
    def worked_on(self) -> Iterator[BinaryIO]:
        """Hand out a copy of the document, to be changed in the block.

        Raises:
            PKIError: see `read_document`, and `waiting_beside`.
        """
        if self.part is None:
            data = read_document(self.path, limit=self.limit)
            self._sha256, self._memory = hashlib.sha256(data).hexdigest(), BytesIO(data)
            yield self._memory
            return
        with waiting_beside(self.path, self.part) as file:
            _, self._sha256 = copy_into(self.path, file, limit=self.limit)
            yield file

    def replace(self) -> None:
        """Put what was made in the document's place, unless that is another one meanwhile.

        Raises:
            DocumentChangedError: somebody signed it; it is not undone.
            PKIError: see `read_document`, and `write_atomically`.
        """
        with open_document(self.path, limit=self.limit) as now:
            if sha256_of(now) != self._sha256:
                raise DocumentChangedError(path=self.path)
        if self.part is None:
            write_atomically(self.path, self._memory.getvalue(), overwrite=True)
        else:
            take_name(self.part, self.path, overwrite=True)


@contextmanager
def replacing(path: Path, *, limit: int) -> Iterator[Replacement]:
    """Hand out a document of at most `limit` bytes to be replaced; what is not put back is gone.

    Raises:
        DocumentGoneError: it is not there.
    """
    if not path.is_file():
        raise DocumentGoneError(path=path)
    part = part_of(path) if is_large(path) else None
    try:
        yield Replacement(path, limit, part)
    finally:
        if part is not None:
            take_away(part)
