"""The seam to where people, agencies, posts and devices are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from pki.records.audit import AuditEvent
from pki.records.changes import Change, Step
from pki.records.people import E, Query


class PeopleRegister(Protocol):
    """What the store tells of people; it raises as `pki.records.register.Register` says.

    A change is an `EnterRecord`, committed with the event that tells of it.
    """

    def commit(self, changes: Sequence[Change], event: AuditEvent) -> None:
        """As `Register.commit`.

        Raises:
            RegisterConflictError: somebody else changed the same entry first.
            EntryBackwardsError: it would hold before what it follows.
            PersonMoveError: the person's state does not follow.
            DeviceMoveError: the device's state does not follow.
            PersonTwiceError: another person has that citizen's number.
        """
        ...

    def commit_all(self, steps: Sequence[Step]) -> None:
        """As `Register.commit_all`."""
        ...

    def find_entry(self, kind: type[E], key: str, *, on: date | None = None) -> E | None:
        """Return the entry of that key as it was on a day, or its newest version."""
        ...

    def entry_history(self, kind: type[E], key: str) -> tuple[E, ...]:
        """Return all versions of an entry, in the order in which they were recorded."""
        ...

    def find_entries(self, query: Query[E]) -> tuple[E, ...]:
        """Return the entries that match, in the order of their keys."""
        ...
