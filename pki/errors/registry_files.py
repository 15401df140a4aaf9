"""Files of agencies, people, posts and devices, and what is wrong with their lines."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError


class CSVUnreadableError(InvalidInputError):
    """The file cannot be read (facts: `path`)."""

    code = "pki.csv_unreadable"


class CSVEncodingError(InvalidInputError):
    """Not UTF-8 (facts: `line`)."""

    code = "pki.csv_encoding"


class CSVColumnError(InvalidInputError):
    """A column that there is not, or that stands twice (facts: `column`, `columns`)."""

    code = "pki.csv_column"


class CSVColumnMissingError(InvalidInputError):
    """A column without which nothing can be entered (facts: `column`)."""

    code = "pki.csv_column_missing"


class CSVTooLargeError(InvalidInputError):
    """More lines than are read (facts: `most`)."""

    code = "pki.csv_too_large"


class CSVLineError(InvalidInputError):
    """A line that is too long, or whose quotation marks do not close (facts: `most`)."""

    code = "pki.csv_line"


class CSVCellsError(InvalidInputError):
    """Another number of cells than the first line has (facts: `found`, `expected`)."""

    code = "pki.csv_cells"


class CSVFormulaError(InvalidInputError):
    """A cell that a spreadsheet would compute (facts: `field`)."""

    code = "pki.csv_formula"


class CSVApostropheError(InvalidInputError):
    """A leading apostrophe that marks nothing (facts: `field`)."""

    code = "pki.csv_apostrophe"


class CSVTwiceError(InvalidInputError):
    """The same code stands in two lines (facts: `key`, `first`)."""

    code = "pki.csv_twice"


class CSVNumberTwiceError(InvalidInputError):
    """The same citizen's number stands in two lines (facts: `person`, `first`)."""

    code = "pki.csv_number_twice"


class CSVFaultsError(InvalidInputError):
    """Lines of the file are wrong (facts: `count`, `line`)."""

    code = "pki.csv_faults"


class CSVChangedError(InvalidInputError):
    """The file is not the one that was looked through (facts: `path`)."""

    code = "pki.csv_changed"
