"""What is counted, in SQL: by the numbers of rows, out of indexes that are there anyway.

End and folded subject of our certificates stand together with the row's number in the index of
what is searched, so that counting reads no certificate. Issuing costs nothing more for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import BigInteger, bindparam, func, literal_column, or_, select

from pki.records.certificates import CertificateState, StatusKind
from pki.records.overview import ForeignEvent, ForeignRow, OwnEvent, OwnRow
from pki.records.people import DeviceState
from pki.records.requests import OPEN, RequestKind
from pki.records.watching import WatchedStanding
from pki.register.people_tables import DEVICES
from pki.register.request_tables import REQUEST_MOVES, REQUESTS
from pki.register.tables import CERTIFICATES, REVOCATIONS, STATUS_CHANGES
from pki.register.transactions import Transactions
from pki.register.watching_tables import WATCHED, WATCHED_STATUSES, WATCHED_SUBJECTS

_own = CERTIFICATES.c
_OWN_ROWS = (
    select(_own.id, _own.not_after, _own.subject_folded)
    .where(_own.id > bindparam("after"))
    .order_by(_own.id)
    .limit(bindparam("limit"))
)
_OWN_SUBJECT = select(_own.subject).where(_own.id == bindparam("row"))
_UNISSUED = select(_own.state, _own.not_after, _own.subject_folded).where(
    _own.state != literal_column("'issued'"),  # in the words of the index
    (_own.state == CertificateState.RESERVED) | (_own.state == CertificateState.ABANDONED),
)
_BETWEEN = (bindparam("after", type_=BigInteger), bindparam("upto", type_=BigInteger))
_plain, _changed = REVOCATIONS.c, STATUS_CHANGES.c
_PLAIN = (
    select(_plain.revoked_at, _own.not_after, _own.subject_folded)
    .join_from(
        REVOCATIONS,
        CERTIFICATES,
        (_own.issuer == _plain.issuer) & (_own.serial == _plain.serial),
    )
    .where(
        _plain.sequence > _BETWEEN[0],
        _plain.sequence <= _BETWEEN[1],
        _own.state == CertificateState.REVOKED,
        ~select(_changed.sequence).where(_changed.sequence == _plain.sequence).exists(),
    )
)
_CHANGES = (
    select(_changed.kind, _changed.at, _own.not_after, _own.subject_folded)
    .join_from(
        STATUS_CHANGES,
        CERTIFICATES,
        (_own.issuer == _changed.issuer) & (_own.serial == _changed.serial),
    )
    .where(_changed.sequence > _BETWEEN[0], _changed.sequence <= _BETWEEN[1])
)
_RESERVED_AT = (
    select(_own.id, _own.reserved_at).where(_own.id >= bindparam("row")).order_by(_own.id).limit(1)
)
_COUNT = select(func.count()).where(_own.id >= bindparam("start"), _own.id < bindparam("end"))
_FOREIGN_ROWS = (
    select(
        WATCHED.c.sequence, WATCHED.c.issuer_sha256, WATCHED.c.not_after, WATCHED_SUBJECTS.c.unit
    )
    .join_from(WATCHED, WATCHED_SUBJECTS, WATCHED_SUBJECTS.c.sequence == WATCHED.c.sequence)
    .where(WATCHED.c.sequence > bindparam("after"))
    .order_by(WATCHED.c.sequence)
    .limit(bindparam("limit"))
)
_earlier = WATCHED_STATUSES.alias("earlier")
_BEFORE = (
    select(_earlier.c.standing)
    .where(
        _earlier.c.watched == WATCHED_STATUSES.c.watched,
        _earlier.c.sequence < WATCHED_STATUSES.c.sequence,
    )
    .order_by(_earlier.c.sequence.desc())
    .limit(1)
    .correlate(WATCHED_STATUSES)
    .scalar_subquery()
    .label("before")
)
_FOREIGN_EVENTS = (
    select(
        WATCHED_STATUSES.c.sequence,
        _BEFORE,
        WATCHED_STATUSES.c.standing,
        WATCHED.c.issuer_sha256,
        WATCHED.c.not_after,
        WATCHED_SUBJECTS.c.unit,
    )
    .join_from(WATCHED_STATUSES, WATCHED, WATCHED.c.sequence == WATCHED_STATUSES.c.watched)
    .join(WATCHED_SUBJECTS, WATCHED_SUBJECTS.c.sequence == WATCHED.c.sequence)
    .where(WATCHED_STATUSES.c.sequence > bindparam("after"))
    .order_by(WATCHED_STATUSES.c.sequence)
    .limit(bindparam("limit"))
)
_later = DEVICES.alias("later")
_DEVICES = (
    select(DEVICES.c.state, func.count())
    .where(
        ~select(_later.c.version)
        .where(_later.c.serial == DEVICES.c.serial, _later.c.version > DEVICES.c.version)
        .exists()
    )
    .group_by(DEVICES.c.state)
)


_moves, _requests = REQUEST_MOVES.c, REQUESTS.c
_next = REQUEST_MOVES.alias("next")
_OPEN = (
    select(_requests.kind, func.count())
    .join_from(REQUEST_MOVES, REQUESTS, _requests.id == _moves.request)
    .where(
        or_(*(_moves.state == str(state) for state in OPEN)),
        ~select(_next.c.number)
        .where(_next.c.request == _moves.request, _next.c.number > _moves.number)
        .exists(),
    )
    .group_by(_requests.kind)
)
_SINCE = select(_requests.kind, _requests.submitted_at).where(
    _requests.submitted_at >= bindparam("moment")
)


class Counting:
    """`OverviewRegister` over SQL tables."""

    _transactions: Transactions

    def own_rows(self, after: int, limit: int) -> Sequence[OwnRow]:
        """Return certificates of ours whose rows come after a number, in their order."""
        return [OwnRow(*row) for row in self._read(_OWN_ROWS, after=after, limit=limit)]

    def own_subject(self, row: int) -> str:
        """Return a certificate's subject as it is, RFC 4514."""
        return str(self._read(_OWN_SUBJECT, row=row)[0][0])

    def own_events(self, after: int, upto: int) -> Sequence[OwnEvent]:
        """Return what happened to statuses from sequence `after` on, up to `upto`."""
        plain = self._read(_PLAIN, after=after, upto=upto)
        changes = self._read(_CHANGES, after=after, upto=upto)
        return [
            *(OwnEvent(None, *row) for row in plain),
            *(OwnEvent(StatusKind(kind), *row) for kind, *row in changes),
        ]

    def unissued(self) -> Sequence[tuple[CertificateState, datetime, str]]:
        """Return state, end and folded subject of serials that were reserved and not released."""
        return [(row[0], row[1], row[2]) for row in self._read(_UNISSUED)]

    def reserved_between(
        self, moments: Sequence[datetime], *, after: int, upto: int
    ) -> tuple[int, ...]:
        """Return how many were reserved from each moment to the next, of rows between two.

        The clock of a register is never set back, so rows are in order of time, too: the first one
        of a moment is found by halves.
        """
        firsts = [self._first_since(moment, after + 1, upto + 1) for moment in moments]
        return tuple(
            int(self._read(_COUNT, start=start, end=end)[0][0]) for start, end in pairwise(firsts)
        )

    def _first_since(self, moment: datetime, low: int, high: int) -> int:
        while low < high:
            middle = (low + high) // 2
            row, at = self._read(_RESERVED_AT, row=middle)[0]
            if at < moment:
                low = row + 1
            else:
                high = middle
        return low

    def foreign_rows(self, after: int, limit: int) -> Sequence[ForeignRow]:
        """Return what is followed, after a sequence, in order."""
        return [ForeignRow(*row) for row in self._read(_FOREIGN_ROWS, after=after, limit=limit)]

    def foreign_events(self, after: int, limit: int) -> Sequence[ForeignEvent]:
        """Return changes of statuses after a sequence, in order."""
        unknown = WatchedStanding.UNKNOWN
        return [
            ForeignEvent(
                sequence, WatchedStanding(before or unknown), WatchedStanding(standing), *told
            )
            for sequence, before, standing, *told in self._read(
                _FOREIGN_EVENTS, after=after, limit=limit
            )
        ]

    def open_requests(self) -> dict[RequestKind, int]:
        """Return how many requests of each kind still want somebody."""
        return {RequestKind(kind): int(count) for kind, count in self._read(_OPEN)}

    def requests_since(self, moment: datetime) -> Sequence[tuple[RequestKind, datetime]]:
        """Return kind and time of the requests that were submitted from a moment on."""
        return [(RequestKind(kind), at) for kind, at in self._read(_SINCE, moment=moment)]

    def device_states(self) -> dict[DeviceState, int]:
        """Return how many devices are in each state now."""
        return {DeviceState(state): int(count) for state, count in self._read(_DEVICES)}

    def _read(self, statement: Any, **values: object) -> Sequence[Any]:  # noqa: ANN401  a query
        return self._transactions.read(statement, values)
