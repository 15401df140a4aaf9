"""Revocation lists."""

from __future__ import annotations

from pki.errors.tree import RefusedError


class CRLRefusedError(RefusedError):
    """A revocation list may not follow what was published (facts: `authority`, `reasons`)."""

    code = "pki.crl_refused"


class DeltaNotMadeError(RefusedError):
    """The authority makes no delta lists (fact: `authority`)."""

    code = "pki.delta_not_made"


class DeltaBaseError(RefusedError):
    """There is no full list that a delta list could add to (fact: `authority`)."""

    code = "pki.delta_base"
