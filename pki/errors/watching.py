"""Certificates of other authorities that are followed and reconciled."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError


class NothingToImportError(InvalidInputError):
    """Neither a file, a folder nor a token was named."""

    code = "pki.watching_no_source"
