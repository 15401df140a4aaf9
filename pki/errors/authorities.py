"""Authorities: made, revoked, gone on from."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError


class AuthorityExistsError(RefusedError):
    """An authority of that name is there already (facts: `authority`)."""

    code = "pki.authority_exists"


class AuthorityNotFoundError(InvalidInputError):
    """No authority of that name (facts: `authority`)."""

    code = "pki.authority_not_found"


class AuthorityNameError(InvalidInputError):
    """A name that cannot stand in addresses (facts: `authority`)."""

    code = "pki.authority_name"


class AuthorityRevokedError(RefusedError):
    """The authority's own certificate is revoked (facts: `authority`, `revoked_at`)."""

    code = "pki.authority_revoked"


class AuthorityRetiredError(RefusedError):
    """The authority issues no more; another goes on (facts: `authority`, `successor`)."""

    code = "pki.authority_retired"


class NotSuccessorError(RefusedError):
    """An authority does not go on for the one it is to follow (facts: `authority`, `of`)."""

    code = "pki.not_successor"


class RolloverParentError(RefusedError):
    """A successor must stand where the authority stands (facts: `authority`, `successor`)."""

    code = "pki.rollover_parent"


class NotAnAuthorityError(RefusedError):
    """A certificate to be cross-certified is no authority's (fact: `reason`)."""

    code = "pki.not_an_authority"
