"""What is asked of other machines."""

from __future__ import annotations

from pki.errors.tree import RefusedError, UnavailableError


class FetchRefusedError(RefusedError):
    """An address that may not be asked (facts: `url`, `reason`)."""

    code = "pki.fetch_refused"


class FetchFailedError(UnavailableError):
    """A remote service did not give a usable answer (facts: `url`, `reason`)."""

    code = "pki.fetch_failed"


class FetchTooLateError(FetchFailedError):
    """A remote service gave no whole answer in time (facts: `url`, `reason`)."""

    code = "pki.fetch_too_late"
