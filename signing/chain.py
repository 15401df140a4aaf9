"""A file of lines that only grows, each naming the hash of the line before it.

A line says that a record was kept, by the record's digest, or that one was erased. So a record
that is changed, taken out or put in later is found, and an erased one leaves its line behind. The
newest lines can be cut off without a trace in the file: who wants to find that notes the head.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from pki.sync_posix import sync_folder
from signing.errors.ledger import EvidenceUnwritableError

START = "0" * 64
"""What the first line names."""
MAX_LINE = 4096


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the chain."""

    number: int
    at: datetime
    previous: str
    id: str
    """Of the record that was kept, or that is erased."""
    digest: str | None = None
    """Of the record's file; None where the line erases it."""
    reason: str | None = None
    """Why it was erased."""

    def encode(self) -> bytes:
        """Return the line's bytes, its end included."""
        found: dict[str, Any] = {
            "n": self.number,
            "at": self.at.isoformat(),
            "previous": self.previous,
            "id": self.id,
        }
        if self.digest is not None:
            found["digest"] = self.digest
        else:
            found["erased"] = self.reason
        return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def hash_of(line: bytes) -> str:
    """Return what the next line names this one by."""
    return hashlib.sha256(line).hexdigest()


def parse_line(text: bytes) -> Line | None:
    """Read a line; None where it is none, or not as it would have been written."""
    try:
        found = json.loads(text)
        line = Line(
            number=found["n"],
            at=datetime.fromisoformat(found["at"]),
            previous=found["previous"],
            id=found["id"],
            digest=found.get("digest"),
            reason=found.get("erased"),
        )
        return line if line.encode() == text else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines with their ends; the last may have none, and none is longer than is read."""
    try:
        with path.open("rb") as file:
            while text := file.readline(MAX_LINE):
                yield text
    except FileNotFoundError:
        return


def append(path: Path, *, at: datetime, id: str, digest: str | None, reason: str | None) -> Line:  # noqa: A002  the field's name
    """Append a line for good; whoever calls holds the chain's lock.

    A last line without an end was never acknowledged: whatever wrote it was killed, and it goes.

    Raises:
        EvidenceUnwritableError: the file cannot be read or written, or its last line is no line.
    """
    new = not path.exists()
    try:
        with path.open("a+b") as file:
            _cut_off_rest(file)
            text = _last_line(file)
            before = parse_line(text) if text else None
            if text and before is None:
                raise EvidenceUnwritableError(path=path, reason="last line")
            number = before.number + 1 if before else 1
            line = Line(number, at, hash_of(text) if text else START, id, digest, reason)
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
        if new:
            sync_folder(path.parent)
    except OSError as error:
        raise EvidenceUnwritableError(path=path, reason=error.strerror or "") from error
    return line


def _cut_off_rest(file: BinaryIO) -> None:
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - 2 * MAX_LINE)
    file.seek(start)
    tail = file.read()
    end = tail.rfind(b"\n") + 1
    if end < len(tail):
        file.truncate(start + end)


def _last_line(file: BinaryIO) -> bytes:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 2 * MAX_LINE))
    lines = file.read().splitlines(keepends=True)
    return lines[-1] if lines else b""
