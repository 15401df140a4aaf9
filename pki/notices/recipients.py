"""To whom a notice goes, as codes; and what those are called and where they are reached.

A person who serves and has an address gets their own. Else the agency gets it that the certificate
hangs on, or in which the person holds a post: at its own address or at that of the agency above.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from pki.notices.rules import Form, Rules
from pki.records.notices import Hanging
from pki.records.people import Agency, Person, PersonState, Post, PostQuery
from pki.records.people_register import PeopleRegister
from pki.words import Language

ADMINISTRATORS = "administrators"
FALLBACK = "fallback"
_PERSON, _AGENCY = "person:", "agency:"
_MOST_ABOVE = 16
"""Agencies above an agency that are looked at; a circle ends there."""


@dataclass(frozen=True, slots=True)
class Addressed:
    """A recipient of one notice."""

    code: str
    digest: bool


@dataclass(frozen=True, slots=True)
class Addressee:
    """What a recipient is called now, and where they are reached."""

    name: str = field(repr=False)
    address: str | None = field(repr=False)
    languages: tuple[Language, ...]


class Recipients:
    """Finds recipients on one day; keeps what it found of agencies."""

    def __init__(self, people: PeopleRegister, rules: Rules, day: date) -> None:
        self._people = people
        self.rules = rules
        self.day = day
        self._agencies: dict[str, Agency | None] = {}

    def of(self, hanging: Hanging) -> tuple[Addressed, ...]:
        """Return who is told what concerns that person or agency."""
        person = self._reached(hanging.person)
        if self.rules.form is Form.EACH and person is not None:
            return (Addressed(person, digest=False),)
        agency = Addressed(self._agency_of(hanging), digest=self.rules.form is not Form.EACH)
        if self.rules.form is Form.BOTH and person is not None:
            return (Addressed(person, digest=False), agency)
        return (agency,)

    def office(self) -> tuple[Addressed, ...]:
        """Return who is told what concerns the authority's own work."""
        return (Addressed(ADMINISTRATORS, digest=self.rules.form is not Form.EACH),)

    def addressee(self, code: str) -> Addressee:
        """Return name and address of a recipient; no address where none is known."""
        rules = self.rules
        languages = rules.tongues.get(code.partition(":")[2] or code, rules.tongue).languages
        if code.startswith(_PERSON):
            person = self._people.find_entry(Person, code.removeprefix(_PERSON), on=self.day)
            if person is not None and person.email:
                return Addressee(person.name, person.email, languages)
            return Addressee("", rules.fallback, languages)
        if code.startswith(_AGENCY):
            agency = self._agency(code.removeprefix(_AGENCY))
            name = agency.name if agency is not None else ""
            return Addressee(name, self._address_of(agency) or rules.fallback, languages)
        own = rules.administrators if code == ADMINISTRATORS else None
        return Addressee("", own or rules.fallback, languages)

    def _reached(self, code: str | None) -> str | None:
        if code is None:
            return None
        person = self._people.find_entry(Person, code, on=self.day)
        if person is None or person.state is not PersonState.ACTIVE or not person.email:
            return None
        return f"{_PERSON}{code}"

    def _agency_of(self, hanging: Hanging) -> str:
        code = hanging.agency
        if code is None and hanging.post is not None:
            held = self._people.find_entry(Post, hanging.post, on=self.day)
            code = held.agency if held is not None else None
        if code is None and hanging.person is not None:
            code = self._serves_in(hanging.person)
        above = self._with_address(self._agency(code) if code is not None else None)
        return FALLBACK if above is None else f"{_AGENCY}{above.code}"

    def _serves_in(self, person: str) -> str | None:
        posts = self._people.find_entries(PostQuery(person=person, on=self.day))
        held = (one for one in posts if one.until is None or self.day <= one.until)
        return next((one.agency for one in held), None)

    def _with_address(self, agency: Agency | None) -> Agency | None:
        for _ in range(_MOST_ABOVE):
            if agency is None or agency.code in self.rules.agencies:
                return agency
            agency = self._agency(agency.parent) if agency.parent is not None else None
        return None

    def _address_of(self, agency: Agency | None) -> str | None:
        above = self._with_address(agency)
        return self.rules.agencies[above.code] if above is not None else None

    def _agency(self, code: str) -> Agency | None:
        if code not in self._agencies:
            self._agencies[code] = self._people.find_entry(Agency, code, on=self.day)
        return self._agencies[code]
