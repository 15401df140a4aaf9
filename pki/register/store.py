"""The seam between the register's statements and the database engine under them.

The statements are the same on every engine. What an engine has of its own stands behind `Store`:
how it is reached, how writers take turns, which guards it holds, and what its errors mean.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, cast

from sqlalchemy import Connection, Engine
from sqlalchemy.engine.base import OptionEngine

from pki.errors.register import RegisterDriverError, RegisterUnreachableError
from pki.errors.tree import PKIError
from pki.register.prepared import Query, Statements, Values
from pki.register.sqlite import SQLiteStore

POSTGRES_SCHEMES = ("postgresql://", "postgres://")
SQLITE_SCHEME = "sqlite:///"


class Turn(Protocol):
    """A writer's turn: nobody else writes until its transaction ends."""

    @property
    def statements(self) -> Statements:
        """Runs statements in it."""
        ...

    @property
    def ticket(self) -> str:
        """What `is_own` knows the transaction by."""
        ...

    def is_own(self, sequence: int, ticket: str) -> bool:
        """Say whether the audit entry of that number was written by the transaction `ticket`."""
        ...

    def commit(self) -> None:
        """Commit."""
        ...


class Store(Protocol):
    """One database that holds, or will hold, a register."""

    place: Path | str
    """What errors call it: a path, or an address without user and password."""
    engine: Engine
    """Reads in transactions. Connects when it is first used."""
    writer: Engine | OptionEngine
    """The same, for transactions that write: `enter` begins each."""
    errors: tuple[type[Exception], ...]
    """What the engine and its driver raise."""
    waits: tuple[float, ...]
    """Seconds before each further try of a transaction that certainly changed nothing."""
    guards: tuple[str, ...]
    """Statements that lay the guards of `pki.register.guards`."""

    def make(self) -> None:
        """Make the empty database, or see that the one that is there is empty.

        Raises:
            RegisterExistsError: something stands there.
            RegisterUnreachableError: the place cannot be written.
        """
        ...

    def unmake(self) -> None:
        """Take away what `make` made; called when laying the tables failed."""
        ...

    def check(self) -> None:
        """See that there is a database, and that it keeps what is committed.

        Raises:
            RegisterUnreachableError: it is not there, or keeps nothing through a power cut.
        """
        ...

    def read(self, statement: Query, values: Values) -> Sequence[Any]:
        """Return the rows of a statement that is a transaction of its own."""
        ...

    def writing(self) -> AbstractContextManager[Turn]:
        """Give a transaction that writes; undone unless it is committed."""
        ...

    def enter(self, connection: Connection) -> str:
        """Wait for this writer's turn, as `writing` does, in a transaction of `writer`.

        Returns:
            What `Turn.is_own` knows the transaction by.
        """
        ...

    def take_time(self, connection: Connection) -> None:
        """Let this transaction take as long as it needs, as a migration does."""
        ...

    def back_up(self, path: Path) -> None:
        """Write a copy of the register, as of one moment, to a new file of the owner alone.

        Raises:
            BackupFailedError: it cannot be made or written; no half of it is left.
        """
        ...

    def scratch(self, folder: Path) -> AbstractContextManager[Path | str]:
        """Give an empty place of the same engine for a block, as `pki.register.scratch` says."""
        ...

    def drop_guards(self, connection: Connection) -> None:
        """Take away every guard, for a migration that lays them again."""
        ...

    def changed_nothing(self, error: Exception) -> bool:
        """Say whether the transaction was undone by chance, and may be tried again."""
        ...

    def is_lost(self, error: Exception) -> bool:
        """Say whether the connection broke: in a commit, its outcome is not known."""
        ...

    def translate(self, error: Exception) -> PKIError:
        """Return our error for one of the engine's."""
        ...


def store_of(url_or_path: str | Path) -> Store:
    """Return the store at a path, `sqlite:///…` or `postgresql://…`. Nothing is opened yet.

    Raises:
        RegisterUnreachableError: an address of another kind, or malformed.
        RegisterDriverError: PostgreSQL's driver is not installed.
    """
    text_form = str(url_or_path)
    if text_form.startswith(POSTGRES_SCHEMES):
        return _postgres_store(text_form)
    if text_form.startswith(SQLITE_SCHEME):
        return SQLiteStore(Path(text_form.removeprefix(SQLITE_SCHEME)))
    if "://" in text_form:
        scheme = text_form.partition("://")[0]
        raise RegisterUnreachableError(register=f"{scheme}://", reason="no such kind of register")
    return SQLiteStore(Path(url_or_path))


def _postgres_store(url: str) -> Store:
    # The driver is an extra: who keeps the register in a file need not have it.
    try:
        module = importlib.import_module("pki.register.postgres")
    except ImportError as error:
        raise RegisterDriverError(register="postgresql://", package="antin[postgresql]") from error
    return cast("Store", module.PostgreSQLStore(url))
