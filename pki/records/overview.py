"""The seam through which certificates are counted: what came since, and nothing twice.

Rows come in their order and by their numbers, so that whoever counts goes on where they ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from pki.records.certificates import CertificateState, StatusKind
from pki.records.people import DeviceState
from pki.records.requests import RequestKind
from pki.records.watching import WatchedStanding


class OwnRow(NamedTuple):
    """A certificate of ours, from its reservation on."""

    row: int
    not_after: datetime
    subject_folded: str


class OwnEvent(NamedTuple):
    """What happened to the status of one of ours; None for a revocation that ended no hold."""

    kind: StatusKind | None
    at: datetime
    not_after: datetime
    subject_folded: str


class ForeignRow(NamedTuple):
    """A certificate of another authority that is followed."""

    sequence: int
    issuer_sha256: str
    not_after: datetime
    unit: str


class ForeignEvent(NamedTuple):
    """The status of one became another one."""

    sequence: int
    before: WatchedStanding
    standing: WatchedStanding
    issuer_sha256: str
    not_after: datetime
    unit: str


class OverviewRegister(Protocol):
    """What the store tells whoever counts; it raises as `Register` says."""

    def own_rows(self, after: int, limit: int) -> Sequence[OwnRow]:
        """Return certificates of ours whose rows come after a number, in their order."""
        ...

    def own_subject(self, row: int) -> str:
        """Return a certificate's subject as it is, RFC 4514."""
        ...

    def own_events(self, after: int, upto: int) -> Sequence[OwnEvent]:
        """Return what happened to statuses from sequence `after` on, up to `upto`, in any order."""
        ...

    def unissued(self) -> Sequence[tuple[CertificateState, datetime, str]]:
        """Return state, end and folded subject of serials that were reserved and not released."""
        ...

    def reserved_between(
        self, moments: Sequence[datetime], *, after: int, upto: int
    ) -> tuple[int, ...]:
        """Return how many were reserved from each moment to the next, of rows between two."""
        ...

    def foreign_rows(self, after: int, limit: int) -> Sequence[ForeignRow]:
        """Return what is followed, after a sequence, in order."""
        ...

    def foreign_events(self, after: int, limit: int) -> Sequence[ForeignEvent]:
        """Return changes of statuses after a sequence, in order."""
        ...

    def good_until(self, issuer_sha256: str) -> datetime | None:
        """As `WatchRegister.good_until`."""
        ...

    def open_requests(self) -> dict[RequestKind, int]:
        """Return how many requests of each kind still want somebody."""
        ...

    def requests_since(self, moment: datetime) -> Sequence[tuple[RequestKind, datetime]]:
        """Return kind and time of the requests that were submitted from a moment on."""
        ...

    def device_states(self) -> dict[DeviceState, int]:
        """Return how many devices are in each state now."""
        ...
