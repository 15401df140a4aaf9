"""Agencies, people, posts, devices and assignments as they were on a day, and all their versions.

A version holds on a day when it was effective by then, no later one stands in its place, and none
that counts was effective after it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Select,
    Table,
    and_,
    bindparam,
    literal,
    or_,
    select,
)

from pki.records.people import (
    Agency,
    AgencyQuery,
    Assignment,
    AssignmentQuery,
    Device,
    DeviceQuery,
    E,
    Entry,
    Person,
    PersonQuery,
    Post,
    PostQuery,
    Query,
)
from pki.register.folding import folded_words
from pki.register.people import names_of
from pki.register.people_tables import FOLDED, KEYS, POSTS, TABLES
from pki.register.prepared import Query as Statement
from pki.register.prepared import Statements
from pki.register.transactions import Transactions

_KINDS: dict[type[Query[Any]], type[Entry]] = {
    AgencyQuery: Agency,
    PersonQuery: Person,
    PostQuery: Post,
    DeviceQuery: Device,
    AssignmentQuery: Assignment,
}
_DAY = bindparam("day", type_=Date)
_ESCAPES = str.maketrans({sign: f"/{sign}" for sign in "/%_"})


class _Finding(ABC):
    """How entries are found, by whatever runs a statement."""

    @abstractmethod
    def _rows(self, statement: Statement, values: Mapping[str, object]) -> Sequence[Any]:
        """Return the rows of a statement."""

    def find_entry(self, kind: type[E], key: str, *, on: date | None = None) -> E | None:
        """Return the entry of that key as it was on a day, or its newest version."""
        statement = _statement(kind, frozenset({KEYS[kind]}), 0)  # type: ignore[arg-type]  # a class is hashable
        found = self._rows(statement, {KEYS[kind]: key, "day": on or date.max})
        return _made(kind, found[0]) if found else None

    def find_entries(self, query: Query[E]) -> tuple[E, ...]:
        """Return the entries that match, in the order of their keys."""
        kind = cast("type[E]", _KINDS[type(query)])
        return tuple(_made(kind, row) for row in self._rows(*narrowed(query)))


class WithinWriting(_Finding):
    """Entries as they stand in a transaction that writes: nobody changes them until it ends."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    def _rows(self, statement: Statement, values: Mapping[str, object]) -> Sequence[Any]:
        return self._statements.execute(statement, values).all()


class PeopleReading(_Finding):
    """The part of a register in SQL that tells of people (`pki.records.people_register`)."""

    _transactions: Transactions

    def _rows(self, statement: Statement, values: Mapping[str, object]) -> Sequence[Any]:
        return self._transactions.read(statement, values)

    def entry_history(self, kind: type[E], key: str) -> tuple[E, ...]:
        """Return all versions of an entry, in the order in which they were recorded."""
        found = self._transactions.read(_history(kind), {"key": key})  # type: ignore[arg-type]  # as above
        return tuple(_made(kind, row) for row in found)


def narrowed(query: Query[Any]) -> tuple[Select[tuple[Any, ...]], dict[str, object]]:
    """Return the selection of entries in the order of their keys, and its values."""
    values: dict[str, object] = {
        field.name: value
        for field in fields(query)
        if (value := getattr(query, field.name)) is not None
    }
    words = folded_words(str(values.pop("text", "")))
    values["day"] = values.pop("on", date.max)
    kind, given = _KINDS[type(query)], frozenset(values) - {"day"}
    statement = _statement(kind, given, len(words))  # type: ignore[arg-type]  # as above
    values |= {f"word_{place}": _pattern(word) for place, word in enumerate(words)}
    return statement, values


def _made(kind: type[E], row: Any) -> E:  # noqa: ANN401  a row
    return kind(**dict(zip(names_of(kind), row, strict=True)))


def _pattern(word: str) -> str:
    return f"%{word.translate(_ESCAPES)}%"


@lru_cache(maxsize=8)
def _history(kind: type[Entry]) -> Select[tuple[Any, ...]]:
    table = TABLES[kind]
    statement = select(*(table.c[name] for name in names_of(kind)))
    return statement.where(table.c[KEYS[kind]] == bindparam("key")).order_by(table.c.version)


@lru_cache(maxsize=128)
def _statement(kind: type[Entry], given: frozenset[str], words: int) -> Select[tuple[Any, ...]]:
    table, key = TABLES[kind], KEYS[kind]
    statement = select(*(table.c[name] for name in names_of(kind))).where(holds(kind, table))
    statement = statement.order_by(table.c[key])
    for name in sorted(given - {"limit", "after"}):
        if kind is Person and name == "agency":
            statement = statement.where(_serves(table))
        else:
            statement = statement.where(table.c[name] == bindparam(name))
    if words:
        folded = table.c[FOLDED[kind][1]]
        places = (f"word_{place}" for place in range(words))
        statement = statement.where(*(folded.like(bindparam(one), escape="/") for one in places))
    if "after" in given:
        statement = statement.where(table.c[key] > bindparam("after"))
    return statement.limit(bindparam("limit")) if "limit" in given else statement


def holds(kind: type[Entry], row: FromClause) -> ColumnElement[bool]:
    """Say that a version holds on the day."""
    table, key = TABLES[kind], KEYS[kind]
    later, latest = table.alias("later"), table.alias("latest")
    replaced = (
        select(latest.c.version)
        .where(
            latest.c[key] == later.c[key],
            latest.c.version > later.c.version,
            latest.c.follows < later.c.version,
        )
        .correlate(later)
        .exists()
    )
    over = (
        select(later.c.version)
        .where(
            later.c[key] == row.c[key],
            later.c.version > row.c.version,
            or_(
                later.c.follows < row.c.version,
                and_(later.c.effective <= _DAY, ~replaced),
            ),
        )
        .correlate(row)
        .exists()
    )
    return and_(row.c.effective <= _DAY, ~over)


def _serves(people: Table) -> ColumnElement[bool]:
    """Say that a person holds a post of the agency on the day, or for no day, ever did."""
    posts = POSTS.alias("held")
    held = select(posts.c.person).where(
        posts.c.agency == bindparam("agency"),
        holds(Post, posts),
        or_(literal(date.max) == _DAY, posts.c.until.is_(None), posts.c.until >= _DAY),
    )
    # Not a look for each of the people: 600 ms for 67,668 of them, 2 ms so.
    return people.c.code.in_(held)
