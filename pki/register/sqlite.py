"""Everything that is SQLite's own: connections, write locks, and what its errors mean.

Write-ahead logging lets the responders read while the authority writes; `synchronous=FULL` makes
a commit survive a power cut. A writing transaction takes the lock at its beginning, so what it
reads cannot change before it writes.

A file that is deleted or replaced can be written on for as long as it is open, and all of that is
lost when it is closed. So every connection of a store is to one file, and that one must stand at
its path when a transaction begins and once more before its commit is told.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.engine.base import OptionEngine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pki.errors.keeping import BackupFailedError
from pki.errors.register import (
    NotARegisterError,
    RegisterBusyError,
    RegisterConflictError,
    RegisterExistsError,
    RegisterFullError,
    RegisterReplacedError,
    RegisterUnreachableError,
)
from pki.errors.tree import PKIError
from pki.register.backups import new_backup
from pki.register.guards import MARK
from pki.register.prepared import OnDriver, Query, Values
from pki.register.sqlite_guards import SQLITE_GUARDS

BUSY_SECONDS = 10.0
CACHE_KIB = 16 * 1024
"""Of a connection, at most: room for the upper pages of the indexes over millions of certificates,
which SQLite's own 2 MiB are not."""
UNSEEN_SECONDS = 1.0
"""How long reading may go on from a file that is no longer at its path."""
_BEGIN = "antin_begin"
"""How a transaction begins."""

_Identity = tuple[int, int]
"""Device and number of a file."""


@dataclass(slots=True)
class _Turn:
    statements: OnDriver
    driver: sqlite3.Connection
    check_file: Callable[[], None]
    ticket: str = ""

    def commit(self) -> None:
        """Commit, to the file that whoever opens the register next will find."""
        self.driver.commit()
        self.check_file()

    def is_own(self, sequence: int, ticket: str) -> bool:
        """Say no: a commit to a file is never lost between two machines."""
        del sequence, ticket
        return False


class SQLiteStore:
    """A register in one file."""

    errors: tuple[type[Exception], ...] = (SQLAlchemyError, sqlite3.Error)
    waits: tuple[float, ...] = ()  # the lock is waited for by SQLite itself
    guards: tuple[str, ...] = SQLITE_GUARDS

    def __init__(
        self, path: Path, *, factory: type[sqlite3.Connection] = sqlite3.Connection
    ) -> None:
        self.place: Path | str = path
        self._path = path
        self._absolute = path.absolute()
        self._file: _Identity | None = None
        self._looked = 0.0
        self._factory = factory
        self.engine = create_engine(
            "sqlite://",
            creator=self._connect,
            poolclass=QueuePool,
            hide_parameters=True,  # a traceback has no place for what is said of a person
        )
        self.writer: Engine | OptionEngine = self.engine.execution_options(
            **{_BEGIN: "BEGIN IMMEDIATE"}
        )
        self._dialect = self.engine.dialect
        event.listen(self.engine, "connect", _prepare)
        event.listen(self.engine, "begin", self._begin)
        event.listen(self.engine, "engine_disposed", self._close_idle)
        self._idle: deque[sqlite3.Connection] = deque()
        self._writers = threading.Lock()

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

    def read(self, statement: Query, values: Values) -> Sequence[Any]:
        """Return the rows of a statement that is a transaction of its own."""
        driver = self._lend()
        try:
            if time.monotonic() > self._looked + UNSEEN_SECONDS:
                self._check_file()
            rows = OnDriver(driver, self._dialect).execute(statement, values).all()
        except BaseException as error:
            self._take_back_after(error, driver)
            raise
        self._take_back(driver)
        return rows

    @contextmanager
    def writing(self) -> Iterator[_Turn]:
        """Give a transaction that writes; undone unless it is committed."""
        # Where another process writes SQLite looks again and again, up to 100 ms later; threads of
        # this one are told when it is their turn.
        if not self._writers.acquire(timeout=BUSY_SECONDS):
            raise RegisterBusyError(register=self._path)
        try:
            driver = self._lend()
            try:
                driver.execute("BEGIN IMMEDIATE")
                self._check_file()
                yield _Turn(OnDriver(driver, self._dialect), driver, self._check_file)
            except BaseException as error:
                self._take_back_after(error, driver)
                raise
            self._take_back(driver)
        finally:
            self._writers.release()

    def _lend(self) -> sqlite3.Connection:
        """Give a connection to one thread, which gives it back.

        The pool does the same and much more, six times for a certificate: 25 µs each, 3 here.
        """
        try:
            return self._idle.pop()
        except IndexError:
            driver = self._connect()
            _prepare(driver, None)
            return driver

    def _take_back(self, driver: sqlite3.Connection) -> None:
        """Take a connection back; what was begun on it is over."""
        if driver.in_transaction:
            driver.rollback()
        self._idle.append(driver)

    def _take_back_after(self, error: BaseException, driver: sqlite3.Connection) -> None:
        if isinstance(error, PKIError):  # refused: nothing is wrong with the connection
            self._take_back(driver)
        else:
            driver.close()  # undoes what was not committed

    def _close_idle(self, engine: Engine) -> None:
        del engine
        while self._idle:
            self._idle.pop().close()

    def take_time(self, connection: Connection) -> None:
        """Do nothing: SQLite sets no limit."""
        del connection

    def back_up(self, path: Path) -> None:
        """Copy the file as of one moment, and check the copy."""
        with new_backup(self._path, path), closing(self._connect()) as source:
            with closing(sqlite3.connect(path)) as target:
                source.backup(target)
                (said,) = target.execute("PRAGMA integrity_check").fetchone()
            if said != "ok":
                raise BackupFailedError(register=self._path, path=path, reason=said)

    @contextmanager
    def scratch(self, folder: Path) -> Iterator[Path | str]:
        """Give a file in the folder."""
        yield folder / "register.db"

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
        before = _identity(self._absolute)
        # Connecting never makes the file: a wrong path is an error, not an empty register.
        driver = sqlite3.connect(
            f"{self._absolute.resolve().as_uri()}?mode=rw",
            uri=True,
            timeout=BUSY_SECONDS,
            check_same_thread=False,
            isolation_level=None,
            factory=self._factory,
        )
        # Asked on both sides of the opening: what was opened is what stood there.
        if self._file is None:
            self._file = before
        try:
            self._check_file()
        except PKIError:
            driver.close()
            raise
        return driver

    def _check_file(self) -> None:
        """See that the file that is open is the one at the path; 1 to 2 µs.

        Raises:
            RegisterReplacedError: it was deleted, moved or replaced.
        """
        if self._file is None or _identity(self._absolute) != self._file:
            raise RegisterReplacedError(register=self._path)
        self._looked = time.monotonic()

    def _begin(self, connection: Connection) -> None:
        self._check_file()
        connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))


def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401  the driver's own type
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA secure_delete = ON")  # what was erased is not left in a free page
    cursor.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    cursor.close()


def _identity(path: Path) -> _Identity | None:
    try:
        found = os.stat(path)  # noqa: PTH116  half the time of Path.stat
    except OSError:
        return None
    return (found.st_dev, found.st_ino)


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
