"""The register: where it is, whose it is, and whether it can be written."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError, UnavailableError


class RegisterBusyError(UnavailableError):
    """Another process holds the register's lock (facts: `register`)."""

    code = "pki.register_busy"


class RegisterFullError(UnavailableError):
    """The disk has no room for the change; nothing was changed (facts: `register`)."""

    code = "pki.register_full"


class RegisterUnreachableError(UnavailableError):
    """The register is not there, or may not be opened or written (facts: `register`, `reason`)."""

    code = "pki.register_unreachable"


class RegisterReplacedError(UnavailableError):
    """The register's file was deleted, moved or replaced while it was open (facts: `register`).

    Nothing that was being written counts as done: it may stand in the file that is gone.
    """

    code = "pki.register_replaced"


class RegisterWentBackError(UnavailableError):
    """What was committed here is not in the register any more (facts: `register`, `sequence`).

    An older copy was written over it, or its server went on from one.
    """

    code = "pki.register_went_back"


class RegisterConflictError(UnavailableError):
    """Somebody else changed the same record first (facts: `register`, `reason`)."""

    code = "pki.register_conflict"


class RegisterOutcomeError(UnavailableError):
    """The connection broke in a commit; whether it was done is not known (facts: `register`)."""

    code = "pki.register_outcome"


class RegisterDriverError(UnavailableError):
    """The driver of this kind of register is not installed (facts: `register`, `package`)."""

    code = "pki.register_driver"


class ScratchForbiddenError(RefusedError):
    """The account may make no schema beside the register's (facts: `register`)."""

    code = "pki.scratch_forbidden"


class NotARegisterError(InvalidInputError):
    """The file is no register, or is damaged (facts: `register`, `reason`)."""

    code = "pki.not_a_register"


class RegisterExistsError(RefusedError):
    """A register stands there already (facts: `register`)."""

    code = "pki.register_exists"


class NewerRegisterError(RefusedError):
    """The register was written by a newer Antin (facts: `register`, `found`, `known`)."""

    code = "pki.register_newer"


class OlderRegisterError(RefusedError):
    """The register was written by an older Antin (facts: `register`, `found`, `known`)."""

    code = "pki.register_older"
