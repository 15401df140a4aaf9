"""What became of a certificate's status: hold, release, revocation, a graver reason.

Nothing is overwritten. A revocation is a row of `revocations`, at most one a serial; what else
happens is a row of `status_changes`. What a list says now, and what was at any moment, is read out
of both. They count with one sequence, so that a list says with one number how far it reaches.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    func,
    insert,
    literal,
    select,
    union_all,
)

from pki.errors.register import RegisterConflictError
from pki.records.certificates import CertificateState, RevocationRecord, StatusChange, StatusKind
from pki.records.changes import Revoke
from pki.register.columns import KindText
from pki.register.prepared import Statements
from pki.register.tables import CERTIFICATES, REVOCATIONS, STATUS_CHANGES
from pki.transitions import check_transition

_changes, _revocations = STATUS_CHANGES.c, REVOCATIONS.c
_upgrades = STATUS_CHANGES.alias("upgrades")
_later = STATUS_CHANGES.alias("later")


def _revoked() -> Select[tuple[Any, ...]]:
    graver = and_(
        _upgrades.c.issuer == _revocations.issuer,
        _upgrades.c.serial == _revocations.serial,
        _upgrades.c.kind == StatusKind.UPGRADE,
    )
    return select(
        _revocations.issuer,
        _revocations.serial,
        func.coalesce(_upgrades.c.reason, _revocations.reason).label("reason"),
        _revocations.revoked_at,
        func.coalesce(_upgrades.c.invalidity_date, _revocations.invalidity_date).label("since"),
        func.coalesce(_upgrades.c.sequence, _revocations.sequence).label("sequence"),
    ).select_from(REVOCATIONS.outerjoin(_upgrades, graver))


def held() -> Select[tuple[Any, ...]]:
    """Select the fields of a `RevocationRecord` of everything that is on hold now."""
    ended = (
        select(_later.c.sequence)
        .where(
            _later.c.issuer == _changes.issuer,
            _later.c.serial == _changes.serial,
            _later.c.sequence > _changes.sequence,
        )
        .exists()
    )
    return select(
        _changes.issuer,
        _changes.serial,
        _changes.reason,
        _changes.at,
        _changes.invalidity_date,
        _changes.sequence,
    ).where(_changes.kind == StatusKind.HOLD, ~ended)


def _of(table: Table, *names: str) -> tuple[ColumnElement[bool], ...]:
    return tuple(table.c[name] == bindparam(f"of_{name}") for name in names)


LISTED = union_all(
    _revoked().where(*_of(REVOCATIONS, "issuer")), held().where(*_of(STATUS_CHANGES, "issuer"))
).order_by("sequence")
"""The fields of a `RevocationRecord`, of everything that is revoked or on hold now."""
STANDING = union_all(
    _revoked().where(*_of(REVOCATIONS, "issuer", "serial")),
    held().where(*_of(STATUS_CHANGES, "issuer", "serial")),
)
"""The same of one serial: a row or none."""
_PLAIN = (
    ~select(_later.c.sequence).where(_later.c.sequence == _revocations.sequence).exists()
)  # a revocation that ended a hold stands in both tables
HISTORY = union_all(
    select(
        _changes.issuer,
        _changes.serial,
        _changes.kind,
        _changes.at,
        _changes.reason,
        _changes.invalidity_date,
        _changes.sequence,
    ).where(*_of(STATUS_CHANGES, "issuer", "serial")),
    select(
        _revocations.issuer,
        _revocations.serial,
        literal(StatusKind.REVOKE, KindText),
        _revocations.revoked_at,
        _revocations.reason,
        _revocations.invalidity_date,
        _revocations.sequence,
    ).where(*_of(REVOCATIONS, "issuer", "serial"), _PLAIN),
).order_by("sequence")
"""The fields of a `StatusChange`."""
_numbers = union_all(
    select(func.max(_revocations.sequence).label("sequence")),
    select(func.max(_changes.sequence)),
).subquery()
_HIGHEST = select(func.coalesce(func.max(_numbers.c.sequence), 0))
_LATEST = select(func.max(_changes.at)).where(*_of(STATUS_CHANGES, "issuer", "serial"))
_BEFORE = select(_HIGHEST.scalar_subquery(), _LATEST.scalar_subquery())
_NEVER_OUT = (None, CertificateState.RESERVED)
_ADD = insert(STATUS_CHANGES)
_STATE = select(CERTIFICATES.c.state).where(*_of(CERTIFICATES, "issuer", "serial"))


def next_sequence(
    statements: Statements, of: RevocationRecord | StatusChange, at: datetime, register: Path | str
) -> int:
    """Return the number of the next revocation or change; nobody else writes meanwhile.

    Raises:
        RegisterConflictError: the serial's status changed after `at`: recorded now, this would
            alter what was already told of the time between.
    """
    place = {"of_issuer": of.issuer, "of_serial": of.serial}
    highest, latest = statements.execute(_BEFORE, place).first()
    if latest is not None and at < latest:
        raise RegisterConflictError(register=register, reason="a later change stands")
    return int(highest) + 1


def check_revocable(statements: Statements, change: Revoke, register: Path | str) -> None:
    """Refuse a second revocation, and one that was prepared before a hold came or went.

    Raises:
        AlreadyRevokedError: the serial is revoked.
        RegisterConflictError: it is on hold and the change does not say so, or the other way.
    """
    record = change.record
    standing = find_standing(statements, record.issuer, record.serial)
    check_transition(StatusKind.REVOKE, record.serial, standing)
    held_at = standing.revoked_at if standing is not None else None
    said = record.revoked_at if change.held_until is not None else None
    if held_at != said:
        raise RegisterConflictError(register=register, reason="a hold came or went")


def tell_end_of_hold(statements: Statements, row: Mapping[str, object], at: datetime) -> None:
    """Record when a hold became the revocation of that row."""
    kept = {name: row[name] for name in ("issuer", "serial", "reason", "invalidity_date")}
    values = {**kept, "sequence": row["sequence"], "kind": StatusKind.REVOKE, "at": at}
    statements.execute(_ADD, values)


def change_status(statements: Statements, change: StatusChange, register: Path | str) -> None:
    """Record a hold, a release or a graver reason, where the status allows it.

    Raises:
        RegisterConflictError: the serial was not issued.
        RefusedError: `pki.transitions` says which.
    """
    place = {"of_issuer": change.issuer, "of_serial": change.serial}
    if statements.execute(_STATE, place).scalar() in _NEVER_OUT:
        raise RegisterConflictError(register=register, reason="serial was not issued")
    standing = find_standing(statements, change.issuer, change.serial)
    check_transition(change.kind, change.serial, standing)
    values = {
        name: getattr(change, name)
        for name in ("issuer", "serial", "kind", "at", "reason", "invalidity_date")
    }
    sequence = next_sequence(statements, change, change.at, register)
    statements.execute(_ADD, {**values, "sequence": sequence})


def find_standing(statements: Statements, issuer: str, serial: int) -> RevocationRecord | None:
    """Return what a list says of the serial now, inside the caller's transaction."""
    found = statements.execute(STANDING, {"of_issuer": issuer, "of_serial": serial}).first()
    return RevocationRecord(*found) if found is not None else None
