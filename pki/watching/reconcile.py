"""Other authorities' certificates against the people list: what does not fit, and what to do.

Only certificates that somebody could still sign with are looked at: neither ended nor revoked nor
on hold. A certificate whose status nobody knows is one of them.

    1. who it speaks of: by citizen's number, staff code, e-mail address, then by the name with the
       agency. Where several people fit, that is said, and none of them is chosen;
    2. whether that person still serves, holds a post in the agency it names, and is called so;
    3. whether the person has another one for the same purpose;
    4. whether the token that it is on was lost or given back;
    5. whether it ends soon.

Decree 68/2024/ND-CP Art. 17 says when a certificate is to be revoked (not checked against the
official text).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from unicodedata import normalize

from pki.errors.tree import Fact
from pki.records.certificates import serial_text
from pki.records.people import Agency, DeviceState, PersonState
from pki.records.watching import (
    HolderKind,
    Purpose,
    WatchedCertificate,
    WatchedStanding,
    WatchedSubject,
    WatchRegister,
)
from pki.register.folding import fold
from pki.upkeep.alarm import Severity
from pki.watching.roll import Match, Member, Roll

SOON = timedelta(days=60)
PAGE = 1000
_SHOWN = 5
"""People that are named where several fit."""
_OVER = {WatchedStanding.REVOKED, WatchedStanding.HELD}
_GONE = {
    PersonState.RETIRED: "pki.watching.person_retired",
    PersonState.LEFT: "pki.watching.person_left",
    PersonState.DIED: "pki.watching.person_died",
}
_DEVICE = {
    DeviceState.LOST: "pki.watching.token_lost",
    DeviceState.RETURNED: "pki.watching.token_returned",
}


@dataclass(frozen=True, slots=True)
class Misfit:
    """One thing that does not fit. Its sentence is `code`, what to do about it `<code>.hint`."""

    code: str
    severity: Severity
    certificate: WatchedCertificate
    person: str | None = None
    """Code of the person, where it is known who it is."""
    facts: dict[str, Fact] = field(default_factory=dict)
    """What the sentence's placeholders stand for."""


@dataclass(slots=True)
class ReconcileTally:
    """How many were looked at, and what was found of them."""

    certificates: int = 0
    over: int = 0
    """Ended, revoked or on hold: not looked at."""
    matched: int = 0
    """Of people who were found, whatever else does not fit."""
    found: dict[str, int] = field(default_factory=dict)
    """How many of each code."""


def reconcile(
    register: WatchRegister, roll: Roll, now: datetime, tally: ReconcileTally
) -> Iterator[Misfit]:
    """Yield what does not fit, certificate by certificate.

    Args:
        register: has the certificates.
        roll: the people list of the day.
        now: which certificates have ended, and which end soon.
        tally: counts meanwhile.
    """
    reconciling, after = _Reconciling(roll, now), 0
    while page := register.watched(after=after, limit=PAGE):
        for one in page:
            tally.certificates += 1
            if one.subject.not_after < now or one.standing_at(now) in _OVER:
                tally.over += 1
                continue
            for misfit in reconciling.look(one, tally):
                tally.found[misfit.code] = tally.found.get(misfit.code, 0) + 1
                yield misfit
        after = page[-1].sequence


