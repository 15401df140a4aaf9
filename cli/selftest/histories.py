"""Whether what became of a certificate's status could follow from what stood before it."""

from __future__ import annotations

from collections.abc import Iterable

from pki.errors.tree import PKIError
from pki.records.certificates import RevocationRecord, StatusChange, StatusKind
from pki.transitions import check_transition


def find_misstep(history: Iterable[StatusChange]) -> StatusChange | None:
    """Return the first change that `pki.transitions` would have refused, oldest first."""
    standing: RevocationRecord | None = None
    for change in history:
        try:
            check_transition(change.kind, change.serial, standing)
        except PKIError:
            return change
        standing = RevocationRecord(change.issuer, change.serial, change.reason, change.at)
        if change.kind is StatusKind.RELEASE:
            standing = None
    return None
