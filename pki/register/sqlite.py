"""Everything that is SQLite's own: connections, write locks, and what its errors mean.

Write-ahead logging lets the responders read while the authority writes; `synchronous=FULL` makes
a commit survive a power cut. A writing transaction takes the lock at its beginning, so what it
reads cannot change before it writes.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.engine.base import OptionEngine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pki.errors import (
    BackupFailedError,
    NotARegisterError,
    PKIError,
    RegisterBusyError,
    RegisterConflictError,
    RegisterExistsError,
    RegisterFullError,
    RegisterUnreachableError,
)
from pki.register.backups import new_backup
from pki.register.guards import MARK
from pki.register.sqlite_guards import SQLITE_GUARDS

BUSY_SECONDS = 10.0
_BEGIN = "antin_begin"
"""How a transaction begins; a statement without one is a transaction of its own."""


class SQLiteStore:
    """A register in one file."""

    errors: tuple[type[Exception], ...] = (SQLAlchemyError, sqlite3.Error)
    waits: tuple[float, ...] = ()  # the lock is waited for by SQLite itself
    guards: tuple[str, ...] = SQLITE_GUARDS

    def __init__(self, path: Path) -> None:
        self.place: Path | str = path
        self._path = path
        self.engine = create_engine(
            "sqlite://",
            creator=self._connect,
            poolclass=QueuePool,
            hide_parameters=True,  # a traceback has no place for what is said of a person
        )
        self.reader: Engine | OptionEngine = self.engine.execution_options(**{_BEGIN: ""})
        self.writer: Engine | OptionEngine = self.engine.execution_options(
            **{_BEGIN: "BEGIN IMMEDIATE"}
        )
        event.listen(self.engine, "connect", _prepare)
        event.listen(self.engine, "begin", _begin)

    def make(self) -> None:
        """Make the empty file, readable by its owner alone, with write-ahead logging."""
        try:
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError as error:
            raise RegisterExistsError(register=self._path) from error
        except OSError as error:
            raise RegisterUnreachableError(register=self._path, reason=_why(error)) from error
        connection = self.engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()

    def unmake(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)

    def check(self) -> None:
        """See that there is a file."""
        if not self._path.is_file():
            raise RegisterUnreachableError(register=self._path, reason="not there")

    def enter(self, connection: Connection) -> str:
        """Do nothing: `BEGIN IMMEDIATE` took the lock."""
        del connection
        return ""

    def take_time(self, connection: Connection) -> None:
        """Do nothing: SQLite sets no limit."""
        del connection

    def is_own(self, connection: Connection, sequence: int, ticket: str) -> bool:
        """Say no: a commit to a file is never lost between two machines."""
        del connection, sequence, ticket
        return False

    def back_up(self, path: Path) -> None:
        """Copy the file as of one moment, and check the copy."""
        with new_backup(self._path, path), closing(self._connect()) as source:
            with closing(sqlite3.connect(path)) as target:
                source.backup(target)
                (said,) = target.execute("PRAGMA integrity_check").fetchone()
            if said != "ok":
                raise BackupFailedError(register=self._path, path=path, reason=said)

    def drop_guards(self, connection: Connection) -> None:
        """Drop every trigger of Antin's."""
        found = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE ?",
            (f"%'{MARK}:%",),
        )
        for (name,) in found.all():
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')

    def changed_nothing(self, error: Exception) -> bool:
        """Say no: SQLite undoes nothing by chance."""
        del error
        return False

    def is_lost(self, error: Exception) -> bool:
        """Say no: there is no connection to lose."""
        del error
        return False

    def translate(self, error: Exception) -> PKIError:
        """Return our error for one of the engine's."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        name = getattr(cause, "sqlite_errorname", "") or ""
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) or "QueuePool limit" in str(cause):
            return RegisterBusyError(register=self._path)
        if name.startswith("SQLITE_FULL"):
            return RegisterFullError(register=self._path)
        if name.startswith("SQLITE_CONSTRAINT"):
            return RegisterConflictError(register=self._path, reason=str(cause))
        if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")) or "no such table" in str(cause):
            return NotARegisterError(register=self._path, reason=str(cause))
        return RegisterUnreachableError(register=self._path, reason=name or type(cause).__name__)

    def _connect(self) -> sqlite3.Connection:
        # Connecting never makes the file: a wrong path is an error, not an empty register.
        return sqlite3.connect(
            f"{self._path.resolve().as_uri()}?mode=rw",
            uri=True,
            timeout=BUSY_SECONDS,
            check_same_thread=False,
            isolation_level=None,
        )


def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401  the driver's own type
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin(connection: Connection) -> None:
    if statement := connection.get_execution_options().get(_BEGIN, "BEGIN"):
        connection.exec_driver_sql(statement)


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
