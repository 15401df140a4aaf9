"""Records to rows and back."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509

from pki.records import (
    AuditEntry,
    AuthorityRecord,
    CertificateRecord,
    CertificateState,
    CRLRecord,
    RevocationRecord,
    serial_text,
)
from pki.register.tables import AuditRow, AuthorityRow, CertificateRow, CRLRow, RevocationRow


def authority_row(record: AuthorityRecord) -> AuthorityRow:
    """Return the row of an authority."""
    return AuthorityRow(
        name=record.name,
        certificate_der=record.certificate_der,
        key_uri=record.key_uri,
        parent=record.parent,
        profile=record.profile,
        crl_lifetime_seconds=int(record.crl_lifetime.total_seconds()),
        created_at=record.created_at,
    )


def authority_record(row: AuthorityRow) -> AuthorityRecord:
    """Return the authority of a row."""
    return AuthorityRecord(
        name=row.name,
        certificate_der=row.certificate_der,
        key_uri=row.key_uri,
        parent=row.parent,
        profile=row.profile,
        crl_lifetime=timedelta(seconds=row.crl_lifetime_seconds),
        created_at=row.created_at,
    )


def certificate_row(record: CertificateRecord) -> CertificateRow:
    """Return the row of a certificate."""
    return CertificateRow(
        issuer=record.issuer,
        serial=serial_text(record.serial),
        state=record.state.value,
        tbs_der=record.tbs_der,
        der=record.der,
        subject=record.subject,
        profile=record.profile,
        not_before=record.not_before,
        not_after=record.not_after,
        fingerprint=record.fingerprint,
        spki_sha256=record.spki_sha256,
        requester=record.requester,
        reserved_at=record.reserved_at,
    )


def certificate_record(row: CertificateRow) -> CertificateRecord:
    """Return the certificate of a row."""
    return CertificateRecord(
        issuer=row.issuer,
        serial=int(row.serial, 16),
        state=CertificateState(row.state),
        tbs_der=row.tbs_der,
        der=row.der,
        subject=row.subject,
        profile=row.profile,
        not_before=row.not_before,
        not_after=row.not_after,
        fingerprint=row.fingerprint,
        spki_sha256=row.spki_sha256,
        requester=row.requester,
        reserved_at=row.reserved_at,
    )


def revocation_row(record: RevocationRecord) -> RevocationRow:
    """Return the row of a revocation; the database gives its sequence."""
    return RevocationRow(
        issuer=record.issuer,
        serial=serial_text(record.serial),
        reason=record.reason.value,
        revoked_at=record.revoked_at,
        invalidity_date=record.invalidity_date,
    )


def revocation_record(row: RevocationRow) -> RevocationRecord:
    """Return the revocation of a row."""
    return RevocationRecord(
        issuer=row.issuer,
        serial=int(row.serial, 16),
        reason=x509.ReasonFlags(row.reason),
        revoked_at=row.revoked_at,
        invalidity_date=row.invalidity_date,
        sequence=row.sequence or 0,
    )


def crl_row(record: CRLRecord) -> CRLRow:
    """Return the row of a revocation list."""
    return CRLRow(
        issuer=record.issuer,
        number=record.number,
        this_update=record.this_update,
        next_update=record.next_update,
        der=record.der,
        last_sequence=record.last_sequence,
    )


def crl_record(row: CRLRow) -> CRLRecord:
    """Return the revocation list of a row."""
    return CRLRecord(
        issuer=row.issuer,
        number=row.number,
        this_update=row.this_update,
        next_update=row.next_update,
        der=row.der,
        last_sequence=row.last_sequence,
    )


def audit_row(entry: AuditEntry) -> AuditRow:
    """Return the row of an audit entry."""
    return AuditRow(
        sequence=entry.sequence,
        at=entry.at,
        content=entry.content,
        leaf_hash=entry.leaf_hash,
        chain_hash=entry.chain_hash,
    )


def audit_entry(row: AuditRow) -> AuditEntry:
    """Return the audit entry of a row."""
    return AuditEntry(
        sequence=row.sequence,
        at=row.at,
        content=row.content,
        leaf_hash=row.leaf_hash,
        chain_hash=row.chain_hash,
    )
