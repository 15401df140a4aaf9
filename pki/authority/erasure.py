"""Erases what a certificate's record says of a person, once the law no longer asks for it.

That there was a certificate, until when, and whether it was revoked stays: lists, OCSP and the
audit log say the same afterwards. The database holds to the shortest time by itself
(`pki.register.guards`); an administration may ask for longer.

Spec: Decree 13/2023/ND-CP Art. 16 (erasure; not checked against the official text).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import MAXYEAR, UTC, datetime

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from pki.audit.entry import present
from pki.clock import Clock
from pki.errors.certificates import (
    CertificateErasedError,
    ErasureForbiddenError,
    ErasureTooEarlyError,
)
from pki.profile import AUDIT_LOG
from pki.records.audit import AuditEvent
from pki.records.certificates import (
    EVIDENCE_PROFILES,
    RETENTION_YEARS,
    CertificateRecord,
    ErasureReason,
    ErasureRecord,
    serial_text,
)
from pki.records.changes import Erase, Step
from pki.records.register import Register

_EVIDENCE = {
    ExtendedKeyUsageOID.OCSP_SIGNING,
    ExtendedKeyUsageOID.TIME_STAMPING,
    x509.ObjectIdentifier(AUDIT_LOG),
}


def end_of_retention(not_after: datetime, years: int) -> datetime:
    """Return until when a certificate must be kept; one without an end for ever, as it were."""
    if not_after.year + years > MAXYEAR:
        return datetime(MAXYEAR, 12, 31, tzinfo=UTC)
    try:
        return not_after.replace(year=not_after.year + years)
    except ValueError:  # the 29th of February
        return not_after.replace(year=not_after.year + years, month=3, day=1)


def check_erasable(
    register: Register, record: CertificateRecord, now: datetime, *, years: int = RETENTION_YEARS
) -> None:
    """Refuse to erase what may not be erased now.

    Args:
        register: where the record is.
        record: of a serial that is not merely reserved.
        now: the moment of the erasure.
        years: after the certificate's end; fewer than `RETENTION_YEARS` count as those.

    Raises:
        CertificateErasedError: its content was erased.
        ErasureForbiddenError: it stands for others.
        ErasureTooEarlyError: it must be kept longer.
    """
    check_not_erased(register, record)
    serial = serial_text(record.serial)
    if _is_evidence(register, record):
        raise ErasureForbiddenError(serial=serial)
    until = end_of_retention(record.not_after, max(years, RETENTION_YEARS))
    if now <= until:
        raise ErasureTooEarlyError(serial=serial, until=until)


def check_not_erased(register: Register, record: CertificateRecord) -> None:
    """Refuse to go on with a certificate whose content is gone.

    Raises:
        CertificateErasedError: it is.
    """
    erasure = register.find_erasure(record.issuer, record.serial)
    if erasure is not None:
        raise CertificateErasedError(serial=serial_text(record.serial), erased_at=erasure.at)


def erase(
    register: Register,
    clock: Clock,
    records: Sequence[CertificateRecord],
    *,
    reason: ErasureReason,
    requester: str,
    years: int = RETENTION_YEARS,
) -> tuple[ErasureRecord, ...]:
    """Erase the content of certificates, for good: of all of them, or of none.

    Raises:
        CertificateErasedError, ErasureForbiddenError, ErasureTooEarlyError: as `check_erasable`.
        ClockBeforeRecordError: the clock was set back.
        RegisterConflictError: another process erased one meanwhile.
    """
    now = present(register, clock)
    for record in records:
        check_erasable(register, record, now, years=years)
    steps = [_step(record, now, reason, requester) for record in records]
    register.commit_all(steps)
    return tuple(
        change.record for step in steps for change in step.changes if isinstance(change, Erase)
    )


def is_rightly_empty(register: Register, record: CertificateRecord) -> bool:
    """Say whether a record of what was issued is empty because it was erased, and whole as such."""
    if record.der != b"" or record.tbs_der != b"" or record.subject != "":
        return False
    erasure = register.find_erasure(record.issuer, record.serial)
    hashes = (record.fingerprint or "", erasure.tbs_sha256 if erasure is not None else "")
    return all(re.fullmatch("[0-9a-f]{64}", one) for one in hashes)


def _step(record: CertificateRecord, now: datetime, reason: ErasureReason, requester: str) -> Step:
    digest = hashlib.sha256(record.tbs_der).hexdigest()
    erasure = ErasureRecord(record.issuer, record.serial, now, digest, reason)
    facts = {
        "issuer": record.issuer,
        "serial": serial_text(record.serial),
        "tbs_sha256": digest,
    }
    event = AuditEvent(now, requester, "certificate.erase", tuple(facts.items()))
    return Step((Erase(erasure),), event)


def _is_evidence(register: Register, record: CertificateRecord) -> bool:
    if record.profile in {
        *EVIDENCE_PROFILES,
        *(one.profile for one in register.list_authorities()),
    }:
        return True
    return bool(record.der) and vouches(x509.load_der_x509_certificate(record.der or b""))


def vouches(certificate: x509.Certificate) -> bool:
    """Say whether documents are judged by a certificate: an authority's, a service's."""
    try:
        found = {type(one.value): one.value for one in certificate.extensions}
    except (ValueError, x509.DuplicateExtension):
        return True  # what cannot be read is not known to stand for nobody
    constraints = found.get(x509.BasicConstraints)
    usages = found.get(x509.ExtendedKeyUsage)
    authority = isinstance(constraints, x509.BasicConstraints) and constraints.ca
    return authority or (
        isinstance(usages, x509.ExtendedKeyUsage) and not _EVIDENCE.isdisjoint(usages)
    )
