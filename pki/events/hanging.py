"""Which certificates an event concerns: by assignments, and by what foreign ones say themselves.

A certificate that was issued after the event was recorded is none of them; one that was revoked, or
had ended, before the event's day is none either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from pki.events.proposals import Hanging, Status, beginning
from pki.events.told import SUBJECTS
from pki.records.certificates import CertificateRecord, CertificateState, RevocationRecord
from pki.records.events import EventRecord
from pki.records.people import (
    Agency,
    Assignment,
    AssignmentQuery,
    DeviceQuery,
    DeviceState,
    Person,
    Post,
    PostQuery,
    foreign_key,
)
from pki.records.requests import Case, CaseQuery, RequestKind, RequestState
from pki.records.watching import WatchedCertificate, WatchedStanding, WatchedSubject, WatchedWho
from pki.registry.checks import Look
from pki.transitions import is_held
from pki.words import VIETNAM

_IN_USE = {DeviceState.ISSUED, DeviceState.ACTIVE, DeviceState.PIN_RECOVERY}
_STANDINGS = {
    WatchedStanding.GOOD: Status.IN_FORCE,
    WatchedStanding.HELD: Status.HELD,
    WatchedStanding.REVOKED: Status.REVOKED,
    WatchedStanding.UNKNOWN: Status.UNKNOWN,
}


class Cases(Protocol):
    """Where requests are found."""

    def list(self, query: CaseQuery) -> tuple[Case, ...]:
        """As `RequestRegister.list`."""
        ...


class Sources(Look, Protocol):
    """What the register tells of certificates and of the people they hang on."""

    @property
    def cases(self) -> Cases:
        """Requests."""
        ...

    def find_certificate(self, issuer: str, serial: int) -> CertificateRecord | None:
        """As `Register.find_certificate`."""
        ...

    def find_revocation(self, issuer: str, serial: int) -> RevocationRecord | None:
        """As `Register.find_revocation`."""
        ...

    def find_watched(self, who: WatchedWho) -> tuple[WatchedCertificate, ...]:
        """As `WatchRegister.find_watched`."""
        ...


@dataclass(frozen=True, slots=True)
class _Whose:
    """Whom an event concerns."""

    people: tuple[Person, ...] = ()
    posts: tuple[Post, ...] = ()
    """Those that are left; certificates on other posts are none of it."""
    agency: Agency | None = None
    device: str | None = None
    """Serial of the device; it is its holder's of then, person or agency."""
    person_code: str | None = None
    agency_code: str | None = None
    all_posts: bool = False
    """Whether the people's certificates are concerned whatever post they name."""


def hanging_of(record: EventRecord, sources: Sources, now: datetime) -> tuple[Hanging, ...]:
    """Return the certificates that an event concerns, in the order of their keys."""
    whose = _whose(record, sources)
    found: dict[str, Hanging] = {}
    assigned = {one.certificate: one for one in _assignments(whose, sources)}
    prints = tuple(one.fingerprint for one in assigned.values() if one.fingerprint is not None)
    watched = _watched(whose, prints, sources)
    seen = _Seen(record, sources, now)
    for key, assignment in assigned.items():
        if assignment.fingerprint is None:
            hanging = seen.own(assignment)
        else:
            hanging = seen.foreign(key, watched.pop(key, None), assignment)
        if hanging is not None:
            found[key] = hanging
    for key, one in watched.items():
        hanging = seen.foreign(key, one, None)
        if hanging is not None:
            found[key] = hanging
    return tuple(found[key] for key in sorted(found))


def _whose(record: EventRecord, look: Look) -> _Whose:
    subject = SUBJECTS[record.kind]
    if subject == "device":
        return _Whose(device=record.device, person_code=record.person, agency_code=record.agency)
    if subject == "agency":
        agency = look.find_entry(Agency, record.agency or "")
        assert agency is not None  # noqa: S101  the event was recorded of it
        last = record.day - timedelta(days=1)
        posts = [
            one
            for one in look.find_entries(PostQuery(agency=agency.code))
            if one.until is None or one.until >= last
        ]
        codes = sorted({one.person for one in posts})
        people = (look.find_entry(Person, code) for code in codes)
        return _Whose(tuple(one for one in people if one), tuple(posts), agency)
    person = look.find_entry(Person, record.person or "")
    post = look.find_entry(Post, record.post or "") if record.post else None
    people_of = (person,) if person is not None else ()
    return _Whose(people_of, (post,) if post is not None else (), all_posts=subject == "person")


def _assignments(whose: _Whose, look: Look) -> Iterator[Assignment]:
    if whose.agency is not None:
        yield from look.find_entries(AssignmentQuery(agency=whose.agency.code))
    left = {one.code for one in whose.posts}
    for person in whose.people:
        for one in look.find_entries(AssignmentQuery(person=person.code)):
            if whose.all_posts or one.post is None or one.post in left:
                yield one
    if whose.device is not None:
        yield from _on_device(whose, whose.device, look)


