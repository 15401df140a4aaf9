"""Of what notices are due, in SQL.

End and number of our certificates stand together in the index of what is searched, so looking for
those that end soon reads no certificate that does not.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    String,
    Table,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    type_coerce,
)

from pki.records.certificates import EVIDENCE_PROFILES, CertificateState, StatusKind
from pki.records.notices import (
    Band,
    Channel,
    DueOwn,
    Hanging,
    LostDevice,
    NoticeKind,
    WatchedTurn,
)
from pki.records.people import Assignment, DeviceState, own_key
from pki.records.watching import (
    HolderKind,
    WatchedCertificate,
    WatchedStanding,
)
from pki.register.notice_tables import NOTICES
from pki.register.people_reading import holds
from pki.register.people_tables import ASSIGNMENTS, DEVICES
from pki.register.request_tables import REQUESTS
from pki.register.tables import AUTHORITIES, CERTIFICATES, STATUS_CHANGES
from pki.register.transactions import Transactions
from pki.register.watching import STANDING, WATCHED_PAGE, watched_of
from pki.register.watching_tables import WATCHED, WATCHED_STATUSES, WATCHED_SUBJECTS
from pki.words import VIETNAM

_own, _time = CERTIFICATES.c, CERTIFICATES.c.not_after.type
_later = STATUS_CHANGES.alias("later")
_follower, _holds_by = CERTIFICATES.alias("follower"), STATUS_CHANGES.alias("hold")


def _between(table: Table) -> tuple[ColumnElement[bool], ...]:
    after, upto = bindparam("ends_after", type_=_time), bindparam("ends_upto", type_=_time)
    return (table.c.not_after > after, table.c.not_after <= upto)


def _untold(subject: ColumnElement[str]) -> ColumnElement[bool]:
    told = select(NOTICES.c.sequence).where(
        NOTICES.c.subject == subject,
        NOTICES.c.kind == NoticeKind.EXPIRING,
        NOTICES.c.number == bindparam("days"),
        NOTICES.c.channel == bindparam("channel", type_=NOTICES.c.channel.type),
    )
    return ~told.exists()


_FOLLOWED = (
    select(_follower.c.id)
    .where(
        # Of one holder there are few, and an index finds them.
        _follower.c.holder == _own.holder,
        _follower.c.follows == _own.id,
        _follower.c.state == CertificateState.ISSUED,
    )
    .correlate(CERTIFICATES)
    .exists()
)
_ON_HOLD = (
    select(_holds_by.c.sequence)
    .where(
        _holds_by.c.issuer == _own.issuer,
        _holds_by.c.serial == _own.serial,
        _holds_by.c.kind == StatusKind.HOLD,
        ~select(_later.c.sequence)
        .where(
            _later.c.issuer == _holds_by.c.issuer,
            _later.c.serial == _holds_by.c.serial,
            _later.c.sequence > _holds_by.c.sequence,
        )
        .correlate(_holds_by)
        .exists(),
    )
    .correlate(CERTIFICATES)
    .exists()
)
_looked_at = (
    select(_own.id)
    .where(_own.id > bindparam("after"), *_between(CERTIFICATES))
    .order_by(_own.id)
    .limit(bindparam("limit"))
    .cte("looked_at")
    .prefix_with("MATERIALIZED", dialect="postgresql")
)
_LOOKED_AT: Any = select(func.count(_looked_at.c.id), func.max(_looked_at.c.id))
_OWN_KEY = _own.issuer.concat(literal(":")).concat(type_coerce(_own.serial, String))
_OWN_DUE = (
    select(_own.id, _own.issuer, _own.serial, _own.not_before, _own.not_after)
    .where(
        _own.id.in_(select(_looked_at.c.id)),
        _own.state == CertificateState.ISSUED,
        *(_own.profile != one for one in EVIDENCE_PROFILES),
        _own.profile.not_in(select(AUTHORITIES.c.profile)),
        ~_ON_HOLD,
        ~_FOLLOWED,
        _untold(_OWN_KEY),
    )
    .order_by(_own.id)
)
_IS_FOLLOWED = select(_own.id).where(
    _own.issuer == bindparam("of_issuer"), _own.serial == bindparam("of_serial"), _FOLLOWED
)
_HANGS = select(*(ASSIGNMENTS.c[name] for name in ("person", "agency", "post"))).where(
    ASSIGNMENTS.c.certificate == bindparam("certificate"), holds(Assignment, ASSIGNMENTS)
)
_ASKED_FOR = (
    select(REQUESTS.c.person, REQUESTS.c.agency, REQUESTS.c.post)
    .join_from(CERTIFICATES, REQUESTS, REQUESTS.c.id == _own.request_id)
    .where(_own.issuer == bindparam("of_issuer"), _own.serial == bindparam("of_serial"))
)

_other, _other_subject = WATCHED.alias("other"), WATCHED_SUBJECTS.alias("other_subject")
_latest = WATCHED_STATUSES.alias("latest")
_OTHER_STANDING = (
    select(_latest.c.standing)
    .where(_latest.c.watched == _other.c.sequence)
    .order_by(_latest.c.sequence.desc())
    .limit(1)
    .correlate(_other)
    .scalar_subquery()
)
_OVER = (str(WatchedStanding.HELD), str(WatchedStanding.REVOKED))


def _goes_on(name: str) -> ColumnElement[bool]:
    """Say that a later certificate for the same purpose speaks of the same person."""
    return (
        select(_other.c.sequence)
        .join_from(_other_subject, _other, _other.c.sequence == _other_subject.c.sequence)
        .where(
            _other_subject.c[name] == WATCHED_SUBJECTS.c[name],
            _other.c.purpose == WATCHED.c.purpose,
            _other.c.not_after > WATCHED.c.not_after,
            *(func.coalesce(_OTHER_STANDING, "") != one for one in _OVER),
        )
        .correlate(WATCHED, WATCHED_SUBJECTS)
        .exists()
    )


_RENEWED = or_(_goes_on("citizen_number"), _goes_on("staff_code"))
_HOLDERS = (HolderKind.PERSON, HolderKind.AGENCY, HolderKind.DEVICE)
_OF_HOLDERS = or_(*(WATCHED.c.kind == str(one) for one in _HOLDERS))
_FOREIGN_DUE = WATCHED_PAGE.where(
    *_between(WATCHED),
    _OF_HOLDERS,
    *(func.coalesce(STANDING, "") != one for one in _OVER),
    ~_RENEWED,
    _untold(literal("sha256:").concat(WATCHED.c.fingerprint)),
)
_WATCHED_ONE = WATCHED_PAGE.add_columns(_RENEWED.label("renewed")).where(
    WATCHED.c.fingerprint == bindparam("fingerprint")
)
_earlier = WATCHED_STATUSES.alias("earlier")
_turns = WATCHED_STATUSES.c
_BEFORE = (
    select(_earlier.c.standing)
    .where(_earlier.c.watched == _turns.watched, _earlier.c.sequence < _turns.sequence)
    .order_by(_earlier.c.sequence.desc())
    .limit(1)
    .correlate(WATCHED_STATUSES)
    .scalar_subquery()
    .label("before")
)
_TURNS = (
    select(_turns.sequence, WATCHED.c.fingerprint, _BEFORE, _turns.standing, _turns.at)
    .join_from(WATCHED_STATUSES, WATCHED, WATCHED.c.sequence == _turns.watched)
    .where(_turns.sequence > bindparam("after"), _OF_HOLDERS)
    .order_by(_turns.sequence)
    .limit(bindparam("limit"))
)
_LAST_TURN: Any = select(func.coalesce(func.max(_turns.sequence), 0))
_newer = DEVICES.alias("newer")
_LOST = (
    select(*(DEVICES.c[field.name] for field in fields(LostDevice)))
    .where(
        DEVICES.c.state == DeviceState.LOST,
        DEVICES.c.recorded_at > bindparam("since", type_=_time),
        ~select(_newer.c.version)
        .where(and_(_newer.c.serial == DEVICES.c.serial, _newer.c.version > DEVICES.c.version))
        .exists(),
    )
    .order_by(DEVICES.c.serial)
)


class NoticesDue:
    """The part of `NoticeRegister` that says of what to tell."""

    _transactions: Transactions

    def own_due(
        self, channel: Channel, band: Band, *, after: int, limit: int
    ) -> tuple[tuple[DueOwn, ...], int | None]:
        """Return certificates of ours that end in the band and of which nobody was told so."""
        asked = {**_asked(band), "after": after, "limit": limit}
        count, last = self._transactions.read(_LOOKED_AT, asked)[0]
        if not count:
            return (), None
        found = self._transactions.read(_OWN_DUE, {**asked, "days": band.days, "channel": channel})
        return tuple(DueOwn(*row) for row in found), last if count == limit else None

    def foreign_due(
        self, channel: Channel, band: Band, *, after: int, limit: int
    ) -> tuple[WatchedCertificate, ...]:
        """Return the same of other authorities' certificates, in their order."""
        page = {"after": after, "limit": limit, "days": band.days, "channel": channel}
        return tuple(
            watched_of(row)
            for row in self._transactions.read(_FOREIGN_DUE, {**_asked(band), **page})
        )

    def hanging(self, issuer: str, serial: int, day: datetime) -> Hanging:
        """Return on whom a certificate of ours hangs."""
        on = day.astimezone(VIETNAM).date()
        key = {"certificate": own_key(issuer, serial), "day": on}
        found = self._transactions.read(_HANGS, key)
        if not found:
            place = {"of_issuer": issuer, "of_serial": serial}
            found = self._transactions.read(_ASKED_FOR, place)
        return Hanging(*found[0]) if found else Hanging(None, None, None)

    def is_followed(self, issuer: str, serial: int) -> bool:
        """Say whether a certificate was issued in place of this one."""
        place = {"of_issuer": issuer, "of_serial": serial}
        return bool(self._transactions.read(_IS_FOLLOWED, place))

    def watched_one(self, fingerprint: str) -> tuple[WatchedCertificate, bool]:
        """Return another authority's certificate, and whether a later one goes on for it."""
        asked = {"fingerprint": fingerprint, "after": 0, "limit": 1}
        *told, renewed = self._transactions.read(_WATCHED_ONE, asked)[0]
        return watched_of(told), bool(renewed)

    def watched_turns(self, after: int, limit: int) -> tuple[WatchedTurn, ...]:
        """Return changes of status of other authorities' certificates, in order."""
        found = self._transactions.read(_TURNS, {"after": after, "limit": limit})
        return tuple(_turn(row) for row in found)

    def last_turn(self) -> int:
        """Return the number of the last of them; 0 before the first."""
        return int(self._transactions.read(_LAST_TURN)[0][0])

    def lost_devices(self, since: datetime) -> tuple[LostDevice, ...]:
        """Return the tokens that are lost, as was recorded after a moment."""
        return tuple(LostDevice(*row) for row in self._transactions.read(_LOST, {"since": since}))


def _asked(band: Band) -> dict[str, object]:
    return {"ends_after": band.after, "ends_upto": band.upto}


def _turn(row: Any) -> WatchedTurn:  # noqa: ANN401  a row
    sequence, fingerprint, before, standing, at = row
    known = None if before is None else WatchedStanding(before)
    return WatchedTurn(sequence, fingerprint, known, WatchedStanding(standing), at)
