"""Statements prepared once, and given to SQLite's driver without SQLAlchemy in between.

SQLAlchemy writes every statement and converts every value; left out is what `Connection.execute`
does around that each time, and its own transactions. A server's round trip costs more than is saved
here, so PostgreSQL goes by `Connection.execute`. Measured while issuing certificates one at a time
(P-256, under load on two shared cores): fourteen statements and two transactions a certificate
took 1.20 ms of processor time through SQLAlchemy, 0.52 ms this way.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import (
    CompoundSelect,
    Connection,
    Delete,
    Dialect,
    Insert,
    LargeBinary,
    Select,
    Update,
)

Query = Select[tuple[Any, ...]] | CompoundSelect[tuple[Any, ...]]
Writing = Insert | Update | Delete
Values = Mapping[str, object]
Convert = Callable[[Any], Any] | None
NO_VALUES: Values = {}


class Result(Protocol):
    """What came of a statement; rows have the names of their columns."""

    @property
    def rowcount(self) -> int:
        """How many rows were written."""
        ...

    def all(self) -> Sequence[Any]:
        """Return the rows."""
        ...

    def first(self) -> Any:  # noqa: ANN401  a row
        """Return the first row, or None."""
        ...

    def scalar(self) -> Any:  # noqa: ANN401  of the column's type
        """Return the first column of the first row, or None."""
        ...


class Statements(Protocol):
    """Runs statements in the transaction of whoever made it."""

    def execute(self, statement: Query | Writing, values: Values = NO_VALUES) -> Result:
        """Run one statement, none of whose values is a list."""
        ...


class InConnection:
    """Statements as SQLAlchemy runs them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, statement: Query | Writing, values: Values = NO_VALUES) -> Result:
        """Run one statement."""
        return self._connection.execute(statement, values)


class OnDriver:
    """Statements as SQLite's driver runs them."""

    def __init__(self, driver: sqlite3.Connection, dialect: Dialect) -> None:
        self._driver = driver
        self._dialect = dialect

    def execute(self, statement: Query | Writing, values: Values = NO_VALUES) -> Result:
        """Run one statement."""
        return _prepare(statement, self._dialect, tuple(values)).run(self._driver, values)


@dataclass(slots=True)
class _Direct:
    """What the driver gave, read to its end."""

    rowcount: int
    rows: Sequence[Any]

    def all(self) -> Sequence[Any]:
        return self.rows

    def first(self) -> Any:  # noqa: ANN401  a row
        return self.rows[0] if self.rows else None

    def scalar(self) -> Any:  # noqa: ANN401  of the column's type
        return self.rows[0][0] if self.rows else None


@dataclass(frozen=True, slots=True)
class _Prepared:
    sql: str
    binds: tuple[tuple[str, object, Convert], ...]
    """Name, value where none is given, and how it is stored; in the order of the statement."""
    make_row: Callable[[Iterable[Any]], Any]
    converts: tuple[Convert, ...]

    def run(self, driver: sqlite3.Connection, values: Values) -> _Direct:
        get = values.get
        cursor = driver.execute(
            self.sql,
            [
                get(name, default) if convert is None else convert(get(name, default))
                for name, default, convert in self.binds
            ],
        )
        found = cursor.fetchall()
        return _Direct(cursor.rowcount, [self._row(row) for row in found] if found else ())

    def _row(self, row: tuple[Any, ...]) -> Any:  # noqa: ANN401  a named tuple
        return self.make_row(
            [
                value if convert is None else convert(value)
                for value, convert in zip(row, self.converts, strict=True)
            ]
        )


@lru_cache(maxsize=512)
def _prepare(statement: Query | Writing, dialect: Dialect, names: tuple[str, ...]) -> _Prepared:
    writes = isinstance(statement, Writing)
    compiled: Any = statement.compile(dialect=dialect, column_keys=names if writes else None)
    columns = () if isinstance(statement, Writing) else tuple(statement.selected_columns)
    names_of = [getattr(column, "name", "") for column in columns]
    row = namedtuple("Row", names_of, rename=True)  # type: ignore[misc]  # the statement says which
    return _Prepared(
        sql=compiled.string,
        binds=tuple(_bind(compiled.binds[name], dialect) for name in compiled.positiontup),
        make_row=row._make,
        converts=tuple(_reading(column, dialect) for column in columns),
    )


def _bind(parameter: Any, dialect: Dialect) -> tuple[str, object, Convert]:  # noqa: ANN401  SQLAlchemy's BindParameter
    kind = parameter.type.dialect_impl(dialect)
    # The driver takes bytes as they are; SQLAlchemy would wrap them for drivers that do not.
    plain = isinstance(kind, LargeBinary)
    convert = None if plain else kind.bind_processor(dialect)
    return parameter.key, parameter.effective_value, convert


def _reading(column: Any, dialect: Dialect) -> Convert:  # noqa: ANN401  SQLAlchemy's ColumnElement
    convert: Convert = column.type.dialect_impl(dialect).result_processor(dialect, None)
    return convert
