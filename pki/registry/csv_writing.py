"""Entries as lines of CSV, that `pki.registry.sheet` reads again and no spreadsheet computes.

Spec: RFC 4180.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from pki.records.people import Entry
from pki.registry.csv_cells import harmless_cell
from pki.registry.forms import FORMS, write_values


def write_lines(
    kind: type[Entry],
    entries: Iterable[Entry],
    *,
    personal: bool = False,
    spreadsheet: bool = False,
) -> Iterator[bytes]:
    """Yield a file of entries, a line at a time.

    Args:
        kind: of what.
        entries: in which order they stand.
        personal: whether personal numbers and addresses have their columns; without them the file
            leaves what stands in the register alone when it is taken in again.
        spreadsheet: write it as spreadsheets open it without spoiling it: with a byte-order mark,
            semicolons, and an apostrophe before what they would take for a number.
    """
    columns = [one.name for one in FORMS[kind] if personal or not one.personal]
    separator = ";" if spreadsheet else ","
    yield (b"\xef\xbb\xbf" if spreadsheet else b"") + _line(columns, separator)
    for entry in entries:
        written = write_values(entry)
        cells = (harmless_cell(written[name]) for name in columns)
        if spreadsheet:
            cells = (f"'{cell}" if cell.isdigit() else cell for cell in cells)
        yield _line(cells, separator)


def _line(cells: Iterable[str], separator: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerow(list(cells))
    return text.getvalue().encode()
