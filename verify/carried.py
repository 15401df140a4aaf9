"""Certificates that a signed document carries: in its signatures and in its security store.

Nothing is verified, and nothing is judged: whoever gathers certificates wants to know of those
that are about, whatever the signatures are worth.

Spec: ISO 32000-2 §12.8.1; EN 319 142-1 §5.4.2.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from verify.cms.bare import BARE, read_bare
from verify.cms.token import Token, read_token
from verify.errors import MalformedObjectError
from verify.lenient import original_der
from verify.pdf.document import OpenPDF
from verify.pdf.fields import SignatureField, find_signature_fields
from verify.pdf.ranges import Covered, read_range
from verify.pdf.recovery import open_for_judging
from verify.pdf.store import read_store
from verify.policy import Limits, default_policy
from verify.quiet import quietly

MOST = 10_000
"""Certificates of one document."""


class SignedDocuments:
    """Finds certificates in PDFs, for `pki.importing.gather`."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or default_policy().limits

    def certificates_in(self, data: bytes, *, name: str) -> tuple[bytes, ...]:
        """Return the DER of every certificate in a document, each once.

        Raises:
            PKIError: it cannot be opened, or has more signatures than the limits allow.
        """
        with quietly():
            pdf = open_for_judging(data, name=name, limits=self._limits)
            found: dict[bytes, None] = {}
            for der in _carried(pdf, name, self._limits.signatures):
                found.setdefault(der)
                if len(found) >= MOST:
                    break
            return tuple(found)


def _carried(pdf: OpenPDF, name: str, limit: int) -> Iterator[bytes]:
    for field in find_signature_fields(pdf, name=name, limit=limit):
        covered = read_range(pdf, field)
        if isinstance(covered, Covered):
            with suppress(MalformedObjectError):
                yield from map(original_der, _token(covered, field).certificates)
    yield from (item.der for item in read_store(pdf).certificates)


def _token(covered: Covered, field: SignatureField) -> Token:
    if field.sub_filter == BARE:
        return read_bare(covered.contents, field)
    return read_token(covered.contents)
