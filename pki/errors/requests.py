"""What is asked of an authority: the profile, the subject, the request."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError


class ProfileInvalidError(InvalidInputError):
    """A profile is malformed or contradicts itself (facts: `profile`, `reason`)."""

    code = "pki.profile_invalid"


class ProfileNotFoundError(InvalidInputError):
    """No profile of that name, no such file (facts: `profile`)."""

    code = "pki.profile_not_found"


class ProfileViolationError(RefusedError):
    """The profile does not allow what is asked (facts: `profile`, `reason`)."""

    code = "pki.profile_violation"


class SubjectInvalidError(InvalidInputError):
    """A subject attribute is not acceptable (facts: `attribute`, `reason`; never its value)."""

    code = "pki.subject_invalid"


class SubjectLengthError(SubjectInvalidError):
    """A subject attribute is empty or longer than its bound."""

    code = "pki.subject_length"


class SubjectCharacterError(SubjectInvalidError):
    """A subject attribute holds what may not stand in a name, such as a control character."""

    code = "pki.subject_character"


class SubjectFormError(SubjectInvalidError):
    """A subject attribute is not of the string type, or the form, that it must have."""

    code = "pki.subject_form"


class MalformedRequestError(InvalidInputError):
    """A certificate request cannot be read (facts: `reason`)."""

    code = "pki.malformed_request"


class RequestTooLongError(InvalidInputError):
    """A certificate request is longer than any is; it was not read (facts: `octets`, `bound`)."""

    code = "pki.request_too_long"


class ProofOfPossessionError(RefusedError):
    """The request's signature does not verify: its sender does not hold the key."""

    code = "pki.proof_of_possession"


class KeyUsedElsewhereError(RefusedError):
    """The public key already certifies another subject (facts: `issuer`, `serial`)."""

    code = "pki.key_used_elsewhere"


class HolderLimitError(RefusedError):
    """The holder has as many as the profile allows (facts: `profile`, `limit`, `serials`)."""

    code = "pki.holder_limit"


class RequestIdError(InvalidInputError):
    """The id of a request is empty, too long or not printable (facts: `bound`)."""

    code = "pki.request_id"


class RequestDiffersError(RefusedError):
    """Something else was asked for under this id (facts: `issuer`, `serial`)."""

    code = "pki.request_differs"


class RequestOpenError(RefusedError):
    """A request of this id is under way or was broken off (facts: `issuer`, `serial`)."""

    code = "pki.request_open"


class RequestEndedError(RefusedError):
    """What was asked for under this id is revoked or given up (facts: `issuer`, `serial`)."""

    code = "pki.request_ended"


class AuthorityKeyError(RefusedError):
    """The public key is an authority's own (facts: `authority`)."""

    code = "pki.authority_key"
