"""Whether the records of a home are what was kept: every line, every file, every list."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from signing.chain import MAX_LINE, START, Line, hash_of, parse_line, read_lines
from signing.ledger import Ledger


class Fault(StrEnum):
    """What can be wrong."""

    LINE = "line"
    """A line is no line, or does not follow the one before it."""
    MISSING = "missing"
    """A record is gone, and no line says that it was erased."""
    CHANGED = "changed"
    """A record, or a list it names, is not what was kept."""
    LIST = "list"
    """A list that a record names is gone."""
    NOT_ERASED = "not-erased"
    """A line says that a record was erased, and its file is there."""
    UNLISTED = "unlisted"
    """A file is there that no line names: something ended while it was kept, or lines were cut."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    fault: Fault
    what: str
    """The record's id, or the line's number."""


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """What a look at all records found."""

    kept: int
    erased: int
    head: str
    """The hash of the last line: noted elsewhere it shows later whether lines were cut off."""
    heads: frozenset[str]
    """The hashes of all lines: a head that was noted once is among them."""
    problems: tuple[Problem, ...]


def check_ledger(ledger: Ledger) -> LedgerReport:
    """Look at every line and every file; raises nothing for what is wrong with them."""
    problems: list[Problem] = []
    newest: dict[str, Line] = {}
    head, heads = START, {START}
    for number, text in enumerate(read_lines(ledger.chain), start=1):
        if _was_never_acknowledged(text):
            break
        line = parse_line(text)
        if line is None or line.number != number or line.previous != head:
            problems.append(Problem(Fault.LINE, str(number)))
        if line is not None:
            newest[line.id] = line
        head = hash_of(text)
        heads.add(head)
    for line in newest.values():
        problems += _check_record(ledger, line)
    problems += _unlisted(ledger, newest)
    erased = sum(line.digest is None for line in newest.values())
    return LedgerReport(len(newest) - erased, erased, head, frozenset(heads), tuple(problems))


def _was_never_acknowledged(text: bytes) -> bool:
    """Say whether a last line has no end: whoever wrote it was killed, and the next cuts it off."""
    return not text.endswith(b"\n") and len(text) < MAX_LINE


def _check_record(ledger: Ledger, line: Line) -> Iterator[Problem]:
    content = ledger.content(line.id)
    if line.digest is None:
        if content is not None:
            yield Problem(Fault.NOT_ERASED, line.id)
        return
    if content is None:
        yield Problem(Fault.MISSING, line.id)
    elif hashlib.sha256(content).hexdigest() != line.digest:
        yield Problem(Fault.CHANGED, line.id)
    else:
        yield from _check_lists(ledger, line.id, content)


def _check_lists(ledger: Ledger, record_id: str, content: bytes) -> Iterator[Problem]:
    for each in json.loads(content)["crls"]:
        if "der" in each:
            der = base64.b64decode(each["der"])
        else:
            try:
                der = ledger.list_file(each["sha256"]).read_bytes()
            except OSError:
                yield Problem(Fault.LIST, record_id)
                continue
        if hashlib.sha256(der).hexdigest() != each["sha256"]:
            yield Problem(Fault.CHANGED, record_id)


def _unlisted(ledger: Ledger, newest: dict[str, Line]) -> Iterator[Problem]:
    folder = ledger.folder / "records"
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        if path.stem not in newest:
            yield Problem(Fault.UNLISTED, path.stem)
