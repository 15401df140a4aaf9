"""One line of a batch's journal: what was signed from what, and whether it was given out."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

SETTLED = timedelta(seconds=3)
"""A file changed no longer ago may change again and show the same time: FAT counts two seconds."""
MAX_LINE = 64 * 1024
_SHA256_HEX = 64


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What tells, without reading it, that a file is the one it was."""

    path: str
    """Absolute."""
    size: int
    mtime_ns: int | None
    """None where the time says nothing: the file had changed a moment before it was read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One document whose signature was made."""

    source: FileStamp
    sha256: str
    """Of the input, hexadecimal."""
    output: str
    """Name of the output in the journal's folder; there is one entry a name."""
    output_size: int
    output_sha256: str
    given_out: bool = False
    """The output took its name; else the process may have ended before."""


def stamp_of(source: Path, now: datetime) -> FileStamp:
    """Return what tells a file.

    Raises:
        OSError: it cannot be looked at.
    """
    found = source.stat()
    age = now.timestamp() - found.st_mtime
    settled = abs(age) > SETTLED.total_seconds()
    return FileStamp(
        os.fspath(source.absolute()), found.st_size, found.st_mtime_ns if settled else None
    )


def settled_stamp(before: FileStamp, after: FileStamp, size: int) -> FileStamp:
    """Return what tells a file of which `size` bytes were read between two looks at it.

    Its time of change counts for nothing where it changed meanwhile.
    """
    settled = before == after and before.size == size
    return FileStamp(before.path, size, before.mtime_ns if settled else None)


def signed_line(entry: Entry) -> bytes:
    """Return the line that is written before an output takes its name."""
    return _line(
        {
            "state": "signed",
            "output": entry.output,
            "output_size": entry.output_size,
            "output_sha256": entry.output_sha256,
            "input": entry.source.path,
            "size": entry.source.size,
            "mtime_ns": entry.source.mtime_ns,
            "sha256": entry.sha256,
        }
    )


def given_line(output: str) -> bytes:
    """Return the line that is written after an output took its name."""
    return _line({"state": "given-out", "output": output})


def read_line(line: bytes, entries: Mapping[str, Entry]) -> Entry:
    """Return the entry that a line makes, after those of the lines before it.

    Raises:
        ValueError, KeyError, TypeError, RecursionError: it is no line of a journal.
    """
    if len(line) > MAX_LINE:
        raise ValueError(len(line))
    found = json.loads(line)
    output = _text(found["output"])
    if found["state"] == "given-out":
        return replace(entries[output], given_out=True)
    if found["state"] != "signed":
        raise ValueError(found["state"])
    mtime = found["mtime_ns"]
    source = FileStamp(
        _text(found["input"]), _count(found["size"]), None if mtime is None else _number(mtime)
    )
    return Entry(
        source,
        _digest(found["sha256"]),
        output,
        _count(found["output_size"]),
        _digest(found["output_sha256"]),
    )


def _line(found: dict[str, Any]) -> bytes:
    # ASCII: names that are no text keep their octets as lone surrogates, which JSON can escape.
    return json.dumps(found, separators=(",", ":")).encode("ascii") + b"\n"


def _text(found: object) -> str:
    if not isinstance(found, str) or not found:
        raise TypeError(type(found).__name__)
    return found


def _number(found: object) -> int:
    if type(found) is not int:
        raise TypeError(type(found).__name__)
    return found


def _count(found: object) -> int:
    if (number := _number(found)) < 0:
        raise ValueError(number)
    return number


def _digest(found: object) -> str:
    text = _text(found)
    if len(text) != _SHA256_HEX or not set(text) <= set("0123456789abcdef"):
        raise ValueError(text)
    return text
