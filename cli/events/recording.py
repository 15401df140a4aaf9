"""Records an event as people type it, and hands in what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cli.actor import actor
from cli.events.shown import event_object, event_text, proposal_objects, proposals_of
from cli.events.submitting import hand_in
from cli.homes.office import Office
from cli.requests.signing import Actor
from pki.errors.events import EventUnknownError
from pki.events.recording import Recorded, record_event
from pki.events.told import Told, tell
from pki.records.events import EventKind, EventRecord
from pki.registry.values import read_code, read_day


@dataclass(frozen=True, slots=True)
class Wish:
    """The options of `antin event record`."""

    kind: EventKind
    day: str
    said: dict[str, str | None]
    event: str | None = None

    def told(self) -> Told:
        """Return what is said, checked by itself.

        Raises:
            PKIError: the first thing that is wrong with it.
        """
        if self.event is not None:
            read_code(self.event, "--event-id")
        return tell(self.kind, read_day(self.day, "--day"), self.said)


def record(office: Office, wish: Wish, submitter: Actor | None) -> None:
    """Record an event and show what it asks for; with a submitter, hand that in.

    Raises:
        PKIError: the event is wrong or does not fit; or handing in is refused.
    """
    told, session = wish.told(), office.session
    with office.home.locked():
        done = record_event(
            office.register, told, actor=actor(), at=session.clock.now(), event=wish.event
        )
    proposals = proposals_of(office, done.record)
    handed = hand_in(office, done.record, proposals, submitter) if submitter else ()
    _put(office, done, [one.record.id for one in handed])


def show(office: Office, event: str) -> None:
    """Show an event and what it asks for.

    Raises:
        EventUnknownError: none of that id.
    """
    found = office.register.find_event(event)
    if found is None:
        raise EventUnknownError(event=event)
    told, session = _told(office, found), office.session
    session.put(
        "event.show/1",
        told,
        lambda: event_text(session, event_object(found), told["proposals"]),
    )


def _told(office: Office, found: EventRecord) -> dict[str, Any]:
    rows = proposal_objects(office, found, proposals_of(office, found))
    return {**event_object(found), "proposals": rows}


def _put(office: Office, done: Recorded, handed: list[str]) -> None:
    told, session = _told(office, done.record), office.session
    words = "cli.event.recorded" if done.new else "cli.event.known"
    changed = len(done.changed)

    def text() -> str:
        said = session.word(words, event=done.record.id, count=changed)
        shown = event_text(session, event_object(done.record), told["proposals"])
        counted = session.word("cli.event.submitted", count=len(handed))
        return "\n".join((said, "", shown, *(("", counted) if handed else ())))

    data = {**told, "recorded": done.new, "changed": changed, "submitted": handed}
    session.put("event.record/1", data, text)
