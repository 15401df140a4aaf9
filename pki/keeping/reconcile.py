"""Compares a restored register with what its authorities published after the backup was made.

1. a certificate that the register does not know is written down as issued, so that its serial is
   known, it is found, and it can be revoked;
2. what a list says to be revoked or on hold is so from here on, from the same date; a serial of
   which there is no certificate is written down without one, and stays on every list to come;
3. nothing that the backup holds as revoked is given back;
4. the next CRL number is higher than every one found, and higher by `GAP` than the highest: lists
   that nobody showed have their numbers in between.

Serials need no such room: 126 bits of each are random (`pki.authority.issuance`).

Spec: RFC 5280 §5.2.3 (the number rises), §5.3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from types import UnionType
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki.errors.keeping import PublishedUnreadableError, RestoreUnreconciledError
from pki.keeping.published import Entry, PublishedBy
from pki.names import name_text
from pki.records.audit import AuditEvent
from pki.records.authorities import AuthorityRecord
from pki.records.certificates import (
    CertificateRecord,
    CertificateState,
    RevocationRecord,
    StatusChange,
    StatusKind,
    serial_text,
)
from pki.records.changes import (
    Abandon,
    Change,
    ChangeStatus,
    Complete,
    ImportCertificate,
    RaiseCRLFloor,
    ReserveCRLNumber,
    Revoke,
    StoreCRL,
)
from pki.records.lists import CRLFloor, CRLRecord
from pki.records.register import Register
from pki.strength import spki_sha256
from pki.transitions import is_compromised

GAP = 1_000_000
"""A list every second for eleven days."""
PROFILE = "published"
"""In place of a profile's name, of certificates that are known from outside alone."""
REQUESTER = "backup.restore"
_HOLD = x509.ReasonFlags.certificate_hold
_COMPROMISE = x509.ReasonFlags.key_compromise
_TOO_LARGE = 1 << 160


