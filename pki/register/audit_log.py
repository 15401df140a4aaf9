"""The audit table: appending without reading the log again, and looking into it.

The edge of the tree is remembered from commit to commit. Another process may have written since,
so it counts only while the newest entry is the one it ends with; else it is read again, as many
rows as the size has binary ones. Where its own last entry is not there any more, somebody put an
older register in the place of this one, and nothing is written to that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, bindparam, func, insert, select

from pki.audit.entry import build_entry
from pki.audit.stored import read_edge
from pki.audit.tree import HASH_OCTETS, Edge
from pki.errors.register import RegisterWentBackError
from pki.records.audit import AuditEntry, AuditEvent
from pki.register.prepared import Statements
from pki.register.tables import AUDIT

_NAMES = tuple(field.name for field in fields(AuditEntry))
_COLUMNS = tuple(AUDIT.c[name] for name in _NAMES)
_ENTRIES = select(*_COLUMNS).order_by(AUDIT.c.sequence)
_ENTRY = select(*_COLUMNS).where(AUDIT.c.sequence == bindparam("wanted"))
NEWEST_ENTRY = select(*_COLUMNS).order_by(AUDIT.c.sequence.desc()).limit(1)
NEWEST_TIME = select(AUDIT.c.at).order_by(AUDIT.c.sequence.desc()).limit(1)
_NEWEST = select(AUDIT.c.sequence, AUDIT.c.subtrees).order_by(AUDIT.c.sequence.desc()).limit(1)
_SUBTREES = select(AUDIT.c.subtrees).where(AUDIT.c.sequence == bindparam("wanted"))
_APPEND = insert(AUDIT)


class AuditLog:
    """One register's audit table. Safe to share between threads."""

    def __init__(self, place: Path | str) -> None:
        """Take what errors call the register."""
        self._place = place
        self._edge = Edge()

    def append(self, statements: Statements, event: AuditEvent, edge: Edge) -> Edge:
        """Insert the event's entry in the caller's writing transaction; return the edge after it.

        Args:
            statements: of the transaction.
            event: what happened.
            edge: that of the log so far, from `edge` or from the entry before.
        """
        entry, following = build_entry(event, edge)
        statements.execute(_APPEND, {name: getattr(entry, name) for name in _NAMES})
        return following

    def remember(self, edge: Edge) -> None:
        """Take the edge that `append` returned for the next one, once it is committed."""
        self._edge = edge

    def entries(self, connection: Connection, after: int | None) -> Iterator[AuditEntry]:
        """Yield the whole log, or what follows `after`."""
        query = _ENTRIES if after is None else _ENTRIES.where(AUDIT.c.sequence > after)
        with connection.execute(query.execution_options(yield_per=1000)) as rows:
            for row in rows:
                yield AuditEntry(*row)

    def find(self, connection: Connection, sequences: Sequence[int]) -> tuple[AuditEntry, ...]:
        """Return those of these entries that there are, in order."""
        query = _ENTRIES.where(AUDIT.c.sequence.in_(sequences))
        return tuple(AuditEntry(*row) for row in connection.execute(query))

    def search(self, connection: Connection, fragment: bytes) -> tuple[AuditEntry, ...]:
        """Return the entries whose content holds these octets, in order."""
        # Both take octets and count from 1; neither engine has the other's.
        sqlite = connection.dialect.name == "sqlite"
        position = func.instr if sqlite else func.pg_catalog.position
        query = _ENTRIES.where(position(AUDIT.c.content, fragment) > 0)
        return tuple(AuditEntry(*row) for row in connection.execute(query))

    def edge(self, statements: Statements) -> Edge:
        """Return the edge of the log as it stands, in the caller's writing transaction.

        Raises:
            RegisterWentBackError: it does not go on from what was committed here.
            AuditBrokenError: the log's end cannot be gone on from: rows are missing.
        """
        newest = statements.execute(_NEWEST).first()
        known = self._edge
        if newest is not None and newest.sequence == known.size and _ends(newest.subtrees, known):
            return known
        if known.size:
            self._check_kept(statements, known)
        if newest is None:
            return Edge()
        return read_edge(newest.sequence, partial(_find_each, statements))

    def _check_kept(self, statements: Statements, known: Edge) -> None:
        row = statements.execute(_SUBTREES, {"wanted": known.size}).first()
        if row is None or not _ends(row.subtrees, known):
            raise RegisterWentBackError(register=self._place, sequence=known.size)


def _find_each(statements: Statements, sequences: Sequence[int]) -> tuple[AuditEntry, ...]:
    found = (statements.execute(_ENTRY, {"wanted": number}).first() for number in sequences)
    return tuple(AuditEntry(*row) for row in found if row is not None)


def _ends(subtrees: object, known: Edge) -> bool:
    """Say whether the edge ends with that entry; SQLite keeps whatever type somebody wrote."""
    return isinstance(subtrees, bytes) and known.peaks[-1:] == (subtrees[-HASH_OCTETS:],)
