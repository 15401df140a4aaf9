"""What came of each line, as CSV: for the whole file, and for each agency.

Lines come to their end in any order and are too many to be held: they are written down as they
come, and a number a line says where. In a line stand codes alone.
"""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterable, Iterator
from typing import IO

from pki.batches.checking import Findings
from pki.batches.issuing import Ended, Ending
from pki.errors.tree import PKIError
from pki.records.certificates import serial_text
from pki.registry.csv_cells import harmless_cell

COLUMNS = ("line", "person", "agency", "serial", "outcome", "code")
_WIDEST = 512
"""Octets of a line: codes of the registry have 32, an error's has fewer than 64."""


class Report:
    """Collects the lines of one run."""

    def __init__(self, findings: Findings, spool: IO[bytes]) -> None:
        """Collect nothing yet.

        Args:
            findings: of the file; what never comes to its end is told from them.
            spool: an empty file for what is collected, to be written and read.
        """
        self._findings = findings
        self._spool = spool
        self._places = array("Q", bytes(8 * len(findings.states)))
        """Where each line stands in the spool, plus one; 0 for nowhere."""
        self._end = 0
        self.counts = dict.fromkeys(Ending, 0)
        self._agencies: dict[str, array[int]] = {}

    def add(self, one: Ended, error: PKIError | None = None) -> None:
        """Write a line down; `error` is of what came after it was issued."""
        code = error or one.error
        serial = "" if one.serial is None else serial_text(one.serial)
        cells = (
            *(str(one.line), one.concerned.person or "", one.agency, serial),
            *(one.ending.value, "" if code is None else code.code),
        )
        octets = _line(cells)
        self._spool.seek(self._end)
        self._spool.write(octets)
        self._places[one.line] = self._end + 1
        self._end += len(octets)
        self.counts[one.ending] += 1
        if one.agency:
            self._agencies.setdefault(one.agency, array("L")).append(one.line)

    @property
    def agencies(self) -> tuple[str, ...]:
        """The agencies that lines are counted under."""
        return tuple(sorted(self._agencies))

    def close(self) -> None:
        """Count what was not come to."""
        told = sum(1 for place in self._places if place)
        stand = len(self._findings.states) - self._findings.states.count(0)
        self.counts[Ending.LEFT] = stand - told

    def whole(self) -> Iterator[bytes]:
        """Yield the report of the file, line by line."""
        yield _line(COLUMNS)
        for line, place in enumerate(self._places):
            if place:
                yield self._read(place)
            elif self._findings.stands(line) is not None:
                yield _line((str(line), "", "", "", Ending.LEFT.value, ""))

    def of_agency(self, agency: str) -> Iterator[bytes]:
        """Yield the report of one agency, line by line."""
        yield _line(COLUMNS)
        for line in sorted(self._agencies.get(agency, ())):
            yield self._read(self._places[line])

    def _read(self, place: int) -> bytes:
        self._spool.seek(place - 1)
        return self._spool.readline(_WIDEST)


def _line(cells: Iterable[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow([harmless_cell(cell) for cell in cells])
    return text.getvalue().encode()
