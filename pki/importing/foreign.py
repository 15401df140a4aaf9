"""Certificates that some other authority issued, recorded to be followed: never counted as ours.

They stand in tables of their own. No list of ours bears them, and nothing here verifies their
signatures: who issued them is what they say. They come one by one and are recorded some hundred a
transaction, so that a second run records what a first one did not come to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509

from pki.audit.entry import present
from pki.clock import Clock
from pki.errors.tree import phrase
from pki.importing.apply import BATCH
from pki.importing.choice import is_signed_by
from pki.importing.gather import Gathered
from pki.importing.material import CertificateCopy, Finding
from pki.lint.target import Severity
from pki.names import name_text
from pki.records.audit import AuditEvent
from pki.records.certificates import ForeignCertificate, serial_text
from pki.records.changes import Watch
from pki.records.register import Register
from pki.records.watching import HolderKind, WatchedSubject
from pki.watching.facts import subject_of

SHOWN = 1000
"""New certificates that are kept to be shown."""
KEPT_FINDINGS = 10_000
_NO_HOLDERS = {HolderKind.AUTHORITY, HolderKind.SERVICE}
Tell = Callable[[int], None]
"""Takes how many were looked at."""


@dataclass(frozen=True, slots=True)
class ForeignWish:
    """What is wanted of certificates that were found."""

    requester: str
    record: bool
    """False only counts."""
    authorities: bool = False
    """Take authorities' and services' certificates out of documents, too."""


@dataclass(slots=True)
class ForeignTally:
    """What became of what was found."""

    new: int = 0
    present: int = 0
    """Recorded already, octet for octet."""
    own: int = 0
    """Signed by an authority of this register: left out."""
    left_out: int = 0
    """Of authorities and services, in documents."""
    shown: list[ForeignCertificate] = field(default_factory=list)
    """The first of the new ones."""
    findings: list[Finding] = field(default_factory=list)
    more_findings: int = 0
    """Beyond those that are kept."""

    @property
    def conflicts(self) -> tuple[Finding, ...]:
        """The findings of severity error."""
        return tuple(one for one in self.findings if one.severity is Severity.ERROR)

    def note(self, finding: Finding) -> None:
        """Keep a finding; an error in any case."""
        if finding.severity is Severity.ERROR or len(self.findings) < KEPT_FINDINGS:
            self.findings.append(finding)
        else:
            self.more_findings += 1


def bring_foreign(
    found: Iterable[Gathered | Finding],
    register: Register,
    clock: Clock,
    wish: ForeignWish,
    *,
    tell: Tell = lambda _count: None,
) -> ForeignTally:
    """Record which certificates are new, or count them.

    One issuer's serial that stands for two different certificates is a finding of severity error:
    the first stays, the other is not recorded.

    Raises:
        ClockBeforeRecordError: the clock was set back.
        PKIError: whatever the register answers; run it again to go on.
    """
    if wish.record:
        present(register, clock)
    bringing = _Bringing(register, clock, wish)
    for count, one in enumerate(found, 1):
        bringing.take(one)
        if count % BATCH == 0:
            tell(count)
    bringing.commit()
    return bringing.tally


class _Bringing:
    def __init__(self, register: Register, clock: Clock, wish: ForeignWish) -> None:
        self.tally = ForeignTally()
        self._register, self._clock, self._wish = register, clock, wish
        self._now = clock.now()
        self._authorities = [
            x509.load_der_x509_certificate(record.certificate_der)
            for record in register.list_authorities()
        ]
        self._waiting: list[Watch] = []
        # What was found and is not in the register: of a batch, or of a whole count, in octets.
        self._unrecorded: dict[bytes, str] = {}

    def take(self, one: Gathered | Finding) -> None:
        if isinstance(one, Finding):
            self.tally.note(one)
            return
        certificate = one.copy.certificate
        subject = subject_of(certificate, one.copy.der)
        if one.in_document and not self._wish.authorities and subject.kind in _NO_HOLDERS:
            self.tally.left_out += 1
        elif any(is_signed_by(certificate, authority) for authority in self._authorities):
            self.tally.own += 1
        else:
            record = _record_of(one.copy, subject, self._now, self._wish.requester)
            self._place(record, subject, one.copy.place)

    def _place(self, record: ForeignCertificate, subject: WatchedSubject, where: str) -> None:
        place = hashlib.sha256(f"{record.issuer_sha256}:{record.serial:x}".encode()).digest()
        kept = self._unrecorded.get(place)
        if kept is None:
            standing = self._register.find_foreign(record.issuer_sha256, record.serial)
            kept = standing.fingerprint if standing is not None else None
        if kept is None:
            self._unrecorded[place] = record.fingerprint
            self._add(record, subject)
        elif kept == record.fingerprint:
            self.tally.present += 1
        else:
            words = phrase(
                "pki.importing.foreign_differs",
                serial=serial_text(record.serial),
                kept=kept,
                found=record.fingerprint,
            )
            self.tally.note(Finding(Severity.ERROR, where, words))

    def _add(self, record: ForeignCertificate, subject: WatchedSubject) -> None:
        self.tally.new += 1
        if len(self.tally.shown) < SHOWN:
            self.tally.shown.append(record)
        if self._wish.record:
            self._waiting.append(Watch(record, subject))
            if len(self._waiting) >= BATCH:
                self.commit()

    def commit(self) -> None:
        """Record what waits, in one transaction."""
        if not self._waiting:
            return
        facts = (
            ("count", str(len(self._waiting))),
            ("sha256", _digest(one.record for one in self._waiting)),
        )
        event = AuditEvent(self._clock.now(), self._wish.requester, "foreign.import", facts)
        self._register.commit(self._waiting, event)
        self._waiting, self._unrecorded = [], {}


def _digest(batch: Iterable[ForeignCertificate]) -> str:
    """Return the SHA-256 over lines `serial fingerprint`, each ended by a line feed."""
    lines = (f"{serial_text(one.serial)} {one.fingerprint}\n" for one in batch)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _record_of(
    copy: CertificateCopy, subject: WatchedSubject, now: datetime, requester: str
) -> ForeignCertificate:
    certificate = copy.certificate
    return ForeignCertificate(
        fingerprint=subject.fingerprint,
        issuer_sha256=hashlib.sha256(certificate.issuer.public_bytes()).hexdigest(),
        serial=copy.serial,
        issuer=name_text(certificate.issuer),
        subject=name_text(certificate.subject),
        not_before=certificate.not_valid_before_utc,
        not_after=subject.not_after,
        der=copy.der,
        requester=requester,
        recorded_at=now,
    )
