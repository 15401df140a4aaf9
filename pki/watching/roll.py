"""The people list as certificates are looked up in it: by number, code, address, name and agency.

All who are on the list, those who retired or left too, are in memory, some hundred octets each;
certificates never are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache

from pki.records.people import (
    Agency,
    AgencyQuery,
    Assignment,
    AssignmentQuery,
    Device,
    DeviceQuery,
    DeviceState,
    E,
    Person,
    PersonQuery,
    PersonState,
    Post,
    PostQuery,
    Query,
)
from pki.records.people_register import PeopleRegister
from pki.records.watching import WatchedSubject
from pki.register.folding import fold

PAGE = 1000
_DEPTH = 16
"""Agencies above each other; the list is checked for rings, and this does not rely on it."""
GONE_DEVICES = (DeviceState.LOST, DeviceState.RETURNED)


@dataclass(slots=True)
class Member:
    """A person of the list on the day."""

    code: str
    name: str = field(repr=False)
    state: PersonState
    since: date
    agencies: tuple[str, ...] = ()
    """Where they hold a post on the day."""
    units: tuple[str, ...] = ()
    """Parts of agencies that their posts name, folded."""


@dataclass(frozen=True, slots=True)
class Match:
    """Who a certificate's subject is."""

    members: tuple[Member, ...] = ()
    """One: that person. None: nobody. More: each of them could be."""
    by: str = ""
    """`number`, `code`, `email`, `name` or `assignment`."""


class Roll:
    """Who is who on a day."""

    def __init__(self, register: PeopleRegister, day: date) -> None:
        self._register, self._day = register, day
        self.agencies: dict[str, Agency] = {}
        self._agency_names: dict[str, list[str]] = {}
        self._agency_starts: set[str] = set()
        self._by_code: dict[str, Member] = {}
        self._by_number: dict[str, Member] = {}
        self._by_email: dict[str, tuple[Member, ...]] = {}
        self._above: dict[str, frozenset[str]] = {}
        self._read_agencies()
        self._read_people()
        self._read_posts()
        self._gone, self._assigned = self._read_devices()

    def find(self, subject: WatchedSubject) -> Match:
        """Return who a subject is, by the strongest that it names; nobody is guessed."""
        if subject.citizen_number is not None:
            # Who bears another number is another person, whatever the name.
            known = self._by_number.get(subject.citizen_number)
            return Match((known,), "number") if known else self._assigned_to(subject)
        known = self._by_code.get((subject.staff_code or "").lower())
        if known is not None:
            return Match((known,), "code")
        by_email = self._by_email.get(subject.email or "", ())
        if by_email:
            return Match(by_email, "email")
        namesakes = self._by_name.get(fold(subject.name), ())
        found = tuple(one for one in namesakes if self.works_at(one, subject))
        # Who has no post any more is found by the name alone, if nobody else has it.
        found = found or tuple(one for one in namesakes if not one.agencies)
        return Match(found, "name") if found else self._assigned_to(subject)

    def _assigned_to(self, subject: WatchedSubject) -> Match:
        assignment = self._assigned.get(subject.fingerprint)
        known = self._by_code.get(assignment[0].lower()) if assignment else None
        return Match((known,), "assignment") if known else Match()

    def works_at(self, member: Member, subject: WatchedSubject) -> bool:
        """Say whether a person has a post in the unit that a certificate names, or below it."""
        unit = _folded(subject.unit)
        if unit in member.units:
            return True
        return any(unit in self._names_above(code) for code in member.agencies)

    def find_agency(self, subject: WatchedSubject) -> tuple[Agency, ...]:
        """Return the agencies that have the name a certificate bears."""
        start = subject.name.partition(" ")[0]
        if _folded(start) not in self._agency_starts:  # as nearly all people's names
            return ()
        codes = self._agency_names.get(fold(subject.name), ())
        return tuple(self.agencies[code] for code in codes)

    def device_of(self, fingerprint: str) -> tuple[str, DeviceState] | None:
        """Return the device that a certificate hangs on, where it was lost or given back."""
        assignment = self._assigned.get(fingerprint)
        serial = assignment[1] if assignment else ""
        state = self._gone.get(serial)
        return None if state is None else (serial, state)

    @cached_property
    def _by_name(self) -> dict[str, tuple[Member, ...]]:
        """Made when the first certificate comes that names nothing stronger."""
        found: dict[str, tuple[Member, ...]] = {}
        for member in self._by_code.values():
            _add(found, fold(member.name), member)
        return found

    def _names_above(self, code: str) -> frozenset[str]:
        if code not in self._above:
            names, at = [], self.agencies.get(code)
            for _ in range(_DEPTH):
                if at is None:
                    break
                names.append(fold(at.name))
                at = self.agencies.get(at.parent or "")
            self._above[code] = frozenset(names)
        return self._above[code]

    def _read_agencies(self) -> None:
        for one in self._all(AgencyQuery(on=self._day, limit=PAGE)):
            self.agencies[one.code] = one
            name = fold(one.name)
            self._agency_names.setdefault(name, []).append(one.code)
            self._agency_starts.add(name.partition(" ")[0])

    def _read_people(self) -> None:
        for one in self._all(PersonQuery(on=self._day, limit=PAGE)):
            member = Member(one.code, one.name, one.state, one.since)
            self._by_code[one.code.lower()] = member
            if one.citizen_number is not None:
                self._by_number[one.citizen_number] = member
            if one.email is not None:
                _add(self._by_email, one.email.lower(), member)

    def _read_posts(self) -> None:
        for one in self._all(PostQuery(on=self._day, limit=PAGE)):
            member = self._by_code.get(one.person.lower())
            ended = one.until is not None and one.until < self._day
            if member is None or ended or one.since > self._day:
                continue
            member.agencies = tuple(dict.fromkeys((*member.agencies, one.agency)))
            if one.unit is not None:
                member.units = (*member.units, fold(one.unit))

    def _read_devices(self) -> tuple[dict[str, DeviceState], dict[str, tuple[str, str]]]:
        gone = {
            one.serial: state
            for state in GONE_DEVICES
            for one in self._all(DeviceQuery(on=self._day, state=state, limit=PAGE))
        }
        assigned = {
            one.fingerprint: (one.person or "", one.device or "")
            for one in self._all(AssignmentQuery(on=self._day, limit=PAGE))
            if one.fingerprint is not None
        }
        return gone, assigned

    def _all(self, query: Query[E]) -> Iterator[E]:
        after: str | None = None
        while page := self._register.find_entries(replace(query, after=after)):
            yield from page
            if len(page) < PAGE:
                return
            after = _key(page[-1])


@lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    """Fold what many certificates have: units, and the first words of names."""
    return fold(text)


def _key(entry: object) -> str:
    match entry:
        case Agency() | Person() | Post():
            return entry.code
        case Device():
            return entry.serial
        case _:
            assert isinstance(entry, Assignment)  # noqa: S101  there are no others
            return entry.certificate


def _add(index: dict[str, tuple[Member, ...]], key: str, member: Member) -> None:
    index[key] = (*index.get(key, ()), member)
