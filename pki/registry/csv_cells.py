"""Cells as spreadsheets take them for formulas, and as they are written so that they do not.

A cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return is computed when the file is
opened. It is written with an apostrophe before it, as spreadsheets mark text; on the way back the
apostrophe is taken off. One that stands before a digit, as spreadsheets write it to keep zeros, is
taken off too.
"""

from __future__ import annotations

from pki.errors.registry_files import CSVApostropheError, CSVFormulaError

FORMULAS = frozenset("=+-@\t\r")
_MARKED = FORMULAS | frozenset("'0123456789")


def harmless_cell(text: str) -> str:
    """Return a value as it is written into a cell."""
    return f"'{text}" if text[:1] in FORMULAS | {"'"} and text else text


def read_cell(cell: str, field: str) -> str:
    """Return the value of a cell.

    Raises:
        CSVFormulaError: a spreadsheet would compute it.
        CSVApostropheError: an apostrophe before what needs none.
    """
    if cell[:1] == "'":
        if cell[1:2] in _MARKED and len(cell) > 1:
            return cell[1:]
        raise CSVApostropheError(field=field)
    if cell[:1] in FORMULAS and cell:
        raise CSVFormulaError(field=field)
    return cell
