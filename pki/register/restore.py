"""Fills an empty place with the rows of a backup; nothing opens it until it is reconciled.

A register says its version in one row, and without it nothing opens it (`RestoreUnfinishedError`).
Here that row is written last: after every row and every guard, and after the caller has compared
the register with what its authorities published since the backup. A restored register that was
not compared does not exist, and no flag can be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select
from sqlalchemy.exc import DataError, IntegrityError
from sqlmodel import SQLModel

from pki.clock import Clock
from pki.errors.keeping import BackupContentsError
from pki.register.row_forms import read_row
from pki.register.snapshot import register_tables
from pki.register.sql import SQLRegister
from pki.register.store import Store, store_of
from pki.register.tables import SCHEMA, SCHEMA_VERSION

Lines = Iterable[tuple[str, Sequence[bytes]]]
"""Names of tables and rows of them, each table after those it refers to."""


@contextmanager
def restoring(url_or_path: str | Path, clock: Clock) -> Iterator[Restoration]:
    """Make a register at an empty place for the block to fill and to reconcile.

    It can be opened after the block. When the block fails, nothing stands there.

    Raises:
        RegisterExistsError: something stands there.
        PKIError: as of `create_register`, and what the block raises.
    """
    store = store_of(url_or_path)
    register = SQLRegister(store)
    with register.closed_on_error():
        store.make()
        try:
            yield Restoration(store, register)
            with _writing(store) as connection:
                version = {"version": SCHEMA_VERSION, "created_at": clock.now()}
                connection.execute(insert(SCHEMA), version)
        except BaseException:
            _take_away(store, register)
            raise
    register.close()


class Restoration:
    """A register that is being restored."""

    def __init__(self, store: Store, register: SQLRegister) -> None:
        self.store = store
        self.register = register
        """Works as every other, for whoever reconciles it."""

    def fill(self, lines: Lines) -> dict[str, int]:
        """Insert every row and lay the guards; return how many rows every table got.

        Raises:
            BackupContentsError: they are no rows of a register, or do not fit together.
        """
        tables = {table.name: table for table in register_tables()}
        counts = dict.fromkeys(tables, 0)
        with _writing(self.store) as connection:
            SQLModel.metadata.create_all(connection)
            for name, rows in lines:
                if name not in tables:
                    raise BackupContentsError(reason="rows of an unknown table")
                _insert(connection, tables[name], [read_row(tables[name], row) for row in rows])
                counts[name] += len(rows)
            if connection.dialect.name == "postgresql":
                _count_on(connection)
            for guard in self.store.guards:
                connection.exec_driver_sql(guard)
        return counts


@contextmanager
def _writing(store: Store) -> Iterator[Connection]:
    with store.writer.connect() as connection, connection.begin():
        store.enter(connection)
        store.take_time(connection)
        yield connection


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    # One statement where a row may refer to another that comes after it.
    whole = any(key.column.table is table for key in table.foreign_keys)
    try:
        if rows and whole:
            connection.execute(insert(table).values(rows))
        elif rows:
            connection.execute(insert(table), rows)
    except (IntegrityError, DataError, OverflowError) as error:
        raise BackupContentsError(reason=f"rows of {table.name} do not fit together") from error


def _count_on(connection: Connection) -> None:
    """Let PostgreSQL number new rows after the highest there is."""
    for table in register_tables():
        counted = table.autoincrement_column
        if counted is not None:
            sequence = func.pg_get_serial_sequence(table.name, counted.name)
            highest = select(func.max(counted)).scalar_subquery()
            connection.execute(select(func.setval(sequence, func.greatest(highest, 1))))


def _take_away(store: Store, register: SQLRegister) -> None:
    with store.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.rollback()
            with connection.begin():
                SQLModel.metadata.drop_all(connection)
    register.close()
    store.unmake()
