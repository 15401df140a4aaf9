"""Erases what the register says of a person: of staff, and of subjects of others' certificates.

Codes, states and days stay, and so do the log and who decided what. The database holds to it by
itself (`pki.register.personal_guards`).

Spec: Decree 13/2023/ND-CP Art. 16 (erasure; not checked against the official text).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from cryptography import x509

from pki.audit.entry import present
from pki.authority.erasure import vouches
from pki.clock import Clock
from pki.errors.personal import (
    ForeignErasedError,
    ForeignInForceError,
    ForeignVouchingError,
    PersonCertificatesError,
    PersonDevicesError,
    PersonErasedError,
    PersonRequestsError,
    PersonServesError,
)
from pki.errors.registry import UnknownPersonError
from pki.records.audit import AuditEvent
from pki.records.certificates import ErasureReason, ForeignCertificate
from pki.records.changes import Step
from pki.records.people import (
    AssignmentQuery,
    Device,
    DeviceQuery,
    DeviceState,
    E,
    Person,
    PersonState,
    Query,
)
from pki.records.personal import (
    EraseForeign,
    ErasePerson,
    ForeignErasure,
    PersonalRegister,
    PersonErasure,
)
from pki.records.register import Register
from pki.records.requests import OPEN, CaseQuery, RequestRegister

_OUT_OF_HAND = {DeviceState.RETURNED, DeviceState.LOST, DeviceState.DAMAGED}


class Records(Register, PersonalRegister, Protocol):
    """A register, its people and its requests."""

    @property
    def cases(self) -> RequestRegister:
        """Its requests."""
        ...

    def find_entry(self, kind: type[E], key: str) -> E | None:
        """Return the newest version."""
        ...

    def find_entries(self, query: Query[E]) -> tuple[E, ...]:
        """Return the newest versions that match."""
        ...


def check_person_erasable(records: Records, code: str) -> Person:
    """Return a person whose personal data may be erased now.

    Raises:
        UnknownPersonError: none of that code.
        PersonErasedError: they were erased.
        PersonServesError: the person serves.
        PersonRequestsError: a request for the person is open.
        PersonDevicesError: a device was not given back.
        PersonCertificatesError: certificates hang on the person that are not erased; each is
            erased by itself, after the time for which it must be kept.
    """
    person = records.find_entry(Person, code)
    if person is None:
        raise UnknownPersonError(person=code)
    if records.find_person_erasure(code) is not None:
        raise PersonErasedError(person=code)
    if person.state is PersonState.ACTIVE:
        raise PersonServesError(person=code)
    for case in records.cases.list(CaseQuery(OPEN, person=code, limit=1)):
        raise PersonRequestsError(person=code, request=case.record.id)
    for device in records.find_entries(DeviceQuery(person=code)):
        _check_given_back(device, code)
    kept = _kept_certificates(records, code)
    if kept:
        raise PersonCertificatesError(person=code, certificates=kept)
    return person


def erase_people(
    records: Records, clock: Clock, codes: Sequence[str], *, reason: ErasureReason, requester: str
) -> None:
    """Erase the personal data of people in every version: of all of them, or of none.

    Raises:
        ClockBeforeRecordError: the clock was set back.
        RegisterConflictError: another process changed something meanwhile.
        PKIError: as `check_person_erasable`.
    """
    now = present(records, clock)
    for code in codes:
        check_person_erasable(records, code)
    records.commit_all([_person_step(code, now, reason, requester) for code in codes])


def check_foreign_erasable(records: Records, record: ForeignCertificate, now: datetime) -> None:
    """Refuse to erase another authority's certificate that may not be erased now.

    Raises:
        ForeignErasedError: it was erased.
        ForeignVouchingError: it is an authority's or a service's.
        ForeignInForceError: it has not ended.
    """
    erasure = records.find_foreign_erasure(record.fingerprint)
    if erasure is not None:
        raise ForeignErasedError(fingerprint=record.fingerprint, erased_at=erasure.at)
    if vouches(x509.load_der_x509_certificate(record.der)):
        raise ForeignVouchingError(fingerprint=record.fingerprint)
    if now <= record.not_after:
        raise ForeignInForceError(fingerprint=record.fingerprint, until=record.not_after)


def erase_foreign(
    records: Records,
    clock: Clock,
    certificates: Sequence[ForeignCertificate],
    *,
    reason: ErasureReason,
    requester: str,
) -> None:
    """Erase certificates of other authorities and what they say: of all of them, or of none.

    Raises:
        ClockBeforeRecordError: the clock was set back.
        RegisterConflictError: another process changed something meanwhile.
        PKIError: as `check_foreign_erasable`.
    """
    now = present(records, clock)
    for record in certificates:
        check_foreign_erasable(records, record, now)
    prints = [record.fingerprint for record in certificates]
    records.commit_all([_foreign_step(one, now, reason, requester) for one in prints])


def _check_given_back(device: Device, person: str) -> None:
    if device.state not in _OUT_OF_HAND:
        raise PersonDevicesError(person=person, device=device.serial)


def _kept_certificates(records: Records, code: str) -> tuple[str, ...]:
    """Return the keys of certificates that hang on a person and are not erased."""
    kept = []
    for one in records.find_entries(AssignmentQuery(person=code)):
        if one.issuer is not None and one.serial is not None:
            erased = records.find_erasure(one.issuer, one.serial) is not None
        else:
            erased = records.find_foreign_erasure(one.fingerprint or "") is not None
        if not erased:
            kept.append(one.certificate)
    return tuple(kept)


def _person_step(code: str, now: datetime, reason: ErasureReason, requester: str) -> Step:
    event = AuditEvent(now, requester, "person.erase", (("person", code), ("reason", str(reason))))
    return Step((ErasePerson(PersonErasure(code, now, reason)),), event)


def _foreign_step(fingerprint: str, now: datetime, reason: ErasureReason, requester: str) -> Step:
    facts = (("certificate", fingerprint), ("reason", str(reason)))
    event = AuditEvent(now, requester, "foreign.erase", facts)
    return Step((EraseForeign(ForeignErasure(fingerprint, now, reason)),), event)
