"""The one place that turns outcomes into exit statuses (the contract of the command line)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from pki.errors.tree import InvalidInputError, PKIError, RefusedError


class ExitStatus(IntEnum):
    """What the shell sees."""

    DONE = 0
    BUG = 1
    USAGE = 2
    REFUSED = 3
    UNAVAILABLE = 4
    INVALID_INPUT = 5
    TOTAL_FAILED = 10
    INDETERMINATE = 11


WORST_FIRST = (
    ExitStatus.BUG,
    ExitStatus.TOTAL_FAILED,
    ExitStatus.INVALID_INPUT,
    ExitStatus.UNAVAILABLE,
    ExitStatus.REFUSED,
    ExitStatus.INDETERMINATE,
    ExitStatus.DONE,
)
"""Over many files the status is the first of these that occurred."""

OF_INDICATION = {
    "TOTAL-PASSED": ExitStatus.DONE,
    "TOTAL-FAILED": ExitStatus.TOTAL_FAILED,
    "INDETERMINATE": ExitStatus.INDETERMINATE,
}


def status_of_error(error: PKIError) -> ExitStatus:
    """Return the status for an error of the tree."""
    if isinstance(error, InvalidInputError):
        return ExitStatus.INVALID_INPUT
    if isinstance(error, RefusedError):
        return ExitStatus.REFUSED
    return ExitStatus.UNAVAILABLE


def worst(statuses: Iterable[ExitStatus]) -> ExitStatus:
    """Return the status of a whole batch; of an empty one, done."""
    occurred = set(statuses) | {ExitStatus.DONE}
    return next(status for status in WORST_FIRST if status in occurred)
