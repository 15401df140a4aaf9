"""Transactions over a store: reading, and writing that is done once or not at all.

A writing transaction that certainly changed nothing (the server undid it, or went away before the
commit was sent) is tried again, a few times. One whose connection broke in the commit itself may
stand or not: that is read back from the audit log, and never guessed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection

from pki.errors.register import RegisterOutcomeError
from pki.register.prepared import Query, Statements
from pki.register.store import Store

Work = Callable[[Statements], int]
"""Writes, and returns the number of the audit entry it wrote."""


class _Doubt(NamedTuple):
    """A commit whose outcome is not known."""

    sequence: int
    ticket: str


class Transactions:
    """Runs work on a store. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def read(self, statement: Query, values: Mapping[str, object] | None = None) -> Sequence[Any]:
        """Return the rows of a statement, from one snapshot; again where the connection broke.

        Raises:
            UnavailableError: as the store translates.
            NotARegisterError: likewise.
        """
        values = values or {}
        try:
            return self.store.read(statement, values)
        except self.store.errors as error:
            if not self.store.is_lost(error):
                raise self.store.translate(error) from error
        with self.reading() as connection:
            return connection.execute(statement, values).all()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection for more than one statement, or for rows that are read as they come.

        Raises:
            UnavailableError: as the store translates.
            NotARegisterError: likewise.
        """
        try:
            with self.store.engine.connect() as connection:
                yield connection
        except self.store.errors as error:
            raise self.store.translate(error) from error

    def write(self, work: Work) -> None:
        """Run `work` in a transaction of its own, and commit it.

        Raises:
            RegisterOutcomeError: the connection broke in the commit and cannot be had again.
            PKIError: what `work` raises, and what the store translates; nothing was changed.
        """
        doubt: _Doubt | None = None
        for wait in (*self.store.waits, None):
            try:
                doubt = self._attempt(work, doubt)
            except self.store.errors as error:
                if wait is None or not self.store.changed_nothing(error):
                    raise self._final(error, doubt) from error
            else:
                if doubt is None:
                    return
            if wait is not None:
                time.sleep(wait)
        raise RegisterOutcomeError(register=self.store.place)

    def _attempt(self, work: Work, doubt: _Doubt | None) -> _Doubt | None:
        """Settle what is in doubt, else do the work; return what is in doubt after it."""
        with self.store.writing() as turn:
            if doubt is not None and turn.is_own(*doubt):
                return None
            sequence = work(turn.statements)
            try:
                turn.commit()
            except self.store.errors as error:
                if self.store.is_lost(error):
                    return _Doubt(sequence, turn.ticket)
                raise
        return None

    def _final(self, error: Exception, doubt: _Doubt | None) -> Exception:
        if doubt is not None:
            return RegisterOutcomeError(register=self.store.place)
        return self.store.translate(error)
