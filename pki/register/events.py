"""Events in SQL: taken once, and found again."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, insert, or_, select

from pki.errors.register import RegisterConflictError
from pki.records.events import EventQuery, EventRecord
from pki.register.event_tables import EVENTS
from pki.register.prepared import Statements
from pki.register.transactions import Transactions

_ADD = insert(EVENTS)
_ALL = select(*(EVENTS.c[field.name] for field in fields(EventRecord)))
_OF_ID = _ALL.where(EVENTS.c.id == bindparam("of_event"))
_OF_CONTENT = _ALL.where(EVENTS.c.content_sha256 == bindparam("of_content"))
_SAME = select(EVENTS.c.id).where(
    or_(EVENTS.c.id == bindparam("of_event"), EVENTS.c.content_sha256 == bindparam("of_content"))
)


def record_event(statements: Statements, record: EventRecord, register: Path | str) -> None:
    """Record an event.

    Raises:
        RegisterConflictError: it stands there, or another one under its id.
    """
    asked = {"of_event": record.id, "of_content": record.content_sha256}
    if statements.execute(_SAME, asked).first() is not None:
        raise RegisterConflictError(register=register, reason="the event is recorded")
    statements.execute(_ADD, {field.name: getattr(record, field.name) for field in fields(record)})


class EventReading:
    """The part of a register in SQL that tells of events (`pki.records.event_register`)."""

    _transactions: Transactions

    def find_event(self, event: str) -> EventRecord | None:
        """Return the event of that id."""
        return _one(self._transactions.read(_OF_ID, {"of_event": event}))

    def find_same_event(self, content_sha256: str) -> EventRecord | None:
        """Return the event of that content."""
        return _one(self._transactions.read(_OF_CONTENT, {"of_content": content_sha256}))

    def list_events(self, query: EventQuery) -> tuple[EventRecord, ...]:
        """Return the events that match, the newest day first."""
        wanted = _ALL.order_by(EVENTS.c.day.desc(), EVENTS.c.recorded_at.desc(), EVENTS.c.id)
        for name in ("kind", "person", "agency"):
            value = getattr(query, name)
            if value is not None:
                wanted = wanted.where(EVENTS.c[name] == value)
        found = self._transactions.read(wanted.limit(query.limit) if query.limit else wanted)
        return tuple(EventRecord(*row) for row in found)


def _one(found: Any) -> EventRecord | None:  # noqa: ANN401  rows
    return EventRecord(*found[0]) if found else None
