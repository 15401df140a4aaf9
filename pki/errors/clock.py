"""Clocks that cannot be believed."""

from __future__ import annotations

from pki.errors.tree import RefusedError


class ClockGapError(RefusedError):
    """The clock is too far after the last audit entry (facts: `now`, `recorded`, `days`)."""

    code = "pki.clock_gap"


class ClockSkewError(RefusedError):
    """The clock disagrees with the register's server (facts: `now`, `server`, `seconds`)."""

    code = "pki.clock_skew"


class ClockBeforeRecordError(RefusedError):
    """The clock stands before the last audit entry (facts: `now`, `recorded`)."""

    code = "pki.clock_before_record"
