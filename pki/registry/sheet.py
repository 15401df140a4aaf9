"""A CSV file with named columns, read line by line.

UTF-8 with or without a byte-order mark; comma, semicolon or tab, whichever the first line has;
`sep=;` before it is skipped. The first line names the columns. A line stands for itself: a quoted
cell does not go on in the next one, so an open quotation mark spoils one line and not the rest.

Spec: RFC 4180, but for line breaks in cells.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from pki.errors.registry_files import (
    CSVCellsError,
    CSVColumnError,
    CSVColumnMissingError,
    CSVEncodingError,
    CSVLineError,
    CSVTooLargeError,
    CSVUnreadableError,
)
from pki.errors.tree import PKIError
from pki.records.people import Entry
from pki.registry.csv_cells import read_cell
from pki.registry.forms import FORMS, KEY_OF

MAX_LINES = 1_000_000
MAX_OCTETS = 8192
"""Of a line; the longest sound one has some 2,000."""
_BOM = b"\xef\xbb\xbf"
_SEPARATORS = ";,\t"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file."""

    number: int
    told: dict[str, str]
    faults: tuple[PKIError, ...] = ()
    text: str = ""
    """As it stands there."""


class Table:
    """A file that can be read more than once, and says whether it was the same each time."""

    def __init__(self, path: Path, known: Collection[str], needed: str) -> None:
        """Read nothing yet.

        Args:
            path: the file.
            known: the columns that it may have, in lower case.
            needed: the one that it must have.
        """
        self.path = path
        self._known = known
        self._needed = needed
        self.columns: tuple[str, ...] = ()
        """Those of the first line, when it was last read."""
        self.sha256 = ""
        """Of the file, lower-case hex, when it was last read to its end."""

    def read_sha256(self) -> str:
        """Return the hash of the file, lower-case hex.

        Raises:
            InvalidInputError: as `lines`, but for its columns.
        """
        digest = hashlib.sha256()
        for _ in _texts(self.path, digest):
            pass
        return digest.hexdigest()

    def lines(self) -> Iterator[Line]:
        """Yield the lines under the first, blank ones left out.

        Raises:
            InvalidInputError: the file as a whole cannot be read: it is not there, not UTF-8, has
                other columns or too many lines.
        """
        digest = hashlib.sha256()
        columns: list[str] = []
        separator = ","
        for number, text in _texts(self.path, digest):
            if not columns:
                if text.lower().startswith("sep=") or not text.strip():
                    continue
                separator = max(_SEPARATORS, key=text.count)
                columns = self._columns(text, separator)
                self.columns = tuple(columns)
            elif text.strip(f"{separator} \t"):
                yield _line(number, text, separator, columns)
        if not columns:
            raise CSVColumnMissingError(column=self._needed)
        self.sha256 = digest.hexdigest()

    def _columns(self, text: str, separator: str) -> list[str]:
        try:
            found = [name.strip().lower() for name in _cells(text, separator)]
        except csv.Error as error:
            raise CSVLineError(most=MAX_OCTETS) from error
        for place, name in enumerate(found):
            if name not in self._known or name in found[:place]:
                shown = name if name.isidentifier() and len(name) < 40 else f"{place + 1}"
                raise CSVColumnError(column=shown, columns=", ".join(self._known))
        if self._needed not in found:
            raise CSVColumnMissingError(column=self._needed)
        return found


class Sheet(Table):
    """A file of one kind of entry."""

    def __init__(self, path: Path, kind: type[Entry]) -> None:
        super().__init__(path, [column.name for column in FORMS[kind]], KEY_OF[kind])
        self.kind = kind


def _texts(path: Path, digest: hashlib._Hash) -> Iterator[tuple[int, str]]:
    """Yield number and text of every line; one that is too long as an open quotation mark."""
    try:
        with path.open("rb") as file:
            number = 0
            while octets := file.readline(MAX_OCTETS):
                digest.update(octets)
                number += 1
                if number > MAX_LINES:
                    raise CSVTooLargeError(most=MAX_LINES)
                whole = octets
                while len(octets) == MAX_OCTETS and not octets.endswith(b"\n"):
                    octets = file.readline(MAX_OCTETS)
                    digest.update(octets)
                    whole = b'"'
                yield number, _text(whole.removeprefix(_BOM) if number == 1 else whole, number)
    except OSError as error:
        raise CSVUnreadableError(path=path) from error


def _text(octets: bytes, number: int) -> str:
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CSVEncodingError(line=number) from error
    if "\x00" in text:  # UTF-16 looks like this
        raise CSVEncodingError(line=number)
    return text.rstrip("\r\n")


def _line(number: int, text: str, separator: str, columns: list[str]) -> Line:
    try:
        cells = _cells(text, separator)
    except csv.Error:
        return Line(number, {}, (CSVLineError(most=MAX_OCTETS),), text)
    if len(cells) != len(columns):
        fault = CSVCellsError(found=len(cells), expected=len(columns))
        return Line(number, {}, (fault,), text)
    told: dict[str, str] = {}
    faults: list[PKIError] = []
    for name, cell in zip(columns, cells, strict=True):
        try:
            told[name] = read_cell(cell.strip(" \xa0"), name)
        except PKIError as error:
            faults.append(error)
    return Line(number, told, tuple(faults), text)


def _cells(text: str, separator: str) -> list[str]:
    return next(csv.reader((text,), delimiter=separator, strict=True), [])
