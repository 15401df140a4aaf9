"""A trust service as a trusted list tells of it: what it was, and when it was to be trusted.

Values alone; reading and checking lists is `verify.lists`.

Spec: ETSI TS 119 612 §5.5 (service information), §5.6 (history), Annex D (URIs).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from verify.policy import Use

_SERVICE_TYPES = "http://uri.etsi.org/TrstSvc/Svctype/"
_STATUSES = (
    "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/",
    "http://uri.etsi.org/TrstSvc/eSigDir-1999-93-EC-TrustedList/Svcstatus/",
)
_CERTIFIES = frozenset({Use.SIGNATURE, Use.TIMESTAMP})
_STAMPS = frozenset({Use.TIMESTAMP})
_USES: dict[str, frozenset[Use]] = {
    **dict.fromkeys(("CA/QC", "CA/PKC", "NationalRootCA-QC"), _CERTIFIES),
    **dict.fromkeys(("TSA/QTST", "TSA", "TSA/TSS-QC", "TSA/TSS-AdESQCandQES"), _STAMPS),
}
"""What a path may end in a service for. Who answers about status proves nothing by being listed:
its issuer's signature does (RFC 6960 §4.2.2.2)."""
_TRUSTED = frozenset({
    "granted", "recognisedatnationallevel",
    "undersupervision", "supervisionincessation", "accredited", "setbynationallaw",
})  # fmt: skip
"""The second line: until 30 June 2016, and in the history of what is listed still."""


@dataclass(frozen=True, slots=True)
class Period:
    """A time, its end not in it."""

    start: datetime
    end: datetime | None = None
    """None: with no end in sight."""

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment and (self.end is None or moment < self.end)


@dataclass(frozen=True, slots=True)
class State:
    """What a service was from one moment on."""

    type: str
    """URI of the kind of service."""
    status: str
    """URI."""
    since: datetime
    additional: tuple[str, ...] = ()
    """URIs of additionalServiceInformation: for signatures, for seals, …"""
    qualifiers: tuple[str, ...] = ()
    """URIs that the list gives to some of its certificates; which ones is not looked at."""

    @property
    def kind(self) -> str:
        """The kind of service as people write it, e.g. `CA/QC`."""
        return self.type.removeprefix(_SERVICE_TYPES)

    @property
    def standing(self) -> str:
        """The status as people write it, e.g. `granted`."""
        return self.status.rpartition("/")[2]

    def serves(self, use: Use) -> bool:
        """Say whether a path for `use` may end in such a service, in such a status."""
        known = any(self.status == f"{prefix}{self.standing}" for prefix in _STATUSES)
        return known and self.standing in _TRUSTED and use in _USES.get(self.kind, frozenset())


@dataclass(frozen=True, slots=True)
class Listing:
    """One service of one trusted list."""

    territory: str
    provider: str
    name: str
    states: tuple[State, ...]
    """From the first to the present one."""

    def at(self, moment: datetime) -> State | None:
        """Return what the service was at a moment; None before it was listed."""
        then = [state for state in self.states if state.since <= moment]
        return then[-1] if then else None

    def periods(self, use: Use) -> tuple[Period, ...]:
        """Return when a path for `use` may end in it."""
        ends = (*(after.since for _, after in pairwise(self.states)), None)
        return merged(
            Period(state.since, end)
            for state, end in zip(self.states, ends, strict=False)
            if state.serves(use)
        )

    @property
    def anchors(self) -> bool:
        """Say whether a path may have ended in it at any time."""
        return any(self.periods(use) for use in _CERTIFIES)


def merged(periods: Iterable[Period]) -> tuple[Period, ...]:
    """Return the same time in as few periods as there can be, the earliest first."""
    joined: list[Period] = []
    for period in sorted(periods, key=lambda item: item.start):
        last = joined[-1] if joined else None
        if last is None or (last.end is not None and last.end < period.start):
            joined.append(period)
        elif last.end is not None:
            end = None if period.end is None else max(last.end, period.end)
            joined[-1] = Period(last.start, end)
    return tuple(joined)
