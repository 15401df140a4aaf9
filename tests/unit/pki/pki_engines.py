"""The engines a register stands on, as the tests of the register see them: by raw SQL too."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from pki_postgres import PostgresServer

ENGINES = ("sqlite", "postgresql")
Run = Callable[[str], list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Place:
    """Where a register is, or will be made."""

    engine: str
    url: str
    server: PostgresServer | None = None

    @property
    def path(self) -> Path:
        """The file of a register in SQLite."""
        return Path(self.url.removeprefix("sqlite:///"))

    @contextmanager
    def raw(self) -> Iterator[Run]:
        """Give what runs statements past Antin, each its own transaction; octets as `x'00'`."""
        if self.engine == "sqlite":
            connection = sqlite3.connect(self.path, isolation_level=None)
            try:
                yield lambda statement: connection.execute(statement).fetchall()
            finally:
                connection.close()
            return
        with psycopg.connect(self.url, autocommit=True) as session:
            yield lambda statement: _fetch(session.execute(_octets(statement)))  # type: ignore[arg-type]

    @property
    def refusals(self) -> tuple[type[Exception], ...]:
        """What a guard raises."""
        return (sqlite3.IntegrityError, psycopg.errors.IntegrityConstraintViolation)

    def drop_guards(self, run: Run) -> None:
        """Take every guard away, as whoever owns the database can."""
        if self.engine == "sqlite":
            for (name,) in run("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
                run(f"DROP TRIGGER {name}")
            return
        for (function,) in run("SELECT proname FROM pg_proc WHERE proname LIKE 'antin%'"):
            run(f"DROP FUNCTION {function} CASCADE")


def _octets(statement: str) -> str:
    return re.sub(r"(?<!')x'", r"'\\x", statement)


def _fetch(cursor: psycopg.Cursor[Any]) -> list[tuple[Any, ...]]:
    return cursor.fetchall() if cursor.description else []
