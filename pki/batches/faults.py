"""Wrong lines of a file as a file of their own: mended there, and handed in like any other.

Its columns are those of the file, and one that says what is wrong and is not read. Of a line that
cannot be divided into cells, that column has all of it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from pki.batches.columns import FAULT
from pki.errors.tree import PKIError
from pki.registry.csv_cells import harmless_cell
from pki.registry.sheet import Line

_MARK = b"\xef\xbb\xbf"


def head_of_faults(columns: Sequence[str]) -> bytes:
    """Return the first line, for spreadsheets with a byte-order mark.

    Args:
        columns: of the file; empty where it could not be read.
    """
    return _MARK + _line(_columns(columns))


def line_of_faults(columns: Sequence[str], line: Line, faults: Sequence[PKIError]) -> bytes:
    """Return a wrong line, and what is wrong with it."""
    codes = " ".join(dict.fromkeys(one.code for one in faults))
    told = f"{line.number}: {codes}" if line.told else f"{line.number}: {codes}: {line.text}"
    known = {**line.told, FAULT: told}
    return _line(known.get(name, "") for name in _columns(columns))


def _columns(columns: Sequence[str]) -> tuple[str, ...]:
    return (*(name for name in columns if name != FAULT), FAULT)


def _line(cells: Iterable[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow([harmless_cell(cell) for cell in cells])
    return text.getvalue().encode()
