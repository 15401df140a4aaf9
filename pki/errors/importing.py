"""Authorities that were made elsewhere."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError, UnavailableError


class ImportSourceError(InvalidInputError):
    """Nothing is there that could be imported in that shape (facts: `path`, `shape`)."""

    code = "pki.import_source"


class ImportAuthorityError(InvalidInputError):
    """Which certificate is the authority's is open (facts: `count`, `serials`)."""

    code = "pki.import_authority"


class ImportBlockedError(RefusedError):
    """Something found must be settled before the import (facts: `count`, `first`)."""

    code = "pki.import_blocked"


class ImportIncompleteError(UnavailableError):
    """The register lacks what the import should have put there (facts: `authority`, `serial`)."""

    code = "pki.import_incomplete"
