"""Signed notes: text that a person can read, and below it signature lines.

Spec: C2SP signed-note v1.0.0 (https://c2sp.org/signed-note@v1.0.0).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from pki.errors.audit import CheckpointMalformedError

MAX_OCTETS = 256 * 1024
MAX_SIGNATURES = 16
ORIGIN = r"[^\s+]{1,255}"
"""What a log may be called, as a regular expression."""
_LINE = re.compile(r"— (?P<name>[^\s+]+) (?P<value>[A-Za-z0-9+/]+={0,2})")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class Note:
    """A note taken apart; no signature of it is verified."""

    text: str
    """What is signed, its last newline included."""
    signatures: tuple[tuple[str, bytes], ...]
    """Key name, and key ID with signature."""


def format_note(note: Note) -> bytes:
    """Return the note as it is written to a file."""
    lines = (f"— {name} {base64.b64encode(value).decode()}\n" for name, value in note.signatures)
    return f"{note.text}\n{''.join(lines)}".encode()


def parse_note(untrusted: bytes) -> Note:
    """Take a note apart.

    Raises:
        CheckpointMalformedError: it is none, or larger than any of ours.
    """
    if len(untrusted) > MAX_OCTETS:
        raise CheckpointMalformedError(reason="too large")
    try:
        whole = untrusted.decode()
    except UnicodeDecodeError as error:
        raise CheckpointMalformedError(reason="not UTF-8") from error
    text, blank, below = whole.rpartition("\n\n")
    if _CONTROL.search(whole) or not blank or not below.endswith("\n"):
        raise CheckpointMalformedError(reason="not a signed note")
    lines = below[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise CheckpointMalformedError(reason="too many signatures")
    return Note(f"{text}\n", tuple(_parse_line(line) for line in lines))


def decode_base64(text: str) -> bytes:
    """Decode base64 that could not be written otherwise.

    Raises:
        ValueError: not base64, or not in its one form.
    """
    octets = base64.b64decode(text, validate=True)
    if base64.b64encode(octets).decode() != text:
        raise ValueError("not in its one form")
    return octets


def _parse_line(line: str) -> tuple[str, bytes]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise CheckpointMalformedError(reason="not a signature line")
    try:
        value = decode_base64(found["value"])
    except ValueError as error:
        raise CheckpointMalformedError(reason="not a signature line") from error
    if len(value) <= 4:
        raise CheckpointMalformedError(reason="not a signature line")
    return found["name"], value
