"""What is recorded of agencies, people, posts and devices, and on whom certificates hang.

Decree 68/2024: a certificate follows a person in a post of an agency, on a token. A token as a
thing with a life is a `Device` here.

Each is a line of versions, kept for good: a change is a new version, and a version that was wrong
is followed by one that stands in its place. So what was true on a day can be asked on any later
one. What speaks of a person stands in fields of its own, apart from codes and states.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, TypeVar

from pki.records.certificates import serial_text


class AgencyTier(StrEnum):
    """Where in the administration an agency stands."""

    PROVINCE = "province"
    DEPARTMENT = "department"
    """Of the province: a sở, a ban."""
    DIVISION = "division"
    """Of a department: a chi cục, a phòng."""
    COMMUNE = "commune"
    """A xã, a phường, a đặc khu."""
    UNIT = "unit"
    """A public-service unit: a school, a hospital, a centre."""


class PersonState(StrEnum):
    """Whether a person serves."""

    ACTIVE = "active"
    RETIRED = "retired"
    LEFT = "left"
    DIED = "died"


class DeviceState(StrEnum):
    """Where in its life a token is."""

    ISSUED = "issued"
    """Handed over; not confirmed by its holder yet."""
    ACTIVE = "active"
    LOST = "lost"
    DAMAGED = "damaged"
    SUSPENDED = "suspended"
    PIN_RECOVERY = "pin-recovery-asked"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What all versions have."""

    version: int
    """From 1, without a gap."""
    follows: int
    """The version it goes on from, 0 for the first. One less than its own number; less still where
    it stands in the place of the one before, which was wrong."""
    effective: date
    """The day from which it holds; not before that of the version it follows."""
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency(Entry):
    """An agency, a part of one, or a unit."""

    code: str
    name: str
    tier: AgencyTier
    since: date
    until: date | None = None
    """Its last day."""
    parent: str | None = None
    """Code of the agency above."""
    tax_code: str | None = None
    successor: str | None = None
    """Code of the agency that went on in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person(Entry):
    """A person of the offices."""

    code: str
    """Staff code: never a number of the state's."""
    name: str = field(repr=False)
    surname: str = field(repr=False)
    given_name: str = field(repr=False)
    citizen_number: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    state: PersonState
    since: date
    """The first day of this state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post(Entry):
    """A person in a post of an agency; another person's is another post."""

    code: str
    person: str
    agency: str
    title: str
    unit: str | None = None
    """Part of the agency that is none itself."""
    since: date
    until: date | None = None
    """Its last day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device(Entry):
    """A token as a thing: who holds it, and what became of it."""

    serial: str
    model: str
    label: str | None = None
    person: str | None = None
    agency: str | None = None
    """Exactly one of these two holds it."""
    state: DeviceState
    since: date
    """The first day of this state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment(Entry):
    """On whom, on which post and on which device a certificate hangs."""

    issuer: str | None = None
    serial: int | None = None
    """Of a certificate of ours; of both None, its fingerprint tells."""
    fingerprint: str | None = None
    """SHA-256 of another authority's, lower-case hex."""
    person: str | None = None
    agency: str | None = None
    """Exactly one of these two is its holder."""
    post: str | None = None
    device: str | None = None

    @property
    def certificate(self) -> str:
        """The certificate's key here."""
        if self.issuer is None or self.serial is None:
            return foreign_key(self.fingerprint or "")
        return own_key(self.issuer, self.serial)


def own_key(issuer: str, serial: int) -> str:
    """Return the key of an assignment of one of our certificates."""
    return f"{issuer}:{serial_text(serial)}"


def foreign_key(fingerprint: str) -> str:
    """Return the key of an assignment of another authority's certificate."""
    return f"sha256:{fingerprint}"


E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(Generic[E]):
    """Which entries to find, in the order of their keys; what is None does not narrow."""

    on: date | None = None
    """As they were on that day; None for the newest versions."""
    limit: int | None = None
    after: str | None = None
    """Key after which to go on: the last of the page before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyQuery(Query[Agency]):
    """Agencies."""

    text: str | None = None
    """Words that all stand in the name, in any order; accents and case do not count."""
    tier: AgencyTier | None = None
    parent: str | None = None
    tax_code: str | None = None
    successor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonQuery(Query[Person]):
    """People."""

    text: str | None = None
    state: PersonState | None = None
    citizen_number: str | None = field(default=None, repr=False)
    agency: str | None = None
    """Who holds a post there on that day, or for the newest versions, ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostQuery(Query[Post]):
    """Posts, ended ones too."""

    text: str | None = None
    person: str | None = None
    agency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceQuery(Query[Device]):
    """Devices."""

    state: DeviceState | None = None
    person: str | None = None
    agency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentQuery(Query[Assignment]):
    """Assignments of certificates."""

    person: str | None = None
    agency: str | None = None
    post: str | None = None
    device: str | None = None