class Step(NamedTuple):
    """What is written down of one serial, with the log's entry of it."""

    serial: int
    fingerprint: str
    """Empty where there is no certificate."""
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What was published, and not in the backup."""

    authority: str
    kept_number: int
    """Highest CRL number in the backup."""
    published_number: int
    """Highest CRL number that was shown; 0 where none was."""
    newest: CRLRecord | None
    """The newest list that was shown, where the backup has an older one or none."""
    steps: tuple[Step, ...]

    @property
    def floor(self) -> int:
        """The highest number that is not used any more."""
        return max(self.kept_number, self.published_number) + GAP

    @property
    def certificates(self) -> tuple[int, ...]:
        """Serials that the backup does not know."""
        return self._of(ImportCertificate)

    @property
    def without_certificate(self) -> tuple[int, ...]:
        """Those of them that are on a list and of which no certificate was shown."""
        unknown = set(self.certificates)
        return tuple(
            step.serial for step in self.steps if step.serial in unknown and not step.fingerprint
        )

    @property
    def revoked(self) -> tuple[int, ...]:
        """Serials that were revoked, held, or revoked for a graver reason."""
        return self._of(Revoke | ChangeStatus)

    def _of(self, kind: type[Change] | UnionType) -> tuple[int, ...]:
        found = (
            step.serial for step in self.steps if any(isinstance(one, kind) for one in step.changes)
        )
        return tuple(found)


def compare(
    register: Register, authority: AuthorityRecord, published: PublishedBy, now: datetime
) -> Difference:
    """Return what the register lacks of what its authority published.

    Raises:
        PublishedUnreadableError: a serial that no certificate may have.
    """
    name = authority.name
    lists = (register.newest_crl(name), register.newest_crl(name, delta=True))
    stored = max((one.number for one in lists if one), default=0)
    floor, reserved = register.crl_floor(name), register.last_crl_number(name)
    plan = _Plan(register, authority, now)
    plan.take_certificates(published.certificates)
    plan.take_entries(published.entries)
    return Difference(
        name,
        max(stored, reserved, floor.number if floor else 0),
        published.number,
        _newer(name, published.newest, stored),
        tuple(plan.steps()),
    )


def take_in(register: Register, difference: Difference, *, now: datetime, requester: str) -> None:
    """Write down what the register lacks, and from which number its lists go on.

    Raises:
        PKIError: whatever the register answers.
    """
    name = difference.authority
    for step in difference.steps:
        facts = {"issuer": name, "serial": serial_text(step.serial)}
        facts |= {"fingerprint": step.fingerprint} if step.fingerprint else {}
        event = AuditEvent(now, requester, "certificate.restore", tuple(facts.items()))
        register.commit(step.changes, event)
    newest, reserved = difference.newest, register.last_crl_number(name)
    changes: list[Change] = []
    if newest is not None:
        if newest.number > reserved:
            changes.append(ReserveCRLNumber(name, newest.number))
        changes.append(StoreCRL(newest))
    floor = CRLFloor(name, difference.floor, newest.this_update if newest else None, now)
    changes += (ReserveCRLNumber(name, difference.floor), RaiseCRLFloor(floor))
    facts = {"issuer": name, "number": str(difference.floor)}
    facts |= {"published": str(difference.published_number)}
    register.commit(changes, AuditEvent(now, requester, "crl.restore", tuple(facts.items())))


def check_taken(register: Register, authority: str, published: PublishedBy) -> None:
    """Refuse a register that could collide with what was published, or forgets some of it.

    Raises:
        RestoreUnreconciledError: a serial is unknown, a revocation lost, or a number not above.
    """
    floor, standing = register.crl_floor(authority), register.list_revocations(authority)
    reasons = {one.serial: one.reason for one in standing}
    listed = published.entries.items()
    kept = all(
        serial in reasons and (entry.reason is _HOLD or reasons[serial] is not _HOLD)
        for serial, entry in listed
    )
    known = all(
        register.find_certificate(authority, one.serial_number) for one in published.certificates
    )
    if not kept or not known or floor is None or floor.number <= published.number:
        raise RestoreUnreconciledError(authority=authority)


class _Plan:
    """Finds out what is missing, one thing after the other; writes nothing."""

    def __init__(self, register: Register, authority: AuthorityRecord, now: datetime) -> None:
        self._register = register
        self._name = authority.name
        self._now = now
        certificate = x509.load_der_x509_certificate(authority.certificate_der)
        self._not_after = certificate.not_valid_after_utc
        self._standing = {one.serial: one for one in register.list_revocations(authority.name)}
        self._changes: dict[int, list[Change]] = {}
        self._fingerprints: dict[int, str] = {}

    def steps(self) -> Iterator[Step]:
        for serial, changes in self._changes.items():
            yield Step(serial, self._fingerprints.get(serial, ""), tuple(changes))

    def _add(self, serial: int, change: Change) -> None:
        self._changes.setdefault(serial, []).append(change)

    def take_certificates(self, certificates: Iterable[x509.Certificate]) -> None:
        for certificate in certificates:
            found = self._register.find_certificate(self._name, certificate.serial_number)
            record = self._record(certificate)
            fingerprint = record.fingerprint or ""
            if found is None:
                self._add(record.serial, ImportCertificate(record))
            elif found.state is CertificateState.RESERVED and record.der is not None:
                # It was signed after the moment of the backup.
                done = Complete(self._name, record.serial, record.der, fingerprint)
                self._add(record.serial, done)
            self._fingerprints[record.serial] = fingerprint

    def take_entries(self, entries: dict[int, Entry]) -> None:
        for serial, entry in entries.items():
            standing = self._standing.get(serial)
            if standing is None:
                self._know(serial)
                self._tell(serial, entry)
            elif standing.reason is _HOLD and entry.reason is not _HOLD:
                until = max(entry.known_at, standing.revoked_at)
                self._revoke(serial, entry, standing.revoked_at, held_until=until)
            elif entry.reason is _COMPROMISE and not is_compromised(standing):
                at = max(entry.known_at, standing.revoked_at)
                self._change(serial, StatusKind.UPGRADE, entry, at)

    def _know(self, serial: int) -> None:
        """See that there will be a record that a revocation can stand beside."""
        if serial in self._changes:
            return
        found = self._register.find_certificate(self._name, serial)
        if found is None:
            if not 0 < serial < _TOO_LARGE:
                raise PublishedUnreadableError(source=self._name, reason="a serial of a list")
            self._add(serial, ImportCertificate(self._unseen(serial)))
        elif found.state is CertificateState.RESERVED:
            self._add(serial, Abandon(self._name, serial))

    def _tell(self, serial: int, entry: Entry) -> None:
        if entry.reason is _HOLD:
            self._change(serial, StatusKind.HOLD, entry, entry.revoked_at)
        else:
            self._revoke(serial, entry, entry.revoked_at)

    def _revoke(
        self, serial: int, entry: Entry, since: datetime, *, held_until: datetime | None = None
    ) -> None:
        record = RevocationRecord(self._name, serial, entry.reason, since, entry.invalidity_date)
        self._add(serial, Revoke(record, held_until))

    def _change(self, serial: int, kind: StatusKind, entry: Entry, at: datetime) -> None:
        change = StatusChange(self._name, serial, kind, at, entry.reason, entry.invalidity_date)
        self._add(serial, ChangeStatus(change))

    def _record(self, certificate: x509.Certificate) -> CertificateRecord:
        certificate_der = certificate.public_bytes(Encoding.DER)
        return CertificateRecord(
            issuer=self._name,
            serial=certificate.serial_number,
            state=CertificateState.ISSUED,
            tbs_der=certificate.tbs_certificate_bytes,
            der=certificate_der,
            subject=name_text(certificate.subject),
            profile=PROFILE,
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            fingerprint=hashlib.sha256(certificate_der).hexdigest(),
            spki_sha256=spki_sha256(certificate.public_key()),
            requester=REQUESTER,
            reserved_at=self._now,
        )

    def _unseen(self, serial: int) -> CertificateRecord:
        """Return the record of a serial that a list names; it ends with its authority at last."""
        return CertificateRecord(
            issuer=self._name,
            serial=serial,
            state=CertificateState.ABANDONED,
            tbs_der=b"",
            der=None,
            subject="",
            profile=PROFILE,
            not_before=self._now,
            not_after=self._not_after,
            fingerprint=None,
            spki_sha256="",
            requester=REQUESTER,
            reserved_at=self._now,
        )


def _newer(
    name: str, shown: x509.CertificateRevocationList | None, stored: int
) -> CRLRecord | None:
    """Return the list that was shown, if it is newer than any stored.

    It is served until the next, which loses nothing of it: the gate before publication compares
    the two. It tells of no sequence of this register, so a delta to it tells everything anew.
    """
    if shown is None:
        return None
    number = shown.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    if number <= stored:
        return None
    return CRLRecord(
        name,
        number,
        shown.last_update_utc,
        shown.next_update_utc or shown.last_update_utc,
        shown.public_bytes(Encoding.DER),
        0,
    )
