"""Alarms about documents that wait to be raised, before their time runs out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from pki.errors.tree import phrase
from pki.upkeep.alarm import Alarm, Severity
from signing.errors.queue import QueueEntryUnreadableError
from signing.queue import Entry, Queue

WARN_BEFORE = timedelta(days=30)
ALARM_BEFORE = timedelta(days=7)
"""Before the signer's certificate ends: after that the signature can never be proved."""
LONG = timedelta(days=1)
"""A document that waits for longer than any service is down for."""


def queue_alarms(queue: Queue, now: datetime) -> Iterator[Alarm]:
    """Yield what is to be said of each document that waits."""
    for entry_id in queue.ids():
        try:
            entry = queue.find(entry_id)
        except QueueEntryUnreadableError:
            yield Alarm(Severity.ERROR, "signing.queue.unreadable", entry_id)
            continue
        if entry is not None:
            yield from _entry_alarms(entry, now)


def _entry_alarms(entry: Entry, now: datetime) -> Iterator[Alarm]:
    name = entry.path.name
    left = entry.not_after - now
    if left <= WARN_BEFORE:
        severity = Severity.ERROR if left <= ALARM_BEFORE else Severity.WARNING
        yield Alarm(severity, "signing.queue.certificate_ends", name, entry.not_after)
    if entry.refused and entry.failure is not None:
        why = {"reason": phrase("signing.queue.failure", code=entry.failure)}
        yield Alarm(Severity.ERROR, "signing.queue.refused", name, entry.added_at, why)
    elif entry.status_until is not None and now >= entry.status_until:
        yield Alarm(Severity.ERROR, "signing.queue.status_over", name, entry.status_until)
    elif entry.status_until is not None and now >= _half(entry.added_at, entry.status_until):
        yield Alarm(Severity.WARNING, "signing.queue.status_ends", name, entry.status_until)
    if now - entry.added_at > LONG:
        yield Alarm(Severity.WARNING, "signing.queue.waits_long", name, entry.added_at)


def _half(start: datetime, end: datetime) -> datetime:
    return start + (end - start) / 2
