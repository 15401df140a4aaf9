"""The seam to where events are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pki.records.changes import Step
from pki.records.events import EventQuery, EventRecord
from pki.records.people import E, Query


class EventRegister(Protocol):
    """What the store tells of events; it raises as `pki.records.register.Register` says.

    An event is a `RecordEvent`, committed with what it changes in the registry.
    """

    def commit_all(self, steps: Sequence[Step]) -> None:
        """As `Register.commit_all`."""
        ...

    def find_entry(self, kind: type[E], key: str) -> E | None:
        """As `PeopleRegister.find_entry`, the newest version."""
        ...

    def find_entries(self, query: Query[E]) -> tuple[E, ...]:
        """As `PeopleRegister.find_entries`."""
        ...

    def find_event(self, event: str) -> EventRecord | None:
        """Return the event of that id."""
        ...

    def find_same_event(self, content_sha256: str) -> EventRecord | None:
        """Return the event of that content."""
        ...

    def list_events(self, query: EventQuery) -> tuple[EventRecord, ...]:
        """Return the events that match, the newest day first."""
        ...
