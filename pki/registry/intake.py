"""A file of entries, looked through first and taken in after.

1. Every line is judged, as it stands and beside the others: nothing is written before all faults
   are known.
2. The file is read again and what is new or changed is committed, some thousand entries at a time.

What stands already is left alone. So the same file twice changes nothing, and one that was
interrupted is taken in to its end by the same command. Agencies name one another and are held in
memory, as are posts of whom a file says more than one of the same agency; of other lines only code
and number are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any

from pki.errors.registry_files import (
    CSVChangedError,
    CSVFaultsError,
    CSVNumberTwiceError,
    CSVTooLargeError,
    CSVTwiceError,
)
from pki.errors.tree import PKIError
from pki.records.audit import AuditEvent
from pki.records.changes import EnterRecord, Step
from pki.records.people import Agency, Entry, Person, Post
from pki.records.people_register import PeopleRegister
from pki.registry.beside import Beside
from pki.registry.checks import check_entry
from pki.registry.forms import KEY_OF, read_values, write_values
from pki.registry.sheet import Line, Sheet
from pki.registry.versions import first_version, next_version

BATCH = 5000
"""Entries of one transaction: under a second, so that others who write need not wait long."""
MAX_AGENCIES = 50_000
MAX_FAULTS = 10_000
"""Faults that are told one by one; the others are counted."""

Tell = Callable[[Entry, int], AuditEvent]
"""Gives the event that tells of a version and the line it stood in."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line."""

    line: int
    error: PKIError


@dataclass(slots=True)
class Findings:
    """What a file would do."""

    new: int = 0
    changed: int = 0
    same: int = 0
    bad: int = 0
    """Lines with faults."""
    faults: list[Fault] = field(default_factory=list)
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class _Judged:
    line: int
    entry: Entry | None
    """None where nothing changes, or the line is wrong."""
    faults: tuple[PKIError, ...] = ()


