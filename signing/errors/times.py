"""Time-stamps, and signatures that are raised with them."""

from __future__ import annotations

from pki.errors.tree import RefusedError, UnavailableError


class NothingToExtendError(RefusedError):
    """The document has no signature that could be raised (facts: `name`)."""

    code = "signing.nothing_to_extend"


class NotProvableError(RefusedError):
    """No evidence proves a signature in the document (facts: `field`, `indication`, `findings`)."""

    code = "signing.not_provable"


class TSANotNamedError(RefusedError):
    """The level asked for needs a time-stamp service and none is named (facts: `level`)."""

    code = "signing.tsa_not_named"


class TSARejectedError(RefusedError):
    """The time-stamp service answered no (facts: `url`, `status`, `reason`)."""

    code = "signing.tsa_rejected"


class TSAUnavailableError(UnavailableError):
    """The time-stamp service gave no answer (facts: `url`, `reason`)."""

    code = "signing.tsa_unavailable"


class TSAWrongAnswerError(UnavailableError):
    """The time-stamp service's answer is not one to this request (facts: `url`, `reason`)."""

    code = "signing.tsa_wrong_answer"


class TSAOtherRequestError(TSAWrongAnswerError):
    """The time-stamp service answered another request than ours (facts: `url`, `reason`)."""

    code = "signing.tsa_other_request"


class TSATooLateError(UnavailableError):
    """The time-stamp service gave no answer within its limit (facts: `url`, `seconds`)."""

    code = "signing.tsa_too_late"


class TSATimeError(UnavailableError):
    """A time-stamp tells another time than this machine's clock (facts: `url`, `time`, `now`)."""

    code = "signing.tsa_time"


class TSANoneAnsweredError(UnavailableError):
    """Of several time-stamp services none gave what can be used (facts: `count`, `reasons`)."""

    code = "signing.tsa_none_answered"


class EvidenceUnavailableError(UnavailableError):
    """Status evidence could not be had (facts: `subject`, `reason`)."""

    code = "signing.evidence_unavailable"
