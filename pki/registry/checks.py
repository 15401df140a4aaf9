"""Whether an entry may stand beside the others.

What it names is there and lives long enough: an agency within the one above it, a post within its
agency, nobody in a post or with a new device who does not serve. No agency stands above itself,
nobody holds the same post twice at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Protocol

from pki.errors.registry import (
    AgencyCycleError,
    AgencyInUseError,
    AgencyOutlivesError,
    EntrySpanError,
    OneHolderError,
    PersonGoneError,
    PersonTwiceError,
    PostOutsideError,
    PostOverlapsError,
    SuccessorError,
    UnknownAgencyError,
    UnknownDeviceError,
    UnknownPersonError,
    UnknownPostError,
)
from pki.records.people import (
    Agency,
    AgencyQuery,
    Assignment,
    Device,
    DeviceState,
    E,
    Entry,
    Person,
    PersonQuery,
    PersonState,
    Post,
    PostQuery,
    Query,
)

DEEPEST = 16
"""Levels of agencies, one above the other."""


class Look(Protocol):
    """Where the others are looked up: the register, or that and what a file adds to it."""

    def find_entry(self, kind: type[E], key: str) -> E | None:
        """Return the newest version."""
        ...

    def find_entries(self, query: Query[E]) -> tuple[E, ...]:
        """Return the newest versions that match."""
        ...


def check_entry(entry: Entry, look: Look) -> None:
    """Refuse an entry that does not fit the others.

    Raises:
        RefusedError: the first thing that is wrong with it.
    """
    _CHECKS[type(entry)](entry, look)


def get_agency(look: Look, code: str) -> Agency:
    """Return an agency.

    Raises:
        UnknownAgencyError: none of that code.
    """
    found = look.find_entry(Agency, code)
    if found is None:
        raise UnknownAgencyError(agency=code)
    return found


def get_person(look: Look, code: str) -> Person:
    """Return a person.

    Raises:
        UnknownPersonError: none of that code.
    """
    found = look.find_entry(Person, code)
    if found is None:
        raise UnknownPersonError(person=code)
    return found


def _end(until: date | None) -> date:
    return until or date.max


def _check_agency(agency: Agency, look: Look) -> None:
    if _end(agency.until) < agency.since:
        raise EntrySpanError(key=agency.code)
    if agency.parent is not None:
        _check_above(agency, get_agency(look, agency.parent), look)
    if agency.successor is not None:
        if agency.until is None or agency.successor == agency.code:
            raise SuccessorError(agency=agency.code)
        get_agency(look, agency.successor)
    if agency.until is not None:
        last = agency.until
        posts = look.find_entries(PostQuery(agency=agency.code))
        below = look.find_entries(AgencyQuery(parent=agency.code))
        left = [one.code for one in posts if _end(one.until) > last]
        left += [one.code for one in below if _end(one.until) > last]
        if left:
            raise AgencyInUseError(agency=agency.code, count=len(left), first=left[0])


def _check_above(agency: Agency, parent: Agency, look: Look) -> None:
    if _end(agency.until) > _end(parent.until):
        raise AgencyOutlivesError(agency=agency.code, parent=parent.code)
    above: Agency | None = parent
    for _ in range(DEEPEST):
        if above is None:
            return
        if above.code == agency.code:
            break
        above = look.find_entry(Agency, above.parent) if above.parent else None
    raise AgencyCycleError(agency=agency.code)


def _check_person(person: Person, look: Look) -> None:
    if person.citizen_number is None:
        return
    for other in look.find_entries(PersonQuery(citizen_number=person.citizen_number)):
        if other.code != person.code:
            raise PersonTwiceError(person=person.code, other=other.code)


def _check_post(post: Post, look: Look) -> None:
    if _end(post.until) < post.since:
        raise EntrySpanError(key=post.code)
    agency, person = get_agency(look, post.agency), get_person(look, post.person)
    if post.since < agency.since or _end(post.until) > _end(agency.until):
        raise PostOutsideError(post=post.code, agency=agency.code)
    if person.state is not PersonState.ACTIVE and _end(post.until) >= person.since:
        raise PersonGoneError(key=post.code, person=person.code)
    for other in look.find_entries(PostQuery(person=post.person, agency=post.agency)):
        if other.code != post.code and same_post(post, other):
            raise PostOverlapsError(post=post.code, other=other.code)


def same_post(post: Post, other: Post) -> bool:
    """Say whether two of one person in one agency are the same post, with a day in common."""
    named = (post.title, post.unit) == (other.title, other.unit)
    return named and post.since <= _end(other.until) and other.since <= _end(post.until)


def _check_device(device: Device, look: Look) -> None:
    if (device.person is None) == (device.agency is None):
        raise OneHolderError(key=device.serial)
    if device.agency is not None:
        get_agency(look, device.agency)
    if device.person is not None:
        person = get_person(look, device.person)
        if device.state is DeviceState.ISSUED and person.state is not PersonState.ACTIVE:
            raise PersonGoneError(key=device.serial, person=person.code)


def _check_assignment(assignment: Assignment, look: Look) -> None:
    holder = (assignment.person, assignment.agency)
    if (assignment.person is None) == (assignment.agency is None):
        raise OneHolderError(key=assignment.certificate)
    if assignment.person is not None:
        get_person(look, assignment.person)
    if assignment.agency is not None:
        get_agency(look, assignment.agency)
    if assignment.post is not None:
        post = look.find_entry(Post, assignment.post)
        if post is None or post.person != assignment.person:
            raise UnknownPostError(post=assignment.post)
    if assignment.device is not None:
        device = look.find_entry(Device, assignment.device)
        if device is None or (device.person, device.agency) != holder:
            raise UnknownDeviceError(device=assignment.device)


_CHECKS: dict[type[Entry], Callable[[Any, Look], None]] = {
    Agency: _check_agency,
    Person: _check_person,
    Post: _check_post,
    Device: _check_device,
    Assignment: _check_assignment,
}