def _on_device(whose: _Whose, device: str, look: Look) -> Iterator[Assignment]:
    person, agency = whose.person_code, whose.agency_code
    others = look.find_entries(DeviceQuery(person=person, agency=agency))
    only = not any(one.serial != device and one.state in _IN_USE for one in others)
    for one in look.find_entries(AssignmentQuery(person=person, agency=agency)):
        # On which token it is nobody said: on this one, where there is no other.
        if one.device == device or (one.device is None and only):
            yield one


def _watched(
    whose: _Whose, prints: tuple[str, ...], sources: Sources
) -> dict[str, WatchedCertificate]:
    people = whose.people
    numbers = {one.citizen_number: one for one in people if one.citizen_number is not None}
    codes = {one.code.lower(): one for one in people}
    emails = {one.email.lower(): one for one in people if one.email is not None}
    names = (whose.agency.name,) if whose.agency is not None else ()
    who = WatchedWho(prints, tuple(numbers), tuple(codes), tuple(emails), names)
    found: dict[str, WatchedCertificate] = {}
    for one in sources.find_watched(who):
        subject = one.subject
        listed = codes.get((subject.staff_code or "").lower())
        listed = listed or emails.get((subject.email or "").lower())
        if subject.fingerprint in prints or not _is_another(subject, listed):
            found[foreign_key(subject.fingerprint)] = one
    return found


def _is_another(subject: WatchedSubject, listed: Person | None) -> bool:
    """Say whether it speaks of somebody else than it seems to by code or address.

    Who bears another number is another person, whatever else is the same.
    """
    numbers = {subject.citizen_number, listed.citizen_number if listed is not None else None}
    return listed is not None and None not in numbers and len(numbers) > 1


_MADE = (CertificateState.ISSUED, CertificateState.REVOKED)
"""One that was revoked since was there: why it ended is another event's matter."""


class _Seen:
    """Certificates as they stand now."""

    def __init__(self, record: EventRecord, sources: Sources, now: datetime) -> None:
        self._record, self._sources, self._now = record, sources, now
        self._from = beginning(record.day)

    def own(self, assignment: Assignment) -> Hanging | None:
        issuer, serial = assignment.issuer or "", assignment.serial or 0
        record = self._sources.find_certificate(issuer, serial)
        if record is None or record.state not in _MADE:
            return None
        if record.reserved_at > self._record.recorded_at:
            return None
        standing = self._sources.find_revocation(issuer, serial)
        over = None if standing is None or is_held(standing) else standing.revoked_at
        if self._is_past(record.not_after) or (over is not None and over < self._from):
            return None
        status = Status.REVOKED if over is not None else Status.IN_FORCE
        if standing is not None and over is None:
            status = Status.HELD
        return Hanging(
            assignment.certificate,
            self._ended(status, record.not_after),
            serial,
            issuer,
            *(assignment.person, assignment.agency, assignment.post, assignment.device),
            replaced=self._replaced(assignment),
        )

    def foreign(
        self, key: str, watched: WatchedCertificate | None, assignment: Assignment | None
    ) -> Hanging | None:
        told = (None, None, None, None)
        if assignment is not None:
            told = (assignment.person, assignment.agency, assignment.post, assignment.device)  # type: ignore[assignment]  # texts or none
        if watched is None:
            return Hanging(key, Status.UNKNOWN, None, None, *told)
        ends = watched.subject.not_after
        if self._is_past(ends) or _day(watched.not_before) > self._record.day:
            return None
        status = self._ended(_STANDINGS[watched.standing_at(self._now)], ends)
        return Hanging(key, status, watched.serial, None, *told)

    def _is_past(self, not_after: datetime) -> bool:
        """Say whether it had ended when the event befell."""
        return not_after < self._from

    def _ended(self, status: Status, not_after: datetime) -> Status:
        over = not_after < self._now and status is not Status.REVOKED
        return Status.ENDED if over else status

    def _replaced(self, old: Assignment) -> bool:
        others = self._sources.find_entries(AssignmentQuery(person=old.person, agency=old.agency))
        if any(self._is_new(one) for one in others if one.certificate != old.certificate):
            return True
        asked = CaseQuery((RequestState.DONE,), person=old.person, agency=old.agency)
        return any(self._makes_new(case, old) for case in self._sources.cases.list(asked))

    def _is_new(self, one: Assignment) -> bool:
        if one.issuer is None or one.serial is None:
            return False
        record = self._sources.find_certificate(one.issuer, one.serial)
        if record is None or record.state not in _MADE:
            return False
        return record.reserved_at >= self._record.recorded_at

    def _makes_new(self, case: Case, old: Assignment) -> bool:
        if case.moved_at < self._record.recorded_at:
            return False
        kind, serial = case.record.kind, case.record.serial
        return kind is RequestKind.NEW or (kind is RequestKind.CHANGE and serial == old.serial)


def _day(at: datetime) -> date:
    return at.astimezone(VIETNAM).date()
