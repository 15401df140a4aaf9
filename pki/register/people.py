"""A new version of an agency, a person, a post, a device or an assignment.

Asked here is what another process could have changed meanwhile; what an entry may say at all is
asked before (`pki.registry`), and the database's guards hold the rest.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Insert, Select, bindparam, insert, select

from pki.errors.register import RegisterConflictError
from pki.errors.registry import (
    DeviceHolderError,
    DeviceMoveError,
    EntryBackwardsError,
    PersonMoveError,
    PersonTwiceError,
)
from pki.errors.tree import PKIError
from pki.records.changes import EnterRecord
from pki.records.people import Entry, Person
from pki.register.folding import fold
from pki.register.people_tables import FOLDED, KEYS, PEOPLE, TABLES
from pki.register.prepared import Statements
from pki.registry.moves import holder_follows, state_follows


class _Of(NamedTuple):
    """What is run for a kind of entry."""

    key: str
    names: tuple[str, ...]
    newest: Select[tuple[Any, ...]]
    version: Select[tuple[Any, ...]]
    add: Insert


_NAMES: dict[type[Entry], tuple[str, ...]] = {
    kind: tuple(one.name for one in fields(kind)) for kind in TABLES
}


def names_of(kind: type[Entry]) -> tuple[str, ...]:
    """Return the fields of a kind of entry, which are columns too."""
    return _NAMES[kind]


def enter(statements: Statements, change: EnterRecord, register: Path | str) -> None:
    """Record a version.

    Raises:
        RegisterConflictError: it goes on from another version than the newest.
        EntryBackwardsError: it would hold before what it follows.
        PersonMoveError, DeviceMoveError: its state does not follow.
        DeviceHolderError: a device gets another holder and was not returned.
        PersonTwiceError: another person has that citizen's number now.
    """
    record = change.record
    of = _OF[type(record)]
    key: str = getattr(record, of.key)
    newest = statements.execute(of.newest, {"key": key}).first()
    number, follows = (newest.version, newest.follows) if newest else (0, 0)
    if record.version != number + 1 or record.follows not in {number, follows}:
        raise RegisterConflictError(register=register, reason="the entry was changed meanwhile")
    if record.follows:
        found = statements.execute(of.version, {"key": key, "version": record.follows}).first()
        _check_following(type(record)(**dict(zip(of.names, found, strict=True))), record, key)
    if isinstance(record, Person) and record.citizen_number is not None:
        _check_once(statements, record)
    values = {name: getattr(record, name) for name in (*of.names, of.key)}
    if type(record) in FOLDED:
        shown, folded = FOLDED[type(record)]
        values[folded] = fold(str(values[shown]))
    statements.execute(of.add, values)


def _of(kind: type[Entry]) -> _Of:
    table, key = TABLES[kind], KEYS[kind]
    same = table.c[key] == bindparam("key")
    newest = select(table.c.version, table.c.follows).where(same)
    return _Of(
        key=key,
        names=names_of(kind),
        newest=newest.order_by(table.c.version.desc()).limit(1),
        version=select(*(table.c[name] for name in names_of(kind))).where(
            same, table.c.version == bindparam("version")
        ),
        add=insert(table),
    )


_OF = {kind: _of(kind) for kind in TABLES}


def _check_following(before: Entry, after: Entry, key: str) -> None:
    if after.effective < before.effective:
        raise EntryBackwardsError(
            key=key, day=after.effective.isoformat(), last=before.effective.isoformat()
        )
    if not (state_follows(before, after) and holder_follows(before, after)):
        raise _refusal(before, after, key)


def _refusal(before: Any, after: Any, key: str) -> PKIError:  # noqa: ANN401  a person or a device
    states = {"before": str(before.state), "after": str(after.state)}
    if isinstance(after, Person):
        return PersonMoveError(person=key, **states)
    if not state_follows(before, after):
        return DeviceMoveError(device=key, **states)
    return DeviceHolderError(device=key, state=str(before.state))


_later = PEOPLE.alias("later")
_SAME_NUMBER = (
    select(PEOPLE.c.code)
    .where(
        PEOPLE.c.citizen_number == bindparam("number"),
        PEOPLE.c.code != bindparam("code"),
        ~select(_later.c.version)
        .where(_later.c.code == PEOPLE.c.code, _later.c.version > PEOPLE.c.version)
        .exists(),
    )
    .limit(1)
)


def _check_once(statements: Statements, record: Person) -> None:
    asked = {"number": record.citizen_number, "code": record.code}
    other = statements.execute(_SAME_NUMBER, asked).scalar()
    if other is not None:
        raise PersonTwiceError(person=record.code, other=other)
