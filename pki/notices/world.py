"""What notices are made of: one register, seen by its several seams."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cryptography import x509

from pki.notices.recipients import Recipients
from pki.notices.rules import Rules
from pki.records.authorities import AuthorityRecord
from pki.records.certificates import EVIDENCE_PROFILES, CertificateRecord, RevocationRecord
from pki.records.notices import Hanging, OutboxRegister
from pki.records.people import Assignment, PersonQuery, foreign_key
from pki.records.people_register import PeopleRegister
from pki.records.requests import RequestRegister
from pki.records.watching import WatchedSubject
from pki.requests.deadlines import Calendar
from pki.watching.facts import subject_of
from pki.words import VIETNAM


class CertificateRegister(Protocol):
    """What of `pki.records.register.Register` is asked about certificates."""

    def find_certificate(self, issuer: str, serial: int) -> CertificateRecord | None:
        """As there."""
        ...

    def find_revocation(self, issuer: str, serial: int) -> RevocationRecord | None:
        """As there."""
        ...

    def list_authorities(self) -> tuple[AuthorityRecord, ...]:
        """As there."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """A register at a moment."""

    outbox: OutboxRegister
    certificates: CertificateRegister
    people: PeopleRegister
    cases: RequestRegister
    calendar: Calendar
    rules: Rules
    now: datetime

    def recipients(self) -> Recipients:
        """Return what finds recipients on the day of the moment, in Vietnam."""
        return Recipients(self.people, self.rules, self.now.astimezone(VIETNAM).date())

    def services(self) -> frozenset[str]:
        """Return the profiles of certificates about which upkeep tells, and nobody else is told."""
        own = (one.profile for one in self.certificates.list_authorities())
        return frozenset((*EVIDENCE_PROFILES, *own))

    def hanging_own(self, issuer: str, serial: int) -> Hanging:
        """Return on whom a certificate of ours hangs, by what is recorded, else by what it says."""
        hanging = self.outbox.hanging(issuer, serial, self.now)
        if hanging.person is not None or hanging.agency is not None:
            return hanging
        told = spoken_of(self.certificates.find_certificate(issuer, serial))
        return hanging if told is None else self._by_subject(told)

    def hanging_foreign(self, fingerprint: str, subject: WatchedSubject) -> Hanging:
        """Return the same of another authority's certificate."""
        day = self.now.astimezone(VIETNAM).date()
        found = self.people.find_entry(Assignment, foreign_key(fingerprint), on=day)
        if found is not None:
            return Hanging(found.person, found.agency, found.post)
        return self._by_subject(subject)

    def _by_subject(self, subject: WatchedSubject) -> Hanging:
        day = self.now.astimezone(VIETNAM).date()
        if subject.citizen_number is not None:
            query = PersonQuery(citizen_number=subject.citizen_number, on=day)
            for person in self.people.find_entries(query):
                return Hanging(person.code, None, None)
        return Hanging(subject.staff_code, None, None)


def spoken_of(record: CertificateRecord | None) -> WatchedSubject | None:
    """Return what a certificate of ours says of its subject; None of one that was erased."""
    if record is None or not record.der:
        return None
    return subject_of(x509.load_der_x509_certificate(record.der), record.der)
