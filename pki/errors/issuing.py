"""The way from the linter to the signature."""

from __future__ import annotations

from pki.errors.tree import RefusedError, UnavailableError


class OutlivesIssuerError(RefusedError):
    """The certificate would outlive its issuer (facts: `not_after`, `issuer_not_after`)."""

    code = "pki.outlives_issuer"


class IssuerExpiredError(OutlivesIssuerError):
    """The issuer's own certificate has ended (facts: `authority`, `issuer_not_after`)."""

    code = "pki.issuer_expired"


class LintFailedError(RefusedError):
    """The linter found errors in the bytes to be signed (facts: `findings`)."""

    code = "pki.lint_failed"


class LintPassError(RefusedError):
    """A lint pass was spent, forged, or made for something else (facts: `reason`)."""

    code = "pki.lint_pass"


class SignatureMismatchError(UnavailableError):
    """The key returned a signature that is not good for the linted bytes (facts: `reason`)."""

    code = "pki.signature_mismatch"


class BulkWorkerLostError(UnavailableError):
    """A process that issues in bulk ended in the middle."""

    code = "pki.bulk_worker_lost"
