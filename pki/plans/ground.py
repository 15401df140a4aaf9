"""What makers stand on: register, registry, profiles, blocked keys, the day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cryptography import x509

from pki.authority.erasure import check_not_erased
from pki.authority.issuance import Order, check_key
from pki.authority.renewal import GRACE
from pki.authority.succession import successor_of
from pki.blocked import BlockedKeys
from pki.errors.certificates import (
    CertificateNotFoundError,
    RenewExpiredError,
    RenewHeldError,
    RenewRevokedError,
)
from pki.keys import PublicKey
from pki.profile import Profile
from pki.records.certificates import CertificateRecord, serial_text
from pki.records.people import Assignment, own_key
from pki.records.register import Register
from pki.requests.concern import Registry
from pki.requests.content import Concerned
from pki.strength import check_strength, spki_sha256
from pki.subject import Subject, subject_of
from pki.transitions import is_held


class Records(Register, Registry, Protocol):
    """A register that has the people as well."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a maker looks into."""

    register: Records
    profile_of: Callable[[str], Profile]
    blocked: BlockedKeys
    now: datetime

    def issued(self, serial: int) -> CertificateRecord:
        """Return the certificate of that serial, whichever authority issued it.

        Raises:
            CertificateNotFoundError: none, or more than one.
        """
        found = [
            record
            for authority in self.register.authority_certificates()
            if (record := self.register.find_certificate(authority.name, serial)) is not None
            and record.was_issued
        ]
        if len(found) != 1:
            raise CertificateNotFoundError(issuer="-", serial=serial_text(serial))
        return found[0]

    def hanging(self, record: CertificateRecord) -> Concerned:
        """Return on whom a certificate hangs."""
        found = self.register.find_entry(Assignment, own_key(record.issuer, record.serial))
        if found is None:
            return Concerned()
        return Concerned(found.person, found.post, found.agency, found.device)

    def followable(self, record: CertificateRecord) -> x509.Certificate:
        """Return a certificate that another one may follow.

        Raises:
            RenewRevokedError, RenewHeldError, RenewExpiredError: it may not be followed.
            CertificateErasedError: its content was erased.
        """
        check_not_erased(self.register, record)
        standing = self.register.find_revocation(record.issuer, record.serial)
        serial = serial_text(record.serial)
        if standing is not None and is_held(standing):
            raise RenewHeldError(serial=serial, held_at=standing.revoked_at)
        if standing is not None:
            raise RenewRevokedError(serial=serial, revoked_at=standing.revoked_at)
        if self.now > record.not_after + GRACE:
            raise RenewExpiredError(serial=serial, not_after=record.not_after, days=GRACE.days)
        return x509.load_der_x509_certificate(record.der or b"")

    def following(
        self,
        record: CertificateRecord,
        *,
        key: PublicKey | None = None,
        subject: Subject | None = None,
        changes: bool = False,
    ) -> tuple[Order, str]:
        """Return the order for what follows a certificate, and whose key signs it.

        Args:
            record: of the certificate.
            key: another than its own.
            subject: another than its own; with `changes` alone.
            changes: whether the certificate is revoked with it.

        Raises:
            PKIError: it may not be followed, or what follows would be refused.
        """
        certificate = self.followable(record)
        profile = self.profile_of(record.profile)
        own = check_strength(certificate.public_key())
        new = key or own
        same = spki_sha256(new) == record.spki_sha256
        order = Order(
            *(new, profile, subject or subject_of(certificate), ""),
            longest=profile.renewal if same and not changes else None,
            replaces=record.serial,
            replaced_of=record.issuer,
            revokes_replaced=changes,
        )
        return self.checked(order), successor_of(self.register, record.issuer)

    def checked(self, order: Order) -> Order:
        """Return an order that its profile and the lists of blocked keys allow.

        Raises:
            PKIError: they do not.
        """
        order.profile.check_subject(order.subject)
        check_key(order, self.blocked)
        return order
