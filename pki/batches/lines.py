"""What each line of a file asks for, read by itself.

Nothing is looked up: neither whether the codes are known nor whether the request is one. So the
same lines can be read for `antin cert bulk` and for a plan.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pki.authority.repetition import MAX_REQUEST_ID
from pki.batches.columns import BETWEEN, CODES, COLUMNS, CSR, REQUEST_ID, SEVERAL, SUBJECT
from pki.batches.folder import check_name
from pki.errors.batches import BatchRequestIdError
from pki.errors.registry import EntryMissingError
from pki.errors.tree import PKIError
from pki.registry.sheet import Line, Table
from pki.registry.values import read_code, read_serial
from pki.requests.content import Concerned
from pki.subject import build_subject, check_value

Pairs = tuple[tuple[str, str], ...]
_ID = re.compile(rf"[A-Za-z0-9._-]{{1,{MAX_REQUEST_ID}}}")
_DERIVED = re.compile(r"csv\.([0-9a-f]{32})\.([0-9]{1,7})(\.[0-9]{1,4})?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One certificate that a line asks for; none of it is looked up yet."""

    line: int
    """In the file, from 1."""
    csr: str
    """Name of the file with the request, below the folder of requests."""
    subject: Pairs = field(repr=False)
    """Pairs for `pki.subject.build_subject`, which takes them."""
    concerned: Concerned
    """Codes of the registry."""
    request_id: str | None
    """As the file names it; None where it names none."""


@dataclass(frozen=True, slots=True)
class Read:
    """A line, and what it asks for or what is wrong with it."""

    line: Line
    wanted: Wanted | None
    faults: tuple[PKIError, ...] = ()


class Batch(Table):
    """A file that asks for certificates, a line each."""

    def __init__(self, path: Path, common: Sequence[tuple[str, str]] = ()) -> None:
        """Read nothing yet.

        Args:
            path: the file.
            common: attributes of every line whose own cells do not name them.
        """
        super().__init__(path, COLUMNS, CSR)
        self._common = tuple(common)

    def read(self) -> Iterator[Read]:
        """Yield every line, blank ones left out; one at a time is held.

        Raises:
            InvalidInputError: the file as a whole cannot be read, as `Table.lines` says.
        """
        for line in self.lines():
            if line.faults:
                yield Read(line, None, line.faults)
                continue
            faults: list[PKIError] = []
            wanted = _wanted(line, self._common, faults)
            yield Read(line, None if faults else wanted, tuple(faults))


def derived_id(sha256: str, line: int) -> str:
    """Return the id of a line that names none: from the file's hash and the line's number."""
    return f"csv.{sha256[:32]}.{line}"


def derived_from(request_id: str) -> tuple[str, int] | None:
    """Return of which file, by the hash's first 32 digits, and which line; None for other ids."""
    form = _DERIVED.fullmatch(request_id)
    return (form[1], int(form[2])) if form is not None else None


def _wanted(line: Line, common: Pairs, faults: list[PKIError]) -> Wanted | None:
    told = line.told
    codes = {name: _code(name, told, faults) for name in CODES}
    csr = told.get(CSR, "")
    if not csr:
        faults.append(EntryMissingError(field=CSR))
    else:
        _check_file(csr, faults)
    request_id = told.get(REQUEST_ID) or None
    if request_id is not None and not _ID.fullmatch(request_id):
        faults.append(BatchRequestIdError(bound=MAX_REQUEST_ID))
    pairs = _pairs(told, common, faults)
    if faults:
        return None
    return Wanted(line.number, csr, pairs, Concerned(**codes), request_id)


def _code(name: str, told: Mapping[str, str], faults: list[PKIError]) -> str | None:
    text = told.get(name, "")
    if not text:
        return None
    try:
        return read_serial(text, name) if name == "device" else read_code(text, name)
    except PKIError as error:
        faults.append(error)
        return None


def _check_file(name: str, faults: list[PKIError]) -> None:
    try:
        check_name(name)
    except PKIError as error:
        faults.append(error)


def _pairs(told: Mapping[str, str], common: Pairs, faults: list[PKIError]) -> Pairs:
    own = [
        (short, value)
        for column, short in SUBJECT.items()
        if (cell := told.get(column, ""))
        for value in (cell.split(BETWEEN) if short in SEVERAL else (cell,))
    ]
    named = {short for short, _ in own}
    pairs = (*(pair for pair in common if pair[0] not in named), *own)
    before = len(faults)
    for short, value in pairs:
        _check_pair(short, value, faults)
    if len(faults) == before:
        try:
            build_subject(pairs)
        except PKIError as error:
            faults.append(error)
    return pairs


def _check_pair(short: str, value: str, faults: list[PKIError]) -> None:
    try:
        check_value(short, value)
    except PKIError as error:
        faults.append(error)
