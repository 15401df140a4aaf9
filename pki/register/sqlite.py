"""Everything that is SQLite's own: connections, write locks, triggers, and what its errors mean.

Write-ahead logging lets the responders read while the authority writes; `synchronous=FULL` makes
a commit survive a power cut. A writing transaction takes the lock at its beginning, so what it
reads cannot change before it writes. Triggers keep the promise that nothing is deleted even
against someone who opens the file with another program by mistake; they stop no attacker.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pki.errors import (
    NotARegisterError,
    PKIError,
    RegisterBusyError,
    RegisterConflictError,
    RegisterExistsError,
    RegisterFullError,
    RegisterUnreachableError,
)

ENGINE_ERRORS = (SQLAlchemyError, sqlite3.Error)
WRITING = "antin_writing"
BUSY_SECONDS = 10.0

_STOP = "SELECT RAISE(ABORT, 'antin: this record is never changed or deleted');"
_MOVE = (
    "OLD.issuer IS NOT NEW.issuer OR OLD.serial IS NOT NEW.serial"
    " OR OLD.tbs_der IS NOT NEW.tbs_der OR OLD.subject IS NOT NEW.subject"
    " OR (OLD.der IS NOT NULL AND OLD.der IS NOT NEW.der)"
    " OR (OLD.state || '>' || NEW.state) NOT IN"
    " ('reserved>issued', 'reserved>abandoned', 'issued>revoked')"
)
TRIGGERS = (
    f"CREATE TRIGGER certificate_keep BEFORE UPDATE ON certificates WHEN {_MOVE} BEGIN {_STOP} END",
    *(
        f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} BEGIN {_STOP} END"
        for table, actions in (
            ("certificates", ("DELETE",)),
            ("authorities", ("UPDATE", "DELETE")),
            ("revocations", ("UPDATE", "DELETE")),
            ("crls", ("UPDATE", "DELETE")),
            ("audit", ("UPDATE", "DELETE")),
        )
        for action in actions
    ),
)


def create_file(path: Path) -> None:
    """Make the empty file, readable by its owner alone.

    Raises:
        RegisterExistsError: something stands there.
        RegisterUnreachableError: the place cannot be written.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError as error:
        raise RegisterExistsError(register=path) from error
    except OSError as error:
        raise RegisterUnreachableError(register=path, reason=_why(error)) from error


def open_engine(path: Path) -> Engine:
    """Return an engine on an existing file; connecting never creates one."""
    address = f"{path.resolve().as_uri()}?mode=rw"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            address, uri=True, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None
        )

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def translate(error: Exception, path: Path) -> PKIError:
    """Return our error for one of the engine's."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    name = getattr(cause, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) or "QueuePool limit" in str(cause):
        return RegisterBusyError(register=path)
    if name.startswith("SQLITE_FULL"):
        return RegisterFullError(register=path)
    if name.startswith("SQLITE_CONSTRAINT"):
        return RegisterConflictError(register=path, reason=str(cause))
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")) or "no such table" in str(cause):
        return NotARegisterError(register=path, reason=str(cause))
    return RegisterUnreachableError(register=path, reason=name or type(cause).__name__)


def enable_wal(engine: Engine) -> None:
    """Switch the file to write-ahead logging; the file remembers it."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401  the driver's own type
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get(WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
