"""Records an event: once, with everything it changes in the registry, in one transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from pki.errors.events import EventChangedError
from pki.events.effects import effects_of, moved_code
from pki.events.told import SUBJECTS, Told
from pki.records.audit import AuditEvent
from pki.records.changes import EnterRecord, Step
from pki.records.event_register import EventRegister
from pki.records.events import EventKind, EventRecord, RecordEvent
from pki.records.people import Device, Entry, Person, Post
from pki.registry.forms import KEY_OF


class Recorded(NamedTuple):
    """An event, and whether it was recorded now."""

    record: EventRecord
    changed: tuple[Entry, ...] = ()
    """What changed with it."""
    new: bool = False


def find_again(register: EventRegister, told: Told, event: str | None) -> EventRecord | None:
    """Return the event that this is, where it was recorded before, under whichever id.

    Raises:
        EventChangedError: something else was recorded under this id.
    """
    same = register.find_same_event(told.content_sha256)
    if same is not None:
        return same
    if register.find_event(event or told.id) is not None:
        raise EventChangedError(event=event or told.id)
    return None


def record_event(
    register: EventRegister, told: Told, *, actor: str, at: datetime, event: str | None = None
) -> Recorded:
    """Record an event and what it changes; recorded again, it is the same one.

    Args:
        register: where.
        told: what is said.
        actor: who says so.
        at: now.
        event: an id for it; None for one that is made of what is said.

    Raises:
        EventChangedError: something else was recorded under this id.
        RegisterConflictError: somebody else changed the same entry meanwhile.
        PKIError: as `pki.events.effects.effects_of`.
    """
    standing = find_again(register, told, event)
    if standing is not None:
        return Recorded(standing)
    entries = effects_of(told, register, at)
    record = event_record(register, told, actor, at)
    if event is not None:
        record = replace(record, id=event)
    more = (("event", record.id),)
    entered = [entered_step(one, actor, at, *more) for one in entries]
    register.commit_all([event_step(record), *entered])
    return Recorded(record, entries, new=True)


def event_step(record: EventRecord, *more: tuple[str, str]) -> Step:
    """Return the recording of an event, with what the log says of it: codes alone."""
    names = ("person", "post", "agency", "device", "to_agency", "new_post")
    codes = ((name, getattr(record, name)) for name in names)
    told = (("event", record.id), ("kind", record.kind.value), ("day", record.day.isoformat()))
    facts = (*told, *((name, code) for name, code in codes if code is not None), *more)
    event = AuditEvent(record.recorded_at, record.actor, "event.record", facts)
    return Step((RecordEvent(record),), event)


def entered_step(entry: Entry, actor: str, at: datetime, *more: tuple[str, str]) -> Step:
    """Return a version that something brought with it, with what the log says of it."""
    key: str = getattr(entry, KEY_OF[type(entry)])
    name, verb = type(entry).__name__.lower(), "add" if entry.version == 1 else "change"
    facts = [(name, key), ("version", str(entry.version)), ("effective", str(entry.effective))]
    if isinstance(entry, Person | Device):
        facts.append(("state", str(entry.state)))
    return Step((EnterRecord(entry),), AuditEvent(at, actor, f"{name}.{verb}", (*facts, *more)))


def event_record(register: EventRegister, told: Told, actor: str, at: datetime) -> EventRecord:
    """Return the record of an event, with the holder of a post or a device beside it."""
    person, agency, new_post = told.person, told.agency, told.new_post
    if told.kind is EventKind.POST_CHANGE:
        post = register.find_entry(Post, told.post or "")
        assert post is not None  # noqa: S101  its effects were found
        person, agency = post.person, post.agency
        if told.moves and new_post is None:
            new_post = moved_code(post.code, told.to_agency or post.agency)
    elif SUBJECTS[told.kind] == "device":
        device = register.find_entry(Device, told.device or "")
        assert device is not None  # noqa: S101  likewise
        person, agency = device.person, device.agency
    return EventRecord(
        *(told.id, told.kind, told.day, person, told.post, agency, told.device),
        *(told.to_agency, new_post, told.content_sha256, actor, at),
    )
