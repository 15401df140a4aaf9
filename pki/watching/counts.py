"""Certificates counted once: by whose they are, status, unit and the day on which they end.

What was counted is kept in a file beside the register, and only what came since is counted anew.
The file is nothing but a help: it names the entry of the audit log up to which it goes, and where
the register has another one there, or none, or the file cannot be read, everything is counted
again.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from pki.atomic import write_atomically
from pki.errors.tree import PKIError
from pki.records.certificates import StatusKind
from pki.records.overview import OverviewRegister
from pki.records.register import Register
from pki.records.watching import WatchedStanding
from pki.register.folding import fold

PAGE = 20_000
MAX_FILE = 256 * 1024 * 1024
_FORM = 1
_UNIT = re.compile(r"(?:^| )(?:ou|o)=(.+?)(?= [a-z0-9.]+=|$)")
_SHOWN = re.compile(r"(?:^|,|\+)(?:OU|O)=((?:[^,+\\]|\\.)+)")
_ESCAPED = re.compile(r"\\(.)")

MONTHS = 12
ISSUED = "issue"
"""The kind of event that a reservation is."""

Days = dict[int, int]
"""How many end on each day (`date.toordinal`, UTC)."""
Key = tuple[str, str, str]
"""Status; issuer's hash, empty for ours; folded unit."""


class CountedRegister(OverviewRegister, Register, Protocol):
    """What counting needs of the store."""


@dataclass(slots=True)
class Counts:
    """What was counted, and how far."""

    cells: dict[Key, Days] = field(default_factory=lambda: defaultdict(dict))
    units: dict[str, str] = field(default_factory=dict)
    """Folded units as they are written."""
    months: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    """Of `2026-03`, how many of each kind of event."""
    own_row: int = 0
    own_sequence: int = 0
    foreign_row: int = 0
    foreign_sequence: int = 0

    @property
    def places(self) -> tuple[int, int, int, int]:
        """How far rows and events of ours and of others were counted."""
        return (self.own_row, self.own_sequence, self.foreign_row, self.foreign_sequence)

    def add(self, key: Key, day: int, count: int) -> None:
        """Count some more, or fewer."""
        days = self.cells[key]
        days[day] = days.get(day, 0) + count


ALL, REVOKED, HELD = "own", "own-revoked", "own-held"
"""Statuses of ours: all that were ever reserved, and which of them are revoked or on hold."""
_TOLD = {
    None: ((REVOKED, 1),),
    StatusKind.HOLD: ((HELD, 1),),
    StatusKind.RELEASE: ((HELD, -1),),
    StatusKind.REVOKE: ((HELD, -1), (REVOKED, 1)),
    StatusKind.UPGRADE: (),
}