class Intake:
    """One file, on its way into the register."""

    def __init__(
        self,
        sheet: Sheet,
        register: PeopleRegister,
        *,
        day: date,
        at: datetime,
        local_days: bool = False,
    ) -> None:
        """Take nothing in yet.

        Args:
            sheet: the file.
            register: where it goes.
            day: from which changes hold that name no day of their own.
            at: when it is recorded.
            local_days: whether its days may be written DD/MM/YYYY.
        """
        self._sheet = sheet
        self._register = register
        self._day = day
        self._at = at
        self._local_days = local_days

    def look_through(self) -> Findings:
        """Judge every line; nothing is changed.

        Raises:
            InvalidInputError: the file as a whole cannot be read.
        """
        findings = Findings()
        for judged in self._judged():
            if judged.faults:
                findings.bad += 1
                room = MAX_FAULTS - len(findings.faults)
                findings.faults += [Fault(judged.line, one) for one in judged.faults[:room]]
            elif judged.entry is None:
                findings.same += 1
            elif judged.entry.version == 1:
                findings.new += 1
            else:
                findings.changed += 1
        findings.sha256 = self._sheet.sha256
        return findings

    def take_in(self, findings: Findings, tell: Tell, *, skip_bad: bool = False) -> Iterator[int]:
        """Commit what is new or changed; yield how many entries each transaction took.

        Args:
            findings: of `look_through`, of the same file.
            tell: gives the event of each entry.
            skip_bad: leave wrong lines out, instead of taking nothing in.

        Raises:
            CSVFaultsError: lines are wrong, and are not to be left out.
            CSVChangedError: the file is another one by now; what was committed stands.
            PKIError: as `PeopleRegister.commit`.
        """
        if findings.faults and not skip_bad:
            raise CSVFaultsError(count=findings.bad, line=findings.faults[0].line)
        entries = ((one.line, one.entry) for one in self._judged() if one.entry is not None)
        while some := list(islice(entries, BATCH)):
            self._register.commit_all(
                [Step((EnterRecord(entry),), tell(entry, line)) for line, entry in some]
            )
            yield len(some)
        if self._sheet.sha256 != findings.sha256:
            raise CSVChangedError(path=self._sheet.path)

    def _judged(self) -> Iterator[_Judged]:
        beside = Beside(self._register)
        if self._sheet.kind is Agency:
            return self._judged_together(beside)
        if self._sheet.kind is Post:
            beside.put(self._repeated_posts())
        return self._judged_apart(beside)

    def _judged_apart(self, beside: Beside) -> Iterator[_Judged]:
        for read in self._read():
            entry, faults = read.entry, read.faults
            if entry is not None:
                try:
                    check_entry(entry, beside)
                except PKIError as error:
                    entry, faults = None, (error,)
            yield _Judged(read.line, entry, faults)

    def _judged_together(self, beside: Beside) -> Iterator[_Judged]:
        """Judge agencies beside one another, and give those above before those below."""
        read = list(islice(self._read(), MAX_AGENCIES + 1))
        if len(read) > MAX_AGENCIES:
            raise CSVTooLargeError(most=MAX_AGENCIES)
        standing = {one.line: one.entry for one in read if one.entry is not None}
        wrong: dict[int, tuple[PKIError, ...]] = {}
        beside.put(standing.values())
        found = True
        while found:
            found = False
            for line, entry in list(standing.items()):
                try:
                    check_entry(entry, beside)
                except PKIError as error:
                    # What leans on it is looked at again without it.
                    wrong[line] = (error,)
                    beside.take_out(standing.pop(line))
                    found = True
        for one in read:
            if one.line not in standing:
                yield _Judged(one.line, None, wrong.get(one.line, one.faults))
        yield from _above_first(standing)

    def _read(self) -> Iterator[_Judged]:
        """Read every line by itself, and tell what stands twice."""
        keys: dict[str, int] = {}
        numbers: dict[str, int] = {}
        for line in self._sheet.lines():
            entry, faults = self._entry(line)
            key = line.told.get(KEY_OF[self._sheet.kind], "")
            if not faults and (first := keys.setdefault(key, line.number)) != line.number:
                faults = (CSVTwiceError(key=key, first=first),)
            number = "" if faults else line.told.get("citizen_number", "")
            if number and (first := numbers.setdefault(number, line.number)) != line.number:
                faults = (CSVNumberTwiceError(person=key, first=first),)
            yield _Judged(line.number, None if faults else entry, faults)

    def _entry(self, line: Line) -> tuple[Entry | None, tuple[PKIError, ...]]:
        if line.faults:
            return None, line.faults
        kind, told = self._sheet.kind, line.told
        before = self._register.find_entry(kind, told[KEY_OF[kind]])
        if before is not None:
            told = _kept(before, told) | told
        values, faults = read_values(kind, told, local_days=self._local_days)
        if faults:
            return None, faults
        if before is None:
            return first_version(kind, values, at=self._at), ()
        try:
            return next_version(before, values, day=self._day, at=self._at), ()
        except PKIError as error:
            return None, (error,)

    def _repeated_posts(self) -> Iterator[Entry]:
        """Yield the posts of whom the file says more than one of the same agency."""
        once: set[int] = set()
        more: set[int] = set()
        for line in self._sheet.lines():
            place = hash((line.told.get("person"), line.told.get("agency")))
            (more if place in once else once).add(place)
        if not more:
            return
        for line in self._sheet.lines():
            if hash((line.told.get("person"), line.told.get("agency"))) in more:
                entry, _ = self._entry(line)
                if entry is not None:
                    yield entry


def _kept(before: Entry, told: dict[str, str]) -> dict[str, str]:
    """Return what the file has no column for, as it stands; a new name brings its own parts."""
    written = write_values(before)
    if isinstance(before, Person) and told.get("name", before.name) != before.name:
        written |= {"surname": "", "given_name": ""}
    return written


def _above_first(standing: dict[int, Any]) -> Iterator[_Judged]:
    lines = {entry.code: line for line, entry in standing.items()}
    given: set[int] = set()
    for start in standing:
        path = [start]
        while path:
            line = path[-1]
            entry = standing[line]
            named = [lines[code] for code in (entry.parent, entry.successor) if code in lines]
            before = [one for one in named if one not in given and one not in path]
            if before and line not in given:
                path.append(before[0])
                continue
            path.pop()
            if line not in given:
                given.add(line)
                yield _Judged(line, entry)
