"""Documents that wait for their time-stamp."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError, UnavailableError


class DocumentGoneError(UnavailableError):
    """A document that waits to be raised is not where it was given out (facts: `path`)."""

    code = "signing.document_gone"


class DocumentChangedError(RefusedError):
    """What is there is not the document that waits, or was changed meanwhile (facts: `path`)."""

    code = "signing.document_changed"


class QueueBusyError(UnavailableError):
    """Another process works on the queue (facts: `path`)."""

    code = "signing.queue_busy"


class QueueEntryUnreadableError(InvalidInputError):
    """A file of the queue cannot be read (facts: `path`)."""

    code = "signing.queue_entry_unreadable"


class QueueUnwritableError(UnavailableError):
    """The queue's folder cannot be made (facts: `path`, `reason`)."""

    code = "signing.queue_unwritable"
