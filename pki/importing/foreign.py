"""Certificates that some other authority issued, recorded to be watched: never counted as ours.

They stand in a table of their own. No list of ours bears them, and nothing here verifies their
signatures: who issued them is what they say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from pki.audit.entry import present
from pki.clock import Clock
from pki.errors.tree import phrase
from pki.importing.apply import BATCH
from pki.importing.choice import is_signed_by
from pki.importing.material import CertificateCopy, Finding, Material
from pki.lint.target import Severity
from pki.names import name_text
from pki.records.audit import AuditEvent
from pki.records.certificates import ForeignCertificate, serial_text
from pki.records.changes import Watch
from pki.records.register import Register


@dataclass(frozen=True, slots=True)
class ForeignPlan:
    """Which certificates would be recorded, and what speaks against others."""

    new: tuple[ForeignCertificate, ...]
    present: int
    """Recorded already, octet for octet."""
    own: int
    """Signed by an authority of this register: left out."""
    findings: tuple[Finding, ...]

    @property
    def conflicts(self) -> tuple[Finding, ...]:
        """The findings of severity error."""
        return tuple(one for one in self.findings if one.severity is Severity.ERROR)


def plan_foreign(
    material: Material, register: Register, now: datetime, requester: str
) -> ForeignPlan:
    """Work out which certificates are new; nothing is changed.

    One issuer's serial that stands for two different certificates is a finding of severity error:
    the first stays, the other is not recorded.
    """
    authorities = [
        x509.load_der_x509_certificate(record.certificate_der)
        for record in register.list_authorities()
    ]
    new: dict[tuple[str, int], ForeignCertificate] = {}
    findings = list(material.findings)
    present = own = 0
    for copy in material.certificates:
        if any(is_signed_by(copy.certificate, authority) for authority in authorities):
            own += 1
            continue
        record = _record_of(copy, now, requester)
        place = (record.issuer_sha256, record.serial)
        standing = register.find_foreign(*place) or new.get(place)
        if standing is None:
            new[place] = record
        elif standing.der == record.der:
            present += place not in new
        else:
            words = phrase(
                "pki.importing.foreign_differs",
                serial=serial_text(record.serial),
                kept=standing.fingerprint,
                found=record.fingerprint,
            )
            findings.append(Finding(Severity.ERROR, copy.place, words))
    return ForeignPlan(tuple(new.values()), present, own, tuple(findings))


def record_foreign(plan: ForeignPlan, register: Register, clock: Clock, requester: str) -> None:
    """Record what is new, some hundred a transaction; a second run records the rest.

    Raises:
        ClockBeforeRecordError: the clock was set back.
        PKIError: whatever the register answers.
    """
    present(register, clock)
    for start in range(0, len(plan.new), BATCH):
        batch = plan.new[start : start + BATCH]
        facts = (
            ("count", str(len(batch))),
            ("sha256", _digest(batch)),
        )
        event = AuditEvent(clock.now(), requester, "foreign.import", facts)
        register.commit([Watch(record) for record in batch], event)


def _digest(batch: Iterable[ForeignCertificate]) -> str:
    """Return the SHA-256 over lines `serial fingerprint`, each ended by a line feed."""
    lines = (f"{serial_text(one.serial)} {one.fingerprint}\n" for one in batch)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _record_of(copy: CertificateCopy, now: datetime, requester: str) -> ForeignCertificate:
    certificate = copy.certificate
    return ForeignCertificate(
        fingerprint=hashlib.sha256(copy.der).hexdigest(),
        issuer_sha256=hashlib.sha256(certificate.issuer.public_bytes()).hexdigest(),
        serial=copy.serial,
        issuer=name_text(certificate.issuer),
        subject=name_text(certificate.subject),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        der=copy.der,
        requester=requester,
        recorded_at=now,
    )
