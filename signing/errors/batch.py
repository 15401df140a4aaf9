"""Many documents and their journal."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError, UnavailableError


class BatchBusyError(UnavailableError):
    """Another process signs into the same folder (facts: `path`)."""

    code = "signing.batch_busy"


class JournalUnreadableError(InvalidInputError):
    """The journal of a folder does not read (facts: `path`, `line`)."""

    code = "signing.journal_unreadable"


class JournalTooLargeError(RefusedError):
    """The journal of a folder is as large as it may be (facts: `path`, `limit`)."""

    code = "signing.journal_too_large"


class JournalUnwritableError(UnavailableError):
    """The journal of a folder cannot be written (facts: `path`, `reason`)."""

    code = "signing.journal_unwritable"


class InputChangedError(RefusedError):
    """A document changed after it was signed and given out (facts: `path`, `output`)."""

    code = "signing.input_changed"


class OutputGoneError(RefusedError):
    """A document was given out and is not where it was put (facts: `path`)."""

    code = "signing.output_gone"
