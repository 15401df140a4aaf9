"""When a batch goes no further: what the next document would only meet again.

A document that is refused concerns nobody else. A token that is gone, a PIN that was wrong, a disk
that is full, a certificate that ran out concern every document after it; a service that does not
answer does, when it failed several in a row.
"""

from __future__ import annotations

from hsm.errors import WorkerLostError
from pki.errors.files import DiskFullError
from pki.errors.tree import PKIError, UnavailableError
from signing.errors.batch import JournalTooLargeError, JournalUnwritableError
from signing.errors.ledger import EvidenceUnwritableError
from signing.errors.queue import QueueUnwritableError
from signing.errors.standing import (
    AlgorithmNotAcceptedError,
    CertificateExpiredError,
    CertificateNotYetValidError,
    CertificateRevokedError,
    KeyMismatchError,
    OwnerUnreadableError,
    RevokedMeanwhileError,
    StatusUnknownError,
    UntrustedPathError,
    WrongOwnerError,
    WrongUsageError,
)
from signing.errors.times import TSANotNamedError

IN_A_ROW = 3
"""So many documents may meet services that are not there before the batch waits for nobody."""

_AT_ONCE = (
    AlgorithmNotAcceptedError,
    CertificateExpiredError,
    CertificateNotYetValidError,
    CertificateRevokedError,
    DiskFullError,
    EvidenceUnwritableError,
    JournalTooLargeError,
    JournalUnwritableError,
    KeyMismatchError,
    OwnerUnreadableError,
    QueueUnwritableError,
    RevokedMeanwhileError,
    StatusUnknownError,
    TSANotNamedError,
    UntrustedPathError,
    WrongOwnerError,
    WrongUsageError,
)


class StopRule:
    """Told of each document in turn; says whether the next one is begun."""

    def __init__(self) -> None:
        self._in_a_row = 0

    def went_well(self) -> None:
        """Be told of a document that was signed."""
        self._in_a_row = 0

    def stops(self, error: PKIError) -> bool:
        """Be told of a document that was not; say whether the batch ends here."""
        if isinstance(error, _AT_ONCE) or _is_tokens(error):
            return True
        self._in_a_row = self._in_a_row + 1 if isinstance(error, UnavailableError) else 0
        return self._in_a_row >= IN_A_ROW


def _is_tokens(error: PKIError) -> bool:
    """Say whether the token failed; a worker that was killed leaves it to the others."""
    return error.code.startswith("hsm.") and not isinstance(error, WorkerLostError)
