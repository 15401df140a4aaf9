"""What the authority records, and the seam to where it is recorded.

Records are values: frozen, already checked, ignorant of any database. A `Register` stores them;
`pki.register` implements it. Every change goes through `Register.commit`, together with the audit
event that tells of it: there is no way to change the record silently. Nothing is ever deleted;
what a certificate says of a person may be emptied when nobody need keep it any more (`Erase`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from pki.clock import ClockBounds
from pki.records.audit import AuditEntry, AuditEvent
from pki.records.authorities import AuthorityCertificate, AuthorityRecord, SuccessionRecord
from pki.records.certificates import (
    CertificateQuery,
    CertificateRecord,
    ErasureRecord,
    ForeignCertificate,
    RevocationRecord,
    StatusChange,
)
from pki.records.changes import Change, Step
from pki.records.lists import CRLFloor, CRLHead, CRLRecord, Listed, Snapshot


class Register(Protocol):
    """The durable record.

    Every method raises `RegisterBusyError`, `RegisterFullError`, `RegisterUnreachableError` or
    `NotARegisterError` when the store behind it fails.
    """

    @property
    def clock_bounds(self) -> ClockBounds:
        """How far a clock may be from what is known here (`pki.audit.entry.check_clock`)."""
        ...

    def server_time(self) -> datetime | None:
        """Return the present by the clock of the register's server; None for one in a file."""
        ...

    def commit(self, changes: Sequence[Change], event: AuditEvent) -> None:
        """Apply all changes and append the event, durably, or change nothing.

        Raises:
            RegisterConflictError: a change does not fit the present state.
            AlreadyRevokedError: a serial to be revoked is revoked.
            RefusedError: a change of status does not follow, as `pki.transitions` says.
            KeyUsedElsewhereError: the key of a reservation certifies another subject.
            KeyCompromisedError: a certificate of that key was revoked for its compromise.
            HolderLimitError: its holder has as many certificates as a reservation says.
            RequestOpenError: another serial was reserved for a request of that id.
        """
        ...

    def commit_all(self, steps: Sequence[Step]) -> None:
        """Take several steps in one transaction, in their order: all of them, or none.

        Raises:
            PKIError: as `commit`, of whichever step.
        """
        ...

    def find_authority(self, name: str) -> AuthorityRecord | None:
        """Return the authority of that name."""
        ...

    def list_authorities(self) -> tuple[AuthorityRecord, ...]:
        """Return all authorities, oldest first."""
        ...

    def authority_certificates(self) -> tuple[AuthorityCertificate, ...]:
        """Return what `list_authorities` says of their certificates, in any order."""
        ...

    def find_succession(self, name: str) -> SuccessionRecord | None:
        """Return who goes on in an authority's place; None for one that still issues."""
        ...

    def find_certificate(self, issuer: str, serial: int) -> CertificateRecord | None:
        """Return what is recorded under the serial."""
        ...

    def find_request(self, issuer: str, request_id: str) -> CertificateRecord | None:
        """Return what is recorded of the request that was given this id."""
        ...

    def needed_approvals(self, issuer: str, serial: int) -> int:
        """Return how many approvals the serial's certificate was issued with; 0 for none."""
        ...

    def find_erasure(self, issuer: str, serial: int) -> ErasureRecord | None:
        """Return when and why the content of the serial's certificate was erased."""
        ...

    def find_certificates(self, query: CertificateQuery) -> tuple[CertificateRecord, ...]:
        """Return the records that match, in the order of their reservation."""
        ...

    def find_revocation(self, issuer: str, serial: int) -> RevocationRecord | None:
        """Return what a revocation list says of the serial now: its revocation, or its hold."""
        ...

    def status_changes(self, issuer: str, serial: int) -> tuple[StatusChange, ...]:
        """Return everything that happened to the serial's status, oldest first."""
        ...

    def list_revocations(self, issuer: str) -> tuple[RevocationRecord, ...]:
        """Return one snapshot of what is revoked or on hold now, in order of sequence."""
        ...

    def last_sequence(self) -> int:
        """Return the sequence of the last revocation or change of status; 0 before the first."""
        ...

    def list_entries(self, snapshot: Snapshot) -> Iterator[Listed]:
        """Yield the entries of a list, always in the same order; close it if it is left early."""
        ...

    def last_crl_number(self, issuer: str) -> int:
        """Return the highest number that was reserved for a list; 0 before the first."""
        ...

    def newest_crl(
        self, issuer: str, *, delta: bool = False, before: int | None = None
    ) -> CRLRecord | None:
        """Return the full or delta list with the highest number, or the highest below `before`."""
        ...

    def newest_crl_head(self, issuer: str, *, delta: bool = False) -> CRLHead | None:
        """Return number and times of the full or delta list with the highest number."""
        ...

    def find_crl(self, issuer: str, number: int) -> CRLRecord | None:
        """Return the list of that number."""
        ...

    def crl_floor(self, issuer: str) -> CRLFloor | None:
        """Return how far the issuer's lists had come before it was brought here."""
        ...

    def find_foreign(self, issuer_sha256: str, serial: int) -> ForeignCertificate | None:
        """Return some other authority's certificate, by the hash of its name and the serial."""
        ...

    def list_foreign(self) -> tuple[ForeignCertificate, ...]:
        """Return all certificates of other authorities, those that end first before the others."""
        ...

    def last_audit_entry(self) -> AuditEntry | None:
        """Return the newest entry of the audit log."""
        ...

    def last_audit_time(self) -> datetime | None:
        """Return when the newest entry of the audit log was written."""
        ...

    def audit_entries(self, *, after: int | None = None) -> Iterator[AuditEntry]:
        """Yield the whole audit log, or what follows entry number `after`."""
        ...

    def find_audit_entries(self, sequences: Sequence[int]) -> tuple[AuditEntry, ...]:
        """Return those of these entries that there are, in order."""
        ...

    def search_audit(self, fragment: bytes) -> tuple[AuditEntry, ...]:
        """Return the entries whose content holds these octets, in order. Reads the whole log."""
        ...
