"""Rows as CSV that a spreadsheet opens and does not obey.

Spec: RFC 4180; a cell that a spreadsheet would take for a formula begins with an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from pki.words import harmless

_FORMULAS = ("=", "+", "-", "@")


def csv_lines(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Yield lines without their ends, the names of the columns first."""
    yield _line(head)
    for row in rows:
        yield _line(tuple(map(cell, row)))


def cell(text: str) -> str:
    """Return a cell's text: control characters made visible, formulas made text."""
    plain = harmless(text)
    return f"'{plain}" if plain.lstrip().startswith(_FORMULAS) else plain


def _line(row: tuple[str, ...]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(row)
    return out.getvalue()
