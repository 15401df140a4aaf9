"""Signing in somebody's place, and with what certificate official papers are signed."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError


class MandateUnreadableError(InvalidInputError):
    """A mandate's file does not read (facts: `path`, `reason`)."""

    code = "signing.mandate_unreadable"


class MandateMissingError(RefusedError):
    """Nothing allows to sign so in that place (facts: `capacity`, `title`, `article`)."""

    code = "signing.mandate_missing"


class MandateNotYetError(RefusedError):
    """The mandate begins later (facts: `number`, `since`, `article`)."""

    code = "signing.mandate_not_yet"


class MandateEndedError(RefusedError):
    """The mandate is over, or was withdrawn (facts: `number`, `until`, `article`)."""

    code = "signing.mandate_ended"


class MandateScopeError(RefusedError):
    """It is for other kinds of documents (facts: `number`, `symbol`, `allowed`, `article`)."""

    code = "signing.mandate_scope"


class MandatePaperError(RefusedError):
    """The signed paper that gives the mandate does not hold (facts: `number`, `reason`)."""

    code = "signing.mandate_paper"


class RedelegationError(RefusedError):
    """Whoever signs by authorisation passes it on (facts: `article`)."""

    code = "signing.redelegation"


class CapacityDiffersError(RefusedError):
    """The document says another capacity than was asked for (facts: `asked`, `found`)."""

    code = "signing.capacity_differs"


class NotOfficialDutyError(RefusedError):
    """The certificate is none for official duty (facts: `subject`, `display`, `article`)."""

    code = "signing.not_official_duty"
