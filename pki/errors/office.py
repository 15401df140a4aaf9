"""Requests to an authority: who may do what, approvals, and states."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError, UnavailableError


class ApprovalNeededError(RefusedError):
    """This takes an approved request (facts: `profile`, `approvals`)."""

    code = "pki.approval_needed"


class ApprovalsMissingError(RefusedError):
    """Fewer approvals than are needed (facts: `request`, `given`, `needed`)."""

    code = "pki.approvals_missing"


class ApprovalExpiredError(RefusedError):
    """An approval is too old (facts: `request`, `person`, `expired_at`)."""

    code = "pki.approval_expired"


class ApprovalMismatchError(RefusedError):
    """What was signed speaks of something else (facts: `request`)."""

    code = "pki.approval_mismatch"


class ApprovalTermError(InvalidInputError):
    """An approval would last too long, or is over (facts: `days`)."""

    code = "pki.approval_term"


class AlreadyApprovedError(RefusedError):
    """This person approved it before (facts: `request`, `person`)."""

    code = "pki.already_approved"


class OwnRequestError(RefusedError):
    """Who asked may not approve (facts: `request`, `person`)."""

    code = "pki.own_request"


class RightMissingError(RefusedError):
    """No role of this certificate allows this now (facts: `act`, `fingerprint`)."""

    code = "pki.right_missing"


class SignerStatusError(RefusedError):
    """The certificate that was signed with is revoked, held or expired (facts: `serial`)."""

    code = "pki.signer_status"


class SignerUntrustedError(RefusedError):
    """A signature is not wholly good (facts: `reason`)."""

    code = "pki.signer_untrusted"


class StatementInvalidError(InvalidInputError):
    """What was signed is no statement that is known here, or an old one."""

    code = "pki.statement_invalid"


class NoJudgeError(UnavailableError):
    """Nobody is here who judges signatures: nothing that is approved can be done."""

    code = "pki.no_judge"


class RequestUnknownError(InvalidInputError):
    """No request of that id (facts: `request`)."""

    code = "pki.request_unknown"


class RequestFieldError(InvalidInputError):
    """Something in a request is missing, too much or not of its form (facts: `field`)."""

    code = "pki.request_field"


class RequestChangedError(RefusedError):
    """What would be done is not what was asked for and approved (facts: `request`)."""

    code = "pki.request_changed"


class RequestWithdrawnError(RefusedError):
    """The request was withdrawn (facts: `request`)."""

    code = "pki.request_withdrawn"


class RequestRunningError(RefusedError):
    """The request is being carried out: it is too late (facts: `request`)."""

    code = "pki.request_running"


class RequestStateError(RefusedError):
    """A request in this state cannot take this step (facts: `request`, `state`)."""

    code = "pki.request_state"


class NotRequesterError(RefusedError):
    """Only who asked may withdraw (facts: `request`)."""

    code = "pki.not_requester"


class RoleEndedError(RefusedError):
    """A role that is over, or none of that id (facts: `grant`)."""

    code = "pki.role_ended"


class RoleGrantedError(RefusedError):
    """The certificate has that role already (facts: `role`, `person`)."""

    code = "pki.role_granted"


class RoleTermError(InvalidInputError):
    """A role would end before it begins."""

    code = "pki.role_term"


class HolidaysInvalidError(InvalidInputError):
    """A file of holidays cannot be read, or names what is no day of its year (facts: `path`)."""

    code = "pki.holidays_invalid"


class ConcernedGoneError(RefusedError):
    """A request is for somebody who does not serve (facts: `person`, `state`)."""

    code = "pki.request_person_gone"


class ConcernedPostError(RefusedError):
    """A request names a post of somebody else, or of another agency (facts: `post`, `of`)."""

    code = "pki.request_post"


class ConcernedOverError(RefusedError):
    """A request names a post or an agency that ended (facts: `named`, `until`)."""

    code = "pki.request_over"


class ConcernedDeviceError(RefusedError):
    """A request names a device that somebody else holds (facts: `device`, `of`)."""

    code = "pki.request_device"


class ConcernedDeviceStateError(RefusedError):
    """A device in this state is not what a request can be about (facts: `device`, `state`)."""

    code = "pki.request_device_state"
