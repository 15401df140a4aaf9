"""Files that are read and written."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError


class FileIsDirectoryError(InvalidInputError):
    """A directory stands where a file should (facts: `path`)."""

    code = "signing.is_a_directory"


class FileUnreadableError(InvalidInputError):
    """The file cannot be read (facts: `path`, `reason`)."""

    code = "signing.unreadable"


class OutputIsInputError(RefusedError):
    """The output is the input and that was not asked for (facts: `path`)."""

    code = "signing.output_is_input"
