"""What the register says today of people and agencies, as facts for a form."""

from __future__ import annotations

from cli.registry.desk import Desk
from cli.registry.entries import get_entry
from pki.errors.forms import FormPersonGoneError, FormPostError
from pki.forms.filled import Facts
from pki.forms.form import Fill
from pki.records.people import (
    Agency,
    AgencyTier,
    Person,
    PersonState,
    Post,
    PostQuery,
)

_OFFICES = ("UBND ", "Ủy ban nhân dân ", "Uỷ ban nhân dân ")
_ALONE = (AgencyTier.PROVINCE, AgencyTier.COMMUNE)
"""People's committees write in their own name, without the one above (Decree 30/2020/ND-CP)."""


class Clerk:
    """Looks people, posts and agencies up, each agency once."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.today = desk.today()
        self._agencies: dict[str, Agency] = {}

    def agency(self, code: str) -> Agency:
        """Return an agency as it is today.

        Raises:
            UnknownAgencyError: none of that code.
        """
        if code not in self._agencies:
            self._agencies[code] = get_entry(self.desk, Agency, code)
        return self._agencies[code]

    def person(self, code: str) -> Person:
        """Return a person who serves.

        Raises:
            UnknownPersonError: none of that code.
            FormPersonGoneError: the person is retired, has left or died.
        """
        person: Person = get_entry(self.desk, Person, code)
        if person.state is not PersonState.ACTIVE:
            raise FormPersonGoneError(person=code)
        return person

    def posts(self, person: str) -> list[Post]:
        """Return the posts that somebody holds today."""
        found = self.desk.register.find_entries(PostQuery(on=self.today, person=person))
        return [post for post in found if self.is_held(post)]

    def is_held(self, post: Post) -> bool:
        """Say whether today lies in a post's time."""
        return post.since <= self.today and (post.until is None or self.today <= post.until)

    def post(self, person: str, asked: str | None = None, agency: str | None = None) -> Post | None:
        """Return the post for which somebody stands on a form; None for who holds none.

        Args:
            person: code.
            asked: the post's code, where it was said.
            agency: the one it goes out from, whose post comes first.

        Raises:
            FormPostError: it is another's, or over; or there are several, and none was said.
        """
        held = self.posts(person)
        if asked is not None:
            fitting = [post for post in held if post.code == asked]
        else:
            fitting = [post for post in held if post.agency == agency] or held
        if len(fitting) > 1 or (asked is not None and not fitting):
            codes = tuple(post.code for post in held)
            raise FormPostError(person=person, posts=codes)
        return fitting[0] if fitting else None

    def facts_of(self, person: Person, post: Post | None) -> Facts:
        """Return what is known of somebody in a post."""
        return {
            Fill.NAME: person.name,
            Fill.NUMBER: person.citizen_number or "",
            Fill.EMAIL: person.email or "",
            Fill.TITLE: post.title if post else "",
            **(self.agency_facts(post.agency) if post else {}),
        }

    def agency_facts(self, code: str) -> Facts:
        """Return what is known of an agency."""
        agency = self.agency(code)
        return {
            Fill.AGENCY: agency.name,
            Fill.TAX_CODE: agency.tax_code or "",
            Fill.PROVINCE: self._province(agency),
        }

    def above(self, agency: Agency) -> str | None:
        """Return the name that stands above an agency's own on its documents."""
        if agency.tier in _ALONE or agency.parent is None:
            return None
        return self.agency(agency.parent).name

    def _province(self, agency: Agency) -> str:
        while agency.tier is not AgencyTier.PROVINCE:
            if agency.parent is None:
                return ""
            agency = self.agency(agency.parent)
        return _place(agency.name)


def _place(name: str) -> str:
    """Return the place that a people's committee has in its name."""
    for office in _OFFICES:
        if name.lower().startswith(office.lower()):
            rest = name[len(office) :]
            return rest[:1].upper() + rest[1:]
    return name
