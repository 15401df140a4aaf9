"""The transcript: canonical JSON, one line a step, each line holding the hash of the line before.

    line 1       what was planned, by which Antin, under which profiles, and how the log stood
    line 2 …     a step: what was asked, who confirmed, when, and what came of it
    last line    the end: how many steps, and how the log stands

What differs by nature between a rehearsal and the real ceremony stands in `{"varies": …}`; all else
is the same in both, octet for octet. A line that is edited, cut out, moved or repeated no longer
fits the next one; that the last one was not made anew as well is what signatures are for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from pki.ceremony.plan import Plan, parse_plan
from pki.errors.ceremony import TranscriptBrokenError, TranscriptMalformedError

FORMAT = "antin.ceremony/1"
MAX_OCTETS = 8 * 1024 * 1024
_PREVIOUS = "previous"

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Transcript:
    """A transcript whose lines follow each other. Nothing in them is verified."""

    lines: tuple[bytes, ...]
    entries: tuple[Entry, ...]
    plan: Plan

    @property
    def head(self) -> Entry:
        """The first line."""
        return self.entries[0]

    @property
    def steps(self) -> tuple[Entry, ...]:
        """The steps that are done."""
        return self.entries[1:-1] if self.ended else self.entries[1:]

    @property
    def ended(self) -> bool:
        """Whether its last line is the end."""
        return "end" in self.entries[-1]

    @property
    def is_rehearsal(self) -> bool:
        """Whether it says that it was a rehearsal."""
        return fixed(self.head["rehearsal"]) is True

    def octets(self) -> bytes:
        """Return the file: what is signed."""
        return b"".join(line + b"\n" for line in self.lines)


def varies(value: object) -> dict[str, object]:
    """Return a value marked as one that another run of the same ceremony has otherwise."""
    return {"varies": value}


def fixed(value: object) -> Any:  # noqa: ANN401  whatever JSON holds
    """Return a value without the mark."""
    return value["varies"] if isinstance(value, dict) and value.keys() == {"varies"} else value


def line_of(entry: Entry) -> bytes:
    """Return an entry in its one form."""
    return json.dumps(
        entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def chained(entry: Entry, previous: bytes) -> Entry:
    """Return the entry with the hash of the line before."""
    return {**entry, _PREVIOUS: varies(hashlib.sha256(previous).hexdigest())}


def time_text(at: datetime) -> str:
    """Return a time as it stands in a transcript."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_transcript(untrusted: bytes) -> Transcript:
    """Read a transcript and see that its lines follow each other.

    Raises:
        TranscriptMalformedError: too large, a line that is no entry in its one form, or of another
            format.
        TranscriptBrokenError: a line was edited, cut, moved, repeated or slipped in.
        CeremonyFileError, CeremonyPINError: the plan in it is none.
    """
    if len(untrusted) > MAX_OCTETS or not untrusted.endswith(b"\n"):
        raise TranscriptMalformedError(line=0)
    lines = tuple(untrusted[:-1].split(b"\n"))
    entries = tuple(_parse(line, number) for number, line in enumerate(lines, 1))
    head = entries[0]
    if not _is_head(head):
        raise TranscriptMalformedError(line=1)
    for number in range(1, len(lines)):
        expected = varies(hashlib.sha256(lines[number - 1]).hexdigest())
        if entries[number].get(_PREVIOUS) != expected:
            raise TranscriptBrokenError(line=number + 1)
    return Transcript(lines, entries, parse_plan(head["plan"]))


def skeleton(entry: object) -> object:
    """Return what is the same in every run: everything marked is left out."""
    if isinstance(entry, dict):
        if entry.keys() == {"varies"}:
            return {"varies": None}
        return {key: skeleton(value) for key, value in entry.items()}
    return [skeleton(one) for one in entry] if isinstance(entry, list) else entry


def _is_head(head: Entry) -> bool:
    texts = head.get("profiles")
    return (
        head.get("format") == FORMAT
        and all(isinstance(head.get(name), str) for name in ("plan", "antin", "policy_arc"))
        and isinstance(fixed(head.get("rehearsal")), bool)
        and isinstance(texts, dict)
        and all(
            isinstance(one, dict)
            and one.keys() == {"sha256", "text"}
            and all(isinstance(value, str) for value in one.values())
            for one in texts.values()
        )
        and _PREVIOUS not in head
    )


def _parse(line: bytes, number: int) -> Entry:
    try:
        entry = json.loads(line)
        canonical = line_of(entry)
    except (ValueError, RecursionError) as error:
        raise TranscriptMalformedError(line=number) from error
    is_entry = isinstance(entry, dict) and isinstance(fixed(entry.get("at")), str)
    if not is_entry or canonical != line:
        raise TranscriptMalformedError(line=number)
    return cast("Entry", entry)
