"""The text of a document's pages, read by another process (`signing.display.text_child`).

Bounded: so many pages from the end, so many letters a page, so many seconds a document, so much
memory and so large an answer. A process that hangs or dies is replaced for the next document. Of a
large document it gets the pieces that it asks for, so that nobody has it in memory as a whole.
"""

from __future__ import annotations

import atexit
import json
import math
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, BinaryIO

import signing.display.fold
from signing.display.asked import PIECE
from signing.errors.placing import DocumentTooLargeToLookError, TextUnreadableError
from verify.password import Password

MAX_PAGES = 64
"""Looked at from the end: a page takes a millisecond or two."""
MAX_LETTERS = 50_000
"""On one page; a page full of small print has 10,000."""
WHOLE_BYTES = 32 * 1024**2
"""What has no more is handed over as a whole: faster, a page is asked for in some ten pieces."""
MAX_DOCUMENT_BYTES = 256 * 1024**2
"""Of one that is looked at, in memory."""
MAX_MEMORY_BYTES = 2 * 1024**3
"""Of the other process, the copy included; an ordinary document takes some 100 MB."""
MAX_ANSWER_BYTES = 64 * 1024**2
LIMIT = timedelta(seconds=20)

_ROOT = Path(signing.display.fold.__file__).parents[2]
_START = """
import sys
sys.path.insert(0, {root!r})
from signing.display.memory_posix import limit_memory
limit_memory({memory})
from signing.display.text_child import main
main()
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter, and its box as (left, bottom, right, top) in the page's own coordinates."""

    text: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PageText:
    """One page that holds what was looked for."""

    index: int
    letters: tuple[Letter, ...]


@dataclass(frozen=True, slots=True)
class FoundText:
    """What was found in a document."""

    pages: int
    looked_at: int
    """So many pages, from the end."""
    letters: int
    """On all of these; none: it is a picture of text."""
    found: tuple[PageText, ...]
    """The last page first."""


class TextReader:
    """Reads the text of documents, one after another, in a process of its own."""

    def __init__(self, limit: timedelta = LIMIT) -> None:
        """Start nothing yet.

        Args:
            limit: how long one document may take.
        """
        self._limit = limit
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def find(
        self,
        document: BinaryIO,
        needles: tuple[str, ...],
        *,
        page: int | None,
        password: Password | None = None,
    ) -> FoundText:
        """Return the letters of the pages on which one of the needles stands.

        Args:
            document: a stream over it.
            needles: folded.
            page: index of the only page to look at; None for all, from the end.
            password: of a document that is encrypted; it goes through the pipe and nowhere else.

        Raises:
            TextUnreadableError: it cannot be read, or not in time.
        """
        head: dict[str, Any] = {
            "needles": needles,
            "page": page,
            "most_pages": MAX_PAGES,
            "most_letters": MAX_LETTERS,
            "password": None if password is None else password.reveal(),
        }
        size = document.seek(0, os.SEEK_END)
        document.seek(0)
        data = b""
        if size > WHOLE_BYTES:
            head["size"] = size
        else:
            data = document.read()
        with self._lock:
            told = self._ask(json.dumps(head).encode(), data, document)
        return _read_answer(told)

    def look(self, data: bytes, password: Password | None = None) -> tuple[int, tuple[str, ...]]:
        """Return a fingerprint of what each page shows, its text and a small picture of it.

        Args:
            data: the document.
            password: of a document that is encrypted.

        Returns:
            How many pages there are, and a fingerprint of each; of very long documents of the
            first and the last ones only.

        Raises:
            DocumentTooLargeToLookError: it has more than 256 MiB.
            TextUnreadableError: it cannot be read, or not in time.
        """
        if len(data) > MAX_DOCUMENT_BYTES:
            raise DocumentTooLargeToLookError(size=len(data), limit=MAX_DOCUMENT_BYTES)
        head = {
            "look": True,
            "most_pages": MAX_PAGES,
            "password": None if password is None else password.reveal(),
        }
        with self._lock:
            told = json.loads(self._ask(json.dumps(head).encode(), data))
        pages, looks = told.get("pages"), told.get("looks")
        if not isinstance(pages, int) or not isinstance(looks, list):
            raise TextUnreadableError(reason=str(told.get("error", "no looks"))[:200])
        return pages, tuple(map(str, looks))

    def close(self) -> None:
        """End the process; it is started again when it is needed."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        with suppress(OSError), process:  # closes the pipes, into which nothing goes any more
            pass

    def _ask(self, head: bytes, data: bytes, document: BinaryIO | None = None) -> bytes:
        process = self._running()
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018
        watch = threading.Timer(self._limit.total_seconds(), process.kill)
        watch.start()
        try:
            lengths = len(head).to_bytes(8, "big") + len(data).to_bytes(8, "big")
            process.stdin.write(lengths + head)
            process.stdin.write(data)
            process.stdin.flush()
            answer = _receive(process.stdout)
            while answer == b"" and document is not None:
                _give(process.stdin, process.stdout, document)
                answer = _receive(process.stdout)
        except (OSError, _NoPieceError):
            answer = None
        finally:
            watch.cancel()
        if not answer:
            self.close()
            raise TextUnreadableError(reason="no answer from the process that reads it")
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        start = _START.format(root=str(_ROOT), memory=MAX_MEMORY_BYTES)
        try:
            self._process = subprocess.Popen(  # noqa: S603  this Python, a script of our own
                [sys.executable, "-I", "-X", "utf8", "-c", start],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise TextUnreadableError(reason=error.strerror or type(error).__name__) from error
        return self._process


class _NoPieceError(Exception):
    """What is asked for is no piece of the document."""


def _give(questions: IO[bytes], answers: IO[bytes], document: BinaryIO) -> None:
    """Hand over the piece that the other process asks for.

    Raises:
        _NoPieceError: it is none, or has to be a larger one than is ever asked for.
    """
    wish = answers.read(16)
    offset, count = int.from_bytes(wish[:8], "big"), int.from_bytes(wish[8:], "big")
    if len(wish) < 16 or not 0 < count <= PIECE or offset >= 1 << 62:
        raise _NoPieceError
    document.seek(offset)
    piece = document.read(count)
    if len(piece) < count:
        raise _NoPieceError
    questions.write(piece)
    questions.flush()


def _receive(stream: IO[bytes]) -> bytes | None:
    """Return an answer, empty for a wish; None where there is none, or one beyond all bounds."""
    head = stream.read(8)
    length = int.from_bytes(head, "big")
    if len(head) < 8 or length > MAX_ANSWER_BYTES:
        return None
    data = stream.read(length)
    return data if len(data) == length else None


def _read_answer(data: bytes) -> FoundText:
    """Return what the other process said, of which nothing is taken on trust.

    Raises:
        TextUnreadableError: it could not read the document, or did not answer as it should.
    """
    try:
        told = json.loads(data)
        if "error" in told:
            raise TextUnreadableError(reason=str(told["error"])[:300])
        return FoundText(
            int(told["pages"]),
            int(told["looked_at"]),
            int(told["words"]),
            tuple(
                PageText(int(page["page"]), tuple(_letters(page["letters"])))
                for page in told["found"]
            ),
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise TextUnreadableError(reason="answer not as agreed") from error


def _letters(told: list[Any]) -> Iterator[Letter]:
    for text, *box in told:
        left, bottom, right, top = (float(side) for side in box)
        if all(math.isfinite(side) for side in (left, bottom, right, top)):
            yield Letter(str(text), (left, bottom, right, top))


READER = TextReader()
"""This process's own: starting one takes a tenth of a second."""
atexit.register(READER.close)
