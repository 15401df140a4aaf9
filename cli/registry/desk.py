"""This home's register, as the commands about people see it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from cli.actor import actor
from cli.homes.home import Home, get_home, home_directory
from cli.session import Session
from pki.errors.registry import EntryDayError
from pki.records.audit import AuditEvent
from pki.records.people import Agency, Device, Entry, Person, Post
from pki.records.people_register import PeopleRegister
from pki.register.sql import open_register
from pki.registry.values import read_day
from pki.words import VIETNAM

NAMES: dict[type[Entry], str] = {
    Agency: "agency",
    Person: "person",
    Post: "post",
    Device: "device",
}
"""Of commands, schemas and audit events."""
LISTS: dict[type[Entry], str] = {
    Agency: "agencies",
    Person: "people",
    Post: "posts",
    Device: "devices",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """A home whose register is open."""

    session: Session
    home: Home
    register: PeopleRegister

    def today(self) -> date:
        """Return the day it is in Vietnam."""
        return self.session.clock.now().astimezone(VIETNAM).date()

    def event(self, action: str, *facts: tuple[str, str]) -> AuditEvent:
        """Return what the log is to say: codes alone, never a name or a number of a person."""
        return AuditEvent(self.session.clock.now(), actor(), action, facts)


@contextmanager
def open_desk(session: Session) -> Iterator[Desk]:
    """Open the home's register for the block.

    Raises:
        NoHomeError: `antin init` was never run there.
        PKIError: the register cannot be opened.
    """
    home = get_home(home_directory(session.home), session.configuration)
    register = open_register(home.register, bounds=home.settings.clock.bounds)
    try:
        yield Desk(session, home, register)
    finally:
        register.close()


def day_of(text: str | None, option: str) -> date | None:
    """Return the day an option names; None where it was not given.

    Raises:
        PKIError: it is no day.
    """
    if text is None:
        return None
    if not text:
        raise EntryDayError(field=option)
    return read_day(text, option)
