"""A document that is asked for piece by piece, where the whole is too much to hand over."""

from __future__ import annotations

import io
import os
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIECE = 256 * 1024
KEPT = 32
"""So many pieces: PDFium goes to and fro between the index and what is indexed."""


class AskedDocument(io.RawIOBase):
    """Reads a document through a function that fetches pieces of it."""

    def __init__(self, size: int, fetch: Callable[[int, int], bytes]) -> None:
        """Fetch nothing yet.

        Args:
            size: of the document, in bytes.
            fetch: returns so many bytes from an offset on.
        """
        self._size = size
        self._fetch = fetch
        self._position = 0
        self._pieces: OrderedDict[int, bytes] = OrderedDict()

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to an offset, which may lie beyond the end; return it from the start."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(offset)
        self._position = base + offset
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer, over the borders of pieces; less only at the end of the document."""
        room = memoryview(buffer).cast("B")
        end = min(self._position + len(room), self._size)
        filled = 0
        while self._position < end:
            piece, offset = self._piece(self._position // PIECE), self._position % PIECE
            part = piece[offset : offset + end - self._position]
            room[filled : filled + len(part)] = part
            filled += len(part)
            self._position += len(part)
        return filled

    def _piece(self, number: int) -> bytes:
        found = self._pieces.pop(number, None)
        if found is None:
            start = number * PIECE
            found = self._fetch(start, min(PIECE, self._size - start))
            if len(self._pieces) >= KEPT:
                self._pieces.popitem(last=False)
        self._pieces[number] = found
        return found
