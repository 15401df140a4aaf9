"""A register as of one moment, read row by row while others go on writing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, ScalarSelect, Table, func, select
from sqlmodel import SQLModel

from pki.audit.stored import read_edge
from pki.audit.tree import Edge
from pki.errors.register import NotARegisterError
from pki.register.audit_log import AuditLog
from pki.register.row_forms import write_row
from pki.register.sql import open_register
from pki.register.store import Store, store_of
from pki.register.tables import AUDIT, AUTHORITIES, CERTIFICATES, CRL_NUMBERS, SCHEMA

_PAGE = 1000


def register_tables() -> tuple[Table, ...]:
    """Return every table but the version's, each after those it refers to."""
    return tuple(table for table in SQLModel.metadata.sorted_tables if table is not SCHEMA)


class Snapshot:
    """One moment of a register."""

    def __init__(self, connection: Connection, store: Store) -> None:
        self._connection = connection
        self._store = store

    @property
    def engine(self) -> str:
        """The kind of database: `sqlite` or `postgresql`."""
        return self._connection.dialect.name

    def rows(self, table: Table) -> Iterator[bytes]:
        """Yield the rows of a table as lines, in an order in which they can be inserted.

        Raises:
            NotARegisterError: a value is of another type than its column.
        """
        order = (AUTHORITIES.c.created_at,) if table is AUTHORITIES else table.primary_key.columns
        query = select(table).order_by(*order).execution_options(yield_per=_PAGE)
        try:
            for row in self._connection.execute(query).mappings():
                yield write_row(table, dict(row))
        except (ValueError, TypeError, AttributeError) as error:
            reason = f"a value in {table.name} that is none of its column"
            raise NotARegisterError(register=self._store.place, reason=reason) from error

    def edge(self) -> Edge:
        """Return the right edge of the log's tree.

        Raises:
            AuditBrokenError: hashes are missing at its end.
        """
        last = self._connection.scalar(select(func.max(AUDIT.c.sequence)))
        log = AuditLog(self._store.place)
        return read_edge(last or 0, lambda wanted: log.find(self._connection, wanted))

    def authorities(self) -> tuple[tuple[str, int, int], ...]:
        """Return name, number of serials and highest CRL number of every authority.

        The number is the highest that was reserved, 0 where none was.
        """
        serials = _of_authority(CERTIFICATES, func.count())
        highest = _of_authority(CRL_NUMBERS, func.coalesce(func.max(CRL_NUMBERS.c.number), 0))
        query = select(AUTHORITIES.c.name, serials, highest).order_by(AUTHORITIES.c.name)
        return tuple(
            (name, count, number) for name, count, number in self._connection.execute(query)
        )


def _of_authority(table: Table, value: ColumnElement[int]) -> ScalarSelect[int]:
    mine = table.c.issuer == AUTHORITIES.c.name
    return select(value).select_from(table).where(mine).scalar_subquery()


@contextmanager
def open_snapshot(url_or_path: str | Path) -> Iterator[Snapshot]:
    """Give a register as it is now for the block; who writes does not wait for it.

    Raises:
        PKIError: as of `open_register`.
    """
    open_register(url_or_path).close()
    store = store_of(url_or_path)
    try:
        with store.engine.connect() as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(
                    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
                )
            yield Snapshot(connection, store)
    except store.errors as error:
        raise store.translate(error) from error
    finally:
        store.engine.dispose()
