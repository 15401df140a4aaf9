"""The bytes of a document: in memory, or a file that the system shows as memory.

Scanners make documents of a gigabyte. A file that is mapped has length, slices, searches and
buffers as bytes have. What was looked at stays in memory until it is let go: here, after each piece
of a walk through the whole.

A mapped file must be the program's own: whoever shortens it while it is looked at ends the process.
"""

from __future__ import annotations

import gc
import hashlib
import io
import mmap
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Content = bytes | mmap.mmap
_PIECE = 4 * 1024 * 1024
_BUFFER = 16 * 1024
LOOKS = 16
"""After so many at a mapped file, at places far apart, what was seen is let go."""


def map_file(file: BinaryIO) -> mmap.mmap:
    """Return what is in a file, which may grow meanwhile but not shrink."""
    file.flush()
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def let_go(content: Content) -> None:
    """Close a mapped file, where nobody looks at it any more: Windows renames none that is open."""
    if not isinstance(content, mmap.mmap):
        return
    try:
        content.close()
    except BufferError:  # readers that nobody has any more hold on to images in it
        gc.collect()
        with suppress(BufferError):
            content.close()


@contextmanager
def shown(stream: BinaryIO) -> Iterator[Content]:
    """Hand out what a stream in memory, or a file, holds; a file is shown for the block alone."""
    content = stream.getvalue() if isinstance(stream, io.BytesIO) else map_file(stream)
    try:
        yield content
    finally:
        let_go(content)


def stream_of(content: Content) -> io.BytesIO | io.BufferedReader:
    """Return a stream over the content, at its start."""
    if isinstance(content, bytes):
        return io.BytesIO(content)
    return io.BufferedReader(_MappedStream(content), _BUFFER)


def pieces_of(content: Content | memoryview) -> Iterator[memoryview]:
    """Yield everything in order; of a mapped file no more than a piece stays in memory."""
    view = memoryview(content)
    if not isinstance(view.obj, mmap.mmap):
        yield view
        return
    for start in range(0, len(view), _PIECE):
        yield view[start : start + _PIECE]
        forget(view.obj)


def sha256_of(content: Content | memoryview) -> str:
    """Return the SHA-256 of the whole, hexadecimal."""
    hasher = hashlib.sha256()
    for piece in pieces_of(content):
        hasher.update(piece)
    return hasher.hexdigest()


@dataclass(frozen=True, slots=True)
class Digest:
    """The digest of what was signed, in the place of it."""

    algorithm: str
    """As `verify.signature_value` names it, e.g. `sha256`."""
    value: bytes

    def digest(self, name: str) -> bytes | None:
        """Return it, if it is the one that is asked for."""
        return self.value if self.has(name) else None

    def has(self, name: str) -> bool:
        """Say whether it is that digest."""
        return name == self.algorithm


class Hashed:
    """The SHA-256 of a document that may grow: what was hashed before is not hashed again."""

    def __init__(self) -> None:
        self._hasher = hashlib.sha256()
        self._size = 0

    def of(self, content: Content) -> str:
        """Return the SHA-256 of the whole, hexadecimal.

        Args:
            content: what was asked about before, or that and more after it.
        """
        for piece in pieces_of(memoryview(content)[self._size :]):
            self._hasher.update(piece)
        self._size = len(content)
        return self._hasher.hexdigest()

    def of_pieces(self, pieces: tuple[memoryview, ...]) -> bytes:
        """Return the SHA-256 of pieces of a document.

        Args:
            pieces: what was asked about before has to begin the first of them.
        """
        hasher, size = self._hasher.copy(), self._size
        if not pieces or len(pieces[0]) < size:
            hasher, size = hashlib.sha256(), 0
        for number, piece in enumerate(pieces):
            for part in pieces_of(piece if number else piece[size:]):
                hasher.update(part)
        return hasher.digest()

    def copy(self) -> Hashed:
        """Return another that knows as much."""
        copied = Hashed()
        copied._hasher, copied._size = self._hasher.copy(), self._size
        return copied


def begins_with(content: Content, start: Content) -> bool:
    """Say whether the first bytes of `content` are those of `start`."""
    if isinstance(content, bytes) and isinstance(start, bytes):
        return content.startswith(start)
    if len(content) < len(start):
        return False
    for offset in range(0, len(start), _PIECE):
        end = min(offset + _PIECE, len(start))
        if content[offset:end] != start[offset:end]:
            return False
        forget(content)
        forget(start)
    return True


def forget(content: Content) -> None:
    """Let the system take back what was looked at of a mapped file; it is read again on demand.

    To look at a byte may bring in megabytes around it.
    """
    if sys.platform != "win32" and isinstance(content, mmap.mmap):  # Windows does so by itself
        content.madvise(mmap.MADV_DONTNEED)


class _MappedStream(io.RawIOBase):
    """A mapped file, read as a stream."""

    def __init__(self, content: mmap.mmap) -> None:
        self._content = content
        self._position = 0
        self._looks = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: len(self._content)}
        if base[whence] + offset < 0:
            raise ValueError(offset)
        self._position = base[whence] + offset
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        room = memoryview(buffer).cast("B")
        found = self._content[self._position : self._position + len(room)]
        room[: len(found)] = found
        self._position += len(found)
        self._looks += 1
        if self._looks % LOOKS == 0:
            forget(self._content)
        return len(found)