def count(
    register: CountedRegister,
    now: datetime,
    path: Path | None = None,
    *,
    anew: bool = False,
    at_most: int | None = None,
) -> Counts:
    """Return all certificates, counted.

    Args:
        register: where they are.
        now: what was reserved is counted by month, for the last `MONTHS`.
        path: what was counted before is read from there, and kept there; None keeps nothing.
        anew: count everything again.
        at_most: count about so many of ours and of others more, and leave the rest for the next
            time; None for all.

    Raises:
        OutputUnwritableError, DiskFullError: the file cannot be written (`pki.atomic`).
        PKIError: whatever the register answers.
    """
    counts = (None if anew else _read(path, register)) or Counts()
    before, newest = counts.places, register.last_audit_entry()
    pages = None if at_most is None else max(1, at_most // PAGE)
    _count_own(register, counts, pages)
    if counts.own_row > before[0]:
        _count_months(register, counts, month_starts(now), after=before[0])
    _count_foreign(register, counts, pages)
    if path is not None and newest is not None and counts.places != before:
        line = [newest.sequence, hashlib.sha256(newest.content).hexdigest()]
        _write(path, counts, line)
    return counts


def unit_of(subject_folded: str) -> str:
    """Return the smallest unit of a folded subject, else its organisation."""
    found = _UNIT.search(subject_folded)
    return found[1] if found else ""


def _count_own(register: CountedRegister, counts: Counts, pages: int | None) -> None:
    # Events first: of what is issued meanwhile none is counted that is not counted itself.
    upto = register.last_sequence()
    for event in register.own_events(counts.own_sequence, upto):
        unit, day = unit_of(event.subject_folded), _day(event.not_after)
        for status, change in _TOLD[event.kind]:
            counts.add((status, "", unit), day, change)
        month = counts.months[f"{event.at:%Y-%m}"]
        kind = str(event.kind or StatusKind.REVOKE)
        month[kind] = month.get(kind, 0) + 1
    counts.own_sequence = upto
    for _ in _turns(pages):
        rows = register.own_rows(counts.own_row, PAGE)
        if not rows:
            return
        for row in rows:
            unit = unit_of(row.subject_folded)
            if unit not in counts.units:
                counts.units[unit] = _shown(register.own_subject(row.row), unit)
            counts.add((ALL, "", unit), _day(row.not_after), 1)
        counts.own_row = rows[-1].row


def _turns(pages: int | None) -> Iterable[int]:
    return itertools.count() if pages is None else range(pages)


def month_starts(now: datetime) -> list[datetime]:
    """Return the beginnings of the last `MONTHS` months, and of the next one (UTC)."""
    today = now.astimezone(UTC)
    first = today.year * 12 + today.month - MONTHS
    return [
        datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
        for number in range(first, first + MONTHS + 1)
    ]


def _count_months(
    register: CountedRegister, counts: Counts, starts: list[datetime], *, after: int
) -> None:
    told = register.reserved_between(starts, after=after, upto=counts.own_row)
    for start, number in zip(starts, told, strict=False):
        month = counts.months[f"{start:%Y-%m}"]
        month[ISSUED] = month.get(ISSUED, 0) + number


def _count_foreign(register: CountedRegister, counts: Counts, pages: int | None) -> None:
    for _ in _turns(pages):
        rows = register.foreign_rows(counts.foreign_row, PAGE)
        if not rows:
            break
        for row in rows:
            unit = fold(row.unit)
            counts.units.setdefault(unit, row.unit)
            key = (str(WatchedStanding.UNKNOWN), row.issuer_sha256, unit)
            counts.add(key, _day(row.not_after), 1)
        counts.foreign_row = rows[-1].sequence
    while events := register.foreign_events(counts.foreign_sequence, PAGE):
        for event in events:
            unit, day = fold(event.unit), _day(event.not_after)
            counts.add((str(event.before), event.issuer_sha256, unit), day, -1)
            counts.add((str(event.standing), event.issuer_sha256, unit), day, 1)
        counts.foreign_sequence = events[-1].sequence


def _day(at: datetime) -> int:
    return at.astimezone(UTC).date().toordinal()


def _shown(subject: str, unit: str) -> str:
    """Return a unit as the certificate writes it."""
    found = _SHOWN.search(subject)
    if found is None or fold(found[1]) != unit:
        return unit
    return _ESCAPED.sub(r"\1", found[1])


def _write(path: Path, counts: Counts, line: list[Any]) -> None:
    kept = {
        "form": _FORM,
        "line": line,
        "places": counts.places,
        "units": counts.units,
        "months": counts.months,
        "cells": [[*key, days] for key, days in counts.cells.items()],
    }
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(path, json.dumps(kept, ensure_ascii=False).encode(), overwrite=True)


def _read(path: Path | None, register: CountedRegister) -> Counts | None:
    """Return what was counted before, if it was counted in this register."""
    try:
        if path is None or path.stat().st_size > MAX_FILE:
            return None
        kept = json.loads(path.read_text("utf-8"))
        if kept["form"] != _FORM or not _is_of(register, *kept["line"]):
            return None
        return _counts(kept)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, PKIError):
        return None


def _is_of(register: CountedRegister, sequence: int, digest: str) -> bool:
    found = register.find_audit_entries([sequence])
    return [hashlib.sha256(one.content).hexdigest() for one in found] == [digest]


def _counts(kept: dict[str, Any]) -> Counts:
    counts = Counts()
    counts.own_row, counts.own_sequence, counts.foreign_row, counts.foreign_sequence = map(
        int, kept["places"]
    )
    counts.units.update({str(name): str(text) for name, text in kept["units"].items()})
    for month, kinds in kept["months"].items():
        counts.months[str(month)] = {str(kind): int(number) for kind, number in kinds.items()}
    for status, issuer, unit, days in kept["cells"]:
        counts.cells[str(status), str(issuer), str(unit)] = {
            int(day): int(number) for day, number in days.items()
        }
    return counts