class _Reconciling:
    def __init__(self, roll: Roll, now: datetime) -> None:
        self._roll, self._now, self._soon = roll, now, now + SOON
        self._first: dict[tuple[str, Purpose], int] = {}
        """Serial of the first certificate of a person for a purpose."""

    def look(self, one: WatchedCertificate, tally: ReconcileTally) -> Iterator[Misfit]:
        kind = one.subject.kind
        agencies = self._roll.find_agency(one.subject) if kind is not HolderKind.AUTHORITY else ()
        if kind is HolderKind.AGENCY or (kind is HolderKind.PERSON and agencies):
            yield from self._of_agency(one, agencies)
        elif kind is HolderKind.PERSON:
            match = self._roll.find(one.subject)
            tally.matched += len(match.members) == 1
            yield from self._of_person(one, match)
        yield from self._of_itself(one)

    def _of_person(self, one: WatchedCertificate, match: Match) -> Iterator[Misfit]:
        if not match.members:
            yield _error("pki.watching.person_unknown", one)
            return
        if len(match.members) > 1:
            codes = tuple(member.code for member in match.members[:_SHOWN])
            facts: dict[str, Fact] = {"count": len(match.members), "people": codes}
            yield _warning("pki.watching.person_ambiguous", one, None, facts)
            return
        member = match.members[0]
        gone = _GONE.get(member.state)
        if gone is not None:
            yield _error(gone, one, member.code, {"since": _day(member.since)})
        else:
            yield from self._of_post(one, member)
        yield from _of_name(one, member)
        yield from self._of_purpose(one, member)

    def _of_post(self, one: WatchedCertificate, member: Member) -> Iterator[Misfit]:
        if not member.agencies:
            yield _warning("pki.watching.no_post", one, member.code)
        elif not self._roll.works_at(member, one.subject):
            names = tuple(self._name(code) for code in member.agencies)
            facts: dict[str, Fact] = {"unit": one.subject.unit, "agencies": names}
            yield _warning("pki.watching.agency_wrong", one, member.code, facts)

    def _name(self, code: str) -> str:
        agency = self._roll.agencies.get(code)
        return agency.name if agency is not None else code

    def _of_purpose(self, one: WatchedCertificate, member: Member) -> Iterator[Misfit]:
        key = (member.code, one.subject.purpose)
        first = self._first.get(key)
        if first is None:
            self._first[key] = one.serial
        else:
            other = serial_text(first)
            yield _warning("pki.watching.two_active", one, member.code, {"other": other})

    def _of_agency(self, one: WatchedCertificate, agencies: tuple[Agency, ...]) -> Iterator[Misfit]:
        day = self._now.date()
        if not agencies:
            yield _error("pki.watching.agency_unknown", one)
        elif all(agency.until is not None and agency.until < day for agency in agencies):
            last = agencies[-1]
            facts: dict[str, Fact] = {
                "agency": last.code,
                "until": _day(last.until or day),
                "successor": last.successor or "-",
            }
            yield _error("pki.watching.agency_ended", one, None, facts)

    def _of_itself(self, one: WatchedCertificate) -> Iterator[Misfit]:
        device = self._roll.device_of(one.subject.fingerprint)
        if device is not None:
            yield _error(_DEVICE[device[1]], one, None, {"token": device[0]})
        if one.subject.not_after <= self._soon:
            facts: dict[str, Fact] = {"days": (one.subject.not_after - self._now).days}
            yield _warning("pki.watching.expiring", one, None, facts)


def _of_name(one: WatchedCertificate, member: Member) -> Iterator[Misfit]:
    if _plain(one.subject.name) == _plain(member.name):
        return
    facts: dict[str, Fact] = {"listed": member.name}
    if fold(one.subject.name) == fold(member.name):
        yield _warning("pki.watching.name_accents", one, member.code, facts)
    else:
        yield _error("pki.watching.name_wrong", one, member.code, facts)


def _plain(name: str) -> str:
    return " ".join(normalize("NFC", name).casefold().split())


def _error(
    code: str,
    one: WatchedCertificate,
    person: str | None = None,
    facts: dict[str, Fact] | None = None,
) -> Misfit:
    return Misfit(code, Severity.ERROR, one, person, _facts(one.subject, facts))


def _warning(
    code: str,
    one: WatchedCertificate,
    person: str | None = None,
    facts: dict[str, Fact] | None = None,
) -> Misfit:
    return Misfit(code, Severity.WARNING, one, person, _facts(one.subject, facts))


def _facts(subject: WatchedSubject, facts: dict[str, Fact] | None) -> dict[str, Fact]:
    return {"name": subject.name, "not_after": subject.not_after, **(facts or {})}


def _day(day: date) -> str:
    return day.isoformat()
