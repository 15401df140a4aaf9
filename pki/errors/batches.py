"""Files that ask for many certificates. No file's name and no name of a person: codes and lines."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError


class BatchFileNameError(InvalidInputError):
    """The name of a request's file leaves its folder, or is none."""

    code = "pki.batch_file_name"


class BatchFileError(InvalidInputError):
    """The request's file is not there, or cannot be read."""

    code = "pki.batch_file"


class BatchFileOutsideError(InvalidInputError):
    """A link leads out of the folder of requests."""

    code = "pki.batch_file_outside"


class BatchRequestIdError(InvalidInputError):
    """A request's id that is none: 1 to 64 of A-Z, a-z, 0-9, `.`, `_`, `-` (facts: `bound`)."""

    code = "pki.batch_request_id"


class BatchPersonTwiceError(InvalidInputError):
    """The same person stands in two lines (facts: `person`, `first`)."""

    code = "pki.batch_person_twice"


class BatchKeyTwiceError(InvalidInputError):
    """The same key stands in two lines (facts: `first`)."""

    code = "pki.batch_key_twice"


class BatchRequestTwiceError(InvalidInputError):
    """The same request id stands in two lines (facts: `first`)."""

    code = "pki.batch_request_twice"


class BatchKeyCertifiedError(RefusedError):
    """The key has a certificate of this profile already (facts: `issuer`, `serial`)."""

    code = "pki.batch_key_certified"


class BatchChangedError(RefusedError):
    """An earlier form of this file had this key certified (facts: `issuer`, `serial`, `line`)."""

    code = "pki.batch_changed"


class BatchNeedsPlanError(RefusedError):
    """The profile's certificates are approved first (facts: `profile`, `approvals`)."""

    code = "pki.batch_needs_plan"


class BatchNotBegunError(RefusedError):
    """Nothing of this file was issued before (facts: `path`)."""

    code = "pki.batch_not_begun"
