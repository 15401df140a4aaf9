"""What is followed of other authorities' certificates, in SQL."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, insert, or_, select

from pki.errors.register import RegisterConflictError
from pki.records.certificates import ForeignCertificate
from pki.records.changes import Follow
from pki.records.watching import (
    FollowedCertificate,
    HolderKind,
    Purpose,
    WatchedCertificate,
    WatchedStanding,
    WatchedStatus,
    WatchedSubject,
    WatchedWho,
    WatchRound,
)
from pki.register.prepared import Statements
from pki.register.tables import FOREIGN_CERTIFICATES
from pki.register.transactions import Transactions
from pki.register.watching_tables import (
    WATCH_ROUNDS,
    WATCHED,
    WATCHED_STATUSES,
    WATCHED_SUBJECTS,
)

_ADD, _ADD_SUBJECT = insert(WATCHED), insert(WATCHED_SUBJECTS)
_ADD_STATUS, _ADD_ROUND = insert(WATCHED_STATUSES), insert(WATCH_ROUNDS)
_LAST = select(func.max(WATCHED.c.sequence))
_LAST_STATUS = select(func.max(WATCHED_STATUSES.c.sequence))
_LAST_ROUND = select(func.max(WATCH_ROUNDS.c.sequence))
_FIND = select(WATCHED.c.sequence).where(WATCHED.c.fingerprint == bindparam("fingerprint"))
_PERSONAL = ("name", "unit", "organization", "citizen_number", "staff_code", "email")


def take_subject(
    statements: Statements, record: ForeignCertificate, subject: WatchedSubject
) -> None:
    """Record of whom a certificate speaks, beside the certificate itself."""
    sequence = (statements.execute(_LAST).scalar() or 0) + 1
    codes = {
        "sequence": sequence,
        "fingerprint": record.fingerprint,
        "issuer_sha256": record.issuer_sha256,
        "serial": record.serial,
        "kind": str(subject.kind),
        "purpose": str(subject.purpose),
        "not_before": record.not_before,
        "not_after": record.not_after,
    }
    statements.execute(_ADD, codes)
    told = {name: getattr(subject, name) for name in _PERSONAL}
    statements.execute(_ADD_SUBJECT, {"sequence": sequence, **told})


def follow(statements: Statements, change: Follow, register: Path | str) -> None:
    """Record what an issuer said.

    Raises:
        RegisterConflictError: of a certificate that is not followed.
    """
    last = statements.execute(_LAST_STATUS).scalar() or 0
    for number, status in enumerate(change.statuses, last + 1):
        watched = statements.execute(_FIND, {"fingerprint": status.fingerprint}).scalar()
        if watched is None:
            raise RegisterConflictError(register=register, reason="certificate is not followed")
        values = {name: getattr(status, name) for name in _STATUS}
        values |= {"standing": str(status.standing), "watched": watched, "sequence": number}
        statements.execute(_ADD_STATUS, values)
    if change.round is not None:
        values = {field.name: getattr(change.round, field.name) for field in fields(WatchRound)}
        values["sequence"] = (statements.execute(_LAST_ROUND).scalar() or 0) + 1
        statements.execute(_ADD_ROUND, values)


_STATUS = ("standing", "at", "source", "evidence_sha256", "revoked_at", "reason")
STANDING = (
    select(WATCHED_STATUSES.c.standing)
    .where(WATCHED_STATUSES.c.watched == WATCHED.c.sequence)
    .order_by(WATCHED_STATUSES.c.sequence.desc())
    .limit(1)
    .correlate(WATCHED)
    .scalar_subquery()
    .label("standing")
)
"""The last that was recorded of a certificate."""
_GOOD_UNTIL = (
    select(WATCH_ROUNDS.c.good_until)
    .where(
        WATCH_ROUNDS.c.issuer_sha256 == WATCHED.c.issuer_sha256,
        WATCH_ROUNDS.c.good_until.is_not(None),
    )
    .order_by(WATCH_ROUNDS.c.sequence.desc())
    .limit(1)
    .correlate(WATCHED)
    .scalar_subquery()
    .label("good_until")
)
_ROWS = (
    select(
        *(WATCHED.c[name] for name in ("sequence", "fingerprint", "kind", "purpose")),
        WATCHED.c.not_after,
        *(WATCHED_SUBJECTS.c[name] for name in _PERSONAL),
        *(WATCHED.c[name] for name in ("serial", "issuer_sha256", "not_before")),
        STANDING,
        _GOOD_UNTIL,
    )
    .join_from(WATCHED, WATCHED_SUBJECTS, WATCHED_SUBJECTS.c.sequence == WATCHED.c.sequence)
    .order_by(WATCHED.c.sequence)
)
WATCHED_PAGE = _ROWS.where(WATCHED.c.sequence > bindparam("after")).limit(bindparam("limit"))
_WHO: dict[str, tuple[ColumnElement[Any], ...]] = {
    "fingerprints": (WATCHED.c.fingerprint,),
    "citizen_numbers": (WATCHED_SUBJECTS.c.citizen_number,),
    "staff_codes": (func.lower(WATCHED_SUBJECTS.c.staff_code),),
    "emails": (func.lower(WATCHED_SUBJECTS.c.email),),
    "agencies": (WATCHED_SUBJECTS.c.unit, WATCHED_SUBJECTS.c.organization),
}
_AT_ONCE = 500
"""Values that a statement asks for: SQLite takes 32,766, other engines fewer."""
_STILL = WATCHED.c.not_after >= bindparam("now", type_=WATCHED.c.not_after.type)
_ISSUERS = select(WATCHED.c.issuer_sha256).where(_STILL).distinct()
_ISSUERS = _ISSUERS.order_by(WATCHED.c.issuer_sha256)
_FOLLOWED: Select[tuple[Any, ...]] = (
    select(
        *(WATCHED.c[name] for name in ("fingerprint", "issuer_sha256")),
        *(FOREIGN_CERTIFICATES.c[name] for name in ("issuer", "der", "not_after")),
        WATCHED.c.serial,
        WATCHED_SUBJECTS.c.name,
        WATCHED.c.sequence,
        STANDING,
    )
    .join_from(
        WATCHED, FOREIGN_CERTIFICATES, FOREIGN_CERTIFICATES.c.fingerprint == WATCHED.c.fingerprint
    )
    .join(WATCHED_SUBJECTS, WATCHED_SUBJECTS.c.sequence == WATCHED.c.sequence)
    .where(
        WATCHED.c.issuer_sha256 == bindparam("issuer_sha256"),
        _STILL,
        WATCHED.c.sequence > bindparam("after"),
    )
    .order_by(WATCHED.c.sequence)
    .limit(bindparam("limit"))
)
_AUTHORITIES = (
    select(FOREIGN_CERTIFICATES.c.der)
    .join_from(
        WATCHED, FOREIGN_CERTIFICATES, FOREIGN_CERTIFICATES.c.fingerprint == WATCHED.c.fingerprint
    )
    .where(WATCHED.c.kind == bindparam("kind"))
    .order_by(WATCHED.c.sequence)
)
_UNTIL = (
    select(WATCH_ROUNDS.c.good_until)
    .where(
        WATCH_ROUNDS.c.issuer_sha256 == bindparam("issuer_sha256"),
        WATCH_ROUNDS.c.good_until.is_not(None),
    )
    .order_by(WATCH_ROUNDS.c.sequence.desc())
    .limit(1)
)
_NEWEST = select(func.max(WATCH_ROUNDS.c.sequence)).group_by(WATCH_ROUNDS.c.issuer_sha256)
_ROUNDS = (
    select(*(WATCH_ROUNDS.c[field.name] for field in fields(WatchRound)))
    .where(WATCH_ROUNDS.c.sequence.in_(_NEWEST))
    .order_by(WATCH_ROUNDS.c.issuer_sha256)
)
_HISTORY = (
    select(WATCHED.c.fingerprint, *(WATCHED_STATUSES.c[name] for name in (*_STATUS, "sequence")))
    .join_from(WATCHED, WATCHED_STATUSES, WATCHED_STATUSES.c.watched == WATCHED.c.sequence)
    .where(WATCHED.c.fingerprint == bindparam("fingerprint"))
    .order_by(WATCHED_STATUSES.c.sequence)
)


class Watching:
    """`WatchRegister` over SQL tables."""

    _transactions: Transactions

    def followed_issuers(self, now: datetime) -> tuple[str, ...]:
        """Return the hashes of the names of those with certificates that have not ended."""
        return tuple(row[0] for row in self._transactions.read(_ISSUERS, {"now": now}))

    def followed(
        self, issuer_sha256: str, now: datetime, *, after: int, limit: int
    ) -> tuple[FollowedCertificate, ...]:
        """Return an issuer's certificates that have not ended, in their order."""
        asked = {"issuer_sha256": issuer_sha256, "now": now, "after": after, "limit": limit}
        return tuple(_followed(row) for row in self._transactions.read(_FOLLOWED, asked))

    def watched(self, *, after: int = 0, limit: int = 1000) -> tuple[WatchedCertificate, ...]:
        """Return all that is followed, a page at a time, in the order in which it came."""
        asked = {"after": after, "limit": limit}
        return tuple(watched_of(row) for row in self._transactions.read(WATCHED_PAGE, asked))

    def find_watched(self, who: WatchedWho) -> tuple[WatchedCertificate, ...]:
        """Return what is followed of some people or agencies, in the order in which it came."""
        found: dict[int, WatchedCertificate] = {}
        for name, columns in _WHO.items():
            values: tuple[str, ...] = getattr(who, name)
            for start in range(0, len(values), _AT_ONCE):
                some = values[start : start + _AT_ONCE]
                wanted = _ROWS.where(or_(*(column.in_(some) for column in columns)))
                with self._transactions.reading() as connection:
                    rows = connection.execute(wanted).all()
                found |= {one.sequence: one for one in map(watched_of, rows)}
        return tuple(found[sequence] for sequence in sorted(found))

    def watched_authorities(self) -> tuple[bytes, ...]:
        """Return the DER of the authorities' certificates among them."""
        asked = {"kind": str(HolderKind.AUTHORITY)}
        return tuple(row[0] for row in self._transactions.read(_AUTHORITIES, asked))

    def good_until(self, issuer_sha256: str) -> datetime | None:
        """Return until when what the issuer said last may be relied on; None if it never did."""
        found = self._transactions.read(_UNTIL, {"issuer_sha256": issuer_sha256})
        return found[0][0] if found else None

    def last_rounds(self) -> tuple[WatchRound, ...]:
        """Return the last time that each issuer was asked, by its hash."""
        return tuple(WatchRound(*row) for row in self._transactions.read(_ROUNDS))

    def status_history(self, fingerprint: str) -> tuple[WatchedStatus, ...]:
        """Return each change of a certificate's status, oldest first."""
        found = self._transactions.read(_HISTORY, {"fingerprint": fingerprint})
        return tuple(WatchedStatus(row[0], _standing(row[1]), *row[2:]) for row in found)


def _followed(row: Any) -> FollowedCertificate:  # noqa: ANN401  a row
    values = dict(zip(_FOLLOWED_FIELDS, row, strict=True))
    return FollowedCertificate(**{**values, "standing": _standing(values["standing"])})


_FOLLOWED_FIELDS = tuple(field.name for field in fields(FollowedCertificate))


def watched_of(row: Any) -> WatchedCertificate:  # noqa: ANN401  a row
    """Return what a row of `WATCHED_PAGE` says."""
    sequence, fingerprint, kind, purpose, not_after, *rest = row
    told, (serial, issuer, not_before, standing, until) = rest[:6], rest[6:]
    subject = WatchedSubject(fingerprint, _KINDS[kind], _PURPOSES[purpose], not_after, *told)
    return WatchedCertificate(
        sequence, subject, serial, issuer, not_before, _standing(standing), until
    )


_KINDS = {str(one): one for one in HolderKind}
_PURPOSES = {str(one): one for one in Purpose}
_STANDINGS = {str(one): one for one in WatchedStanding}


def _standing(word: str | None) -> WatchedStanding:
    return _STANDINGS[word] if word is not None else WatchedStanding.UNKNOWN
