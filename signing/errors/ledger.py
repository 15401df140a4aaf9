"""The evidence kept for each signature."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError, UnavailableError


class EvidenceBusyError(UnavailableError):
    """Another process keeps evidence in this home for too long (facts: `path`)."""

    code = "signing.evidence_busy"


class EvidenceUnwritableError(UnavailableError):
    """Evidence about a signature cannot be kept (facts: `path`, `reason`)."""

    code = "signing.evidence_unwritable"


class EvidenceNotFoundError(InvalidInputError):
    """No evidence was kept under that name (facts: `id`)."""

    code = "signing.evidence_not_found"


class EvidenceErasedError(RefusedError):
    """The evidence was erased, for good (facts: `id`, `at`)."""

    code = "signing.evidence_erased"


class EvidenceUnreadableError(UnavailableError):
    """Evidence that was kept is gone or is not what was kept (facts: `id`)."""

    code = "signing.evidence_unreadable"


class EvidenceTooEarlyError(RefusedError):
    """Evidence must be kept for some time yet (facts: `id`, `until`)."""

    code = "signing.evidence_too_early"
