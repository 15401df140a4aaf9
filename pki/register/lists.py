"""What a revocation list says, read as of one point of the register's order.

Nothing is overwritten, and sequences are given one after the other by whoever writes: whatever
reads up to a sequence reads the same at any later time, in as many statements as it likes, on any
engine and at any isolation. So a list can be made, checked and made again from one number.

Plain revocations come first, in order of sequence and as they stand in their table, which a list
of a million needs; what was held, released or raised to keyCompromise comes after, in that order.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    DateTime,
    FromClause,
    Select,
    String,
    Table,
    and_,
    bindparam,
    func,
    or_,
    select,
    type_coerce,
    union_all,
)

from pki.records.certificates import StatusKind
from pki.records.lists import Listed, Snapshot
from pki.register.tables import CRL_NUMBERS, CRLS, REVOCATIONS, STATUS_CHANGES

BATCH = 10_000
"""Rows that are asked for at a time."""

_revocations, _changes = REVOCATIONS.c, STATUS_CHANGES.c
_later = STATUS_CHANGES.alias("later")
_final = REVOCATIONS.alias("final")
_UPTO = bindparam("upto", type_=BigInteger)
_AFTER = bindparam("after", type_=BigInteger)
_ISSUER = bindparam("of_issuer", type_=String)


def _fields(
    reason: ColumnElement[Any], since: ColumnElement[Any], table: Table, at: str
) -> tuple[ColumnElement[Any], ...]:
    """Return serial, reason and instants as they stand: a row takes half the time."""
    return (
        type_coerce(table.c.serial, String),
        type_coerce(reason, String),
        type_coerce(table.c[at], DateTime),
        type_coerce(since, DateTime),
    )


def _is_last(table: FromClause) -> ColumnElement[bool]:
    """Say that nothing follows the change up to the snapshot's end."""
    return ~(
        select(table.c.sequence)
        .where(
            table.c.issuer == _changes.issuer,
            table.c.serial == _changes.serial,
            table.c.sequence > _changes.sequence,
            table.c.sequence <= _UPTO,
        )
        .exists()
    )


_WITHIN_REVOCATIONS = (
    _revocations.issuer == _ISSUER,
    _revocations.sequence <= _UPTO,
    _revocations.sequence > _AFTER,
)
_WITHIN_CHANGES = (
    _changes.issuer == _ISSUER,
    _changes.sequence <= _UPTO,
    _changes.sequence > _AFTER,
)
_PLAIN = (
    select(*_fields(_revocations.reason, _revocations.invalidity_date, REVOCATIONS, "revoked_at"))
    .where(*_WITHIN_REVOCATIONS)
    .order_by(_revocations.sequence)
)
_RAISED = (
    select(
        *_fields(
            _changes.reason,
            func.coalesce(_changes.invalidity_date, _revocations.invalidity_date),
            REVOCATIONS,
            "revoked_at",
        ),
        _changes.sequence,
    )
    .select_from(
        STATUS_CHANGES.join(
            REVOCATIONS,
            and_(_revocations.issuer == _changes.issuer, _revocations.serial == _changes.serial),
        )
    )
    .where(*_WITHIN_CHANGES, _changes.kind == StatusKind.UPGRADE)
)
_ENDING = (
    select(
        *_fields(_changes.reason, _changes.invalidity_date, STATUS_CHANGES, "at"),
        _changes.sequence,
    )
    .where(
        *_WITHIN_CHANGES,
        or_(
            _changes.kind == StatusKind.HOLD,
            and_(_changes.kind == StatusKind.RELEASE, bindparam("with_released", type_=Boolean)),
        ),
    )
    .where(_is_last(_later), _is_last(_final))
)
_EXTRA = union_all(_RAISED, _ENDING).order_by("sequence")

_HIGHEST = union_all(
    select(func.max(_revocations.sequence).label("sequence")),
    select(func.max(_changes.sequence)),
).subquery()
LAST_SEQUENCE = select(func.coalesce(func.max(_HIGHEST.c.sequence), 0))
"""Sequence of the last change of any status."""
LAST_NUMBER = select(func.coalesce(func.max(CRL_NUMBERS.c.number), 0)).where(
    CRL_NUMBERS.c.issuer == bindparam("issuer")
)
"""The highest number that was reserved for a list."""


def newest_crl(columns: Select[tuple[Any, ...]], *, delta: bool) -> Select[tuple[Any, ...]]:
    """Return the select of an issuer's newest list, full or delta, below the number `below`."""
    return (
        columns.where(
            CRLS.c.issuer == bindparam("issuer"),
            CRLS.c.base_number.is_not(None) if delta else CRLS.c.base_number.is_(None),
            CRLS.c.number < bindparam("below"),
        )
        .order_by(CRLS.c.number.desc())
        .limit(1)
    )


def entries(connection: Connection, snapshot: Snapshot) -> Iterator[Listed]:
    """Yield the entries of a list as of a snapshot."""
    values: dict[str, object] = {
        "of_issuer": snapshot.issuer,
        "upto": snapshot.upto,
        "after": snapshot.after or 0,
        "with_released": snapshot.after is not None,
    }
    extra = connection.execute(_EXTRA, values).all()
    told = {row[0] for row in extra}
    result = connection.execute(_PLAIN.execution_options(yield_per=BATCH), values)
    with result:
        for row in result:
            if row[0] not in told:
                yield cast("tuple[str, str, datetime, datetime | None]", row)
    for row in extra:
        yield row[0], row[1], row[2], row[3]
