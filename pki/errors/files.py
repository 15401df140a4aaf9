"""Files that are read and written."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError, UnavailableError


class MalformedDERError(InvalidInputError):
    """Bytes that should be DER are not (facts: `what`, `reason`)."""

    code = "pki.malformed_der"


class OutputExistsError(RefusedError):
    """The output is there already (facts: `path`)."""

    code = "pki.output_exists"


class DiskFullError(UnavailableError):
    """No room for the signed file (facts: `path`)."""

    code = "pki.disk_full"


class OutputUnwritableError(UnavailableError):
    """The output cannot be written (facts: `path`, `reason`)."""

    code = "pki.output_unwritable"
