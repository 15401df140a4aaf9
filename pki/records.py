"""What the authority records, and the seam to where it is recorded.

Records are values: frozen, already checked, ignorant of any database. A `Register` stores them;
`pki.register` implements it. Every change goes through `Register.commit`, together with the audit
event that tells of it: there is no way to change the record silently. Nothing is ever deleted;
what a certificate says of a person may be emptied when nobody need keep it any more (`Erase`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from cryptography import x509

from pki.clock import ClockBounds


class CertificateState(StrEnum):
    """How far a serial has come."""

    RESERVED = "reserved"
    """Its to-be-signed bytes are recorded; a signature may or may not exist."""
    ISSUED = "issued"
    REVOKED = "revoked"
    ABANDONED = "abandoned"
    """Never released. If a signature may exist, a revocation record stands beside it."""


@dataclass(frozen=True, slots=True)
class AuthorityRecord:
    """One authority: its certificate, and where its key is."""

    name: str
    """Short name; stands in the addresses of its CRL and its certificate."""
    certificate_der: bytes
    key_uri: str
    parent: str | None
    """Name of the authority above; None for a root."""
    profile: str
    crl_lifetime: timedelta
    created_at: datetime
    delta_lifetime: timedelta | None = None
    """How long a delta list lasts; None for an authority that makes none."""


@dataclass(frozen=True, slots=True)
class SuccessionRecord:
    """An authority that is retired for issuing, and the one that goes on in its place."""

    name: str
    successor: str
    retired_at: datetime


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """One serial of one issuer, from its reservation on.

    Of a certificate that was erased, `tbs_der`, `der`, `subject` and `requester` are empty, the id
    and hash of its request are None, and everything else is as it was; an `ErasureRecord` tells.
    """

    issuer: str
    serial: int
    state: CertificateState
    tbs_der: bytes
    """What was linted, and the only thing that may be signed under this serial."""
    der: bytes | None
    subject: str
    """RFC 4514 text."""
    profile: str
    not_before: datetime
    not_after: datetime
    fingerprint: str | None
    """SHA-256 of `der`, lower-case hex."""
    spki_sha256: str
    requester: str
    reserved_at: datetime
    request_id: str | None = None
    """As whoever asked named the request; no other of this issuer has it."""
    request_sha256: str | None = None
    """Of what was asked for under it, lower-case hex."""

    @property
    def was_issued(self) -> bool:
        """Whether a certificate of this serial was released, erased since or not."""
        return self.fingerprint is not None


RETENTION_YEARS = 5
"""How long after its end a certificate's content is kept at least, whatever is configured."""


EVIDENCE_PROFILES = (
    *("root", "issuing", "subordinate", "cross"),
    *("ocsp", "timestamp", "audit"),
)
"""Built-in profiles whose certificates are evidence for other documents: never erased."""


class ErasureReason(StrEnum):
    """Why a certificate's content was erased; two words, as an erasure is itself kept for good."""

    RETENTION = "retention"
    """The time for which it had to be kept is over."""
    REQUEST = "request"
    """Whom it speaks of asked for it."""


@dataclass(frozen=True, slots=True)
class ErasureRecord:
    """The content of a certificate was erased; that it existed was not."""

    issuer: str
    serial: int
    at: datetime
    tbs_sha256: str
    """Of the to-be-signed bytes that were there, lower-case hex; the audit log has the same."""
    reason: ErasureReason


@dataclass(frozen=True, slots=True)
class RevocationRecord:
    """What a revocation list says of a certificate: since when, and why.

    It changes in two ways alone: a hold is released or becomes a revocation, and the reason of a
    revocation becomes keyCompromise. Its date stays (X.509 (2019) §9.5.3.1: that of the hold).
    """

    issuer: str
    serial: int
    reason: x509.ReasonFlags
    revoked_at: datetime
    invalidity_date: datetime | None = None
    sequence: int = 0
    """Order in which the register took it; 0 until it is stored. A CRL says how far it reaches
    with this number and not with a time, so nothing falls between two lists."""


class StatusKind(StrEnum):
    """What happened to the status of a certificate."""

    HOLD = "hold"
    RELEASE = "release"
    REVOKE = "revoke"
    UPGRADE = "upgrade"
    """The reason of a revocation became keyCompromise."""


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One step in the life of a certificate. Never changes, and none is ever taken out."""

    issuer: str
    serial: int
    kind: StatusKind
    at: datetime
    """When it was recorded."""
    reason: x509.ReasonFlags
    """certificateHold for a hold; removeFromCRL for a release, as a delta list tells it."""
    invalidity_date: datetime | None = None
    sequence: int = 0
    """As in a `RevocationRecord`; revocations and changes count together."""


@dataclass(frozen=True, slots=True)
class CRLHead:
    """What is asked of an issued list again and again: 50 MB of octets are not read for it."""

    issuer: str
    number: int
    this_update: datetime
    next_update: datetime


@dataclass(frozen=True, slots=True)
class CRLRecord:
    """One issued revocation list."""

    issuer: str
    number: int
    this_update: datetime
    next_update: datetime
    der: bytes
    last_sequence: int
    """Sequence of the last change of any status that it tells of; 0 where there was none."""
    base_number: int | None = None
    """Of a delta list, the number of the full list that it adds to; None for a full list."""


Listed = tuple[str, str, datetime, datetime | None]
"""An entry of a list as it comes out of the register, a million of them without an object more:
serial (`serial_text`), name of the reason, revocation date, invalidity date; instants in UTC."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is revoked or on hold at one point of the register's order.

    Nothing that was recorded is ever changed, so the same snapshot tells the same for ever.
    """

    issuer: str
    upto: int
    """Sequence of the last change that counts."""
    after: int | None = None
    """For a delta list: only what changed after this sequence, and the holds that ended."""


@dataclass(frozen=True, slots=True)
class CRLFloor:
    """How far the lists of an authority had come before it was brought here."""

    issuer: str
    number: int
    """Highest CRL number there was; every list of ours bears a higher one."""
    this_update: datetime | None
    """Of the newest list there was; no list of ours is of a time before."""
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class ForeignCertificate:
    """A certificate that some other authority issued, watched and never counted as ours."""

    fingerprint: str
    """SHA-256 of `der`, lower-case hex."""
    issuer_sha256: str
    """Of the DER of the issuer's name, lower-case hex; with the serial, at most one certificate."""
    serial: int
    issuer: str
    """RFC 4514 text."""
    subject: str
    not_before: datetime
    not_after: datetime
    der: bytes
    requester: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """What happened, by whom; `facts` hold serials and hashes, never personal data."""

    at: datetime
    actor: str
    action: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An event as it stands in the log (`pki.audit` builds and verifies it), a leaf of its tree."""

    sequence: int
    at: datetime
    content: bytes
    """Canonical JSON of the event and its sequence."""
    subtrees: bytes
    """Hashes of the perfect subtrees of 1, 2, 4, … leaves that end with this entry, one after the
    other; the first is the leaf's own."""


@dataclass(frozen=True, slots=True)
class ClaimName:
    """Open a name under which serials are unique and CRL numbers rise; harmless if it is open."""

    name: str


@dataclass(frozen=True, slots=True)
class Reserve:
    """Write ahead: a record in state `reserved`."""

    record: CertificateRecord
    replaces: int | None = None
    """Serial that must be neither revoked nor on hold, of the same issuer or of `replaced_of`."""
    replaced_of: str | None = None
    """The authority before this one in succession, where that issued what is replaced."""
    by_retired: bool = False
    """Whether an authority that is retired for issuing may do this; its OCSP signers alone."""
    at_most: int | None = None
    """How many certificates of the record's profile its holder may have in force, this one counted;
    what it replaces is not. None for any number."""


@dataclass(frozen=True, slots=True)
class Complete:
    """The certificate of a reserved serial."""

    issuer: str
    serial: int
    der: bytes
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Abandon:
    """A reserved serial that will not be completed."""

    issuer: str
    serial: int


@dataclass(frozen=True, slots=True)
class Revoke:
    """Revoke an issued or abandoned serial."""

    record: RevocationRecord
    held_until: datetime | None = None
    """Now, where this ends a hold; the record then bears the date of the hold."""


@dataclass(frozen=True, slots=True)
class ChangeStatus:
    """Hold or release a certificate, or raise the reason of its revocation to keyCompromise."""

    change: StatusChange


@dataclass(frozen=True, slots=True)
class AddAuthority:
    """An authority whose certificate is complete."""

    record: AuthorityRecord


@dataclass(frozen=True, slots=True)
class Retire:
    """An authority issues no more: another one goes on in its place. For good."""

    record: SuccessionRecord


@dataclass(frozen=True, slots=True)
class ImportCertificate:
    """A certificate that was issued before its authority was brought here.

    A record in state `abandoned`, without DER, is a serial whose certificate nobody has any more.
    What holds for a reservation (whose key it is, who issues) is not asked: it exists.
    """

    record: CertificateRecord


@dataclass(frozen=True, slots=True)
class RaiseCRLFloor:
    """How far an authority's lists had come before it was brought here; only ever further."""

    floor: CRLFloor


@dataclass(frozen=True, slots=True)
class Watch:
    """A certificate of some other authority."""

    record: ForeignCertificate


@dataclass(frozen=True, slots=True)
class Erase:
    """Empty the personal content of a certificate's record, for good."""

    record: ErasureRecord


@dataclass(frozen=True, slots=True)
class ReserveCRLNumber:
    """Take a number for a list, full or delta, before it is signed: higher than any before."""

    issuer: str
    number: int


@dataclass(frozen=True, slots=True)
class StoreCRL:
    """A revocation list, its number reserved and higher than that of any other stored."""

    record: CRLRecord


Change = (
    ClaimName
    | Reserve
    | Complete
    | Abandon
    | Revoke
    | ChangeStatus
    | AddAuthority
    | Retire
    | ReserveCRLNumber
    | StoreCRL
    | ImportCertificate
    | RaiseCRLFloor
    | Watch
    | Erase
)


class Step(NamedTuple):
    """Changes, and the event that tells of them."""

    changes: tuple[Change, ...]
    event: AuditEvent


@dataclass(frozen=True, slots=True)
class CertificateQuery:
    """Which certificates to find; what is None does not narrow."""

    issuer: str | None = None
    state: CertificateState | None = None
    profile: str | None = None
    spki_sha256: str | None = None
    not_after_from: datetime | None = None
    not_after_before: datetime | None = None
    text: str | None = None
    """Words that all stand in the subject, in any order; accents and case do not count."""
    limit: int | None = None
    """How many at most."""
    after: tuple[str, int] | None = None
    """Issuer and serial of the record after which to go on: the last of the page before."""


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

    def find_succession(self, name: str) -> SuccessionRecord | None:
        """Return who goes on in an authority's place; None for one that still issues."""
        ...

    def find_certificate(self, issuer: str, serial: int) -> CertificateRecord | None:
        """Return what is recorded under the serial."""
        ...

    def find_request(self, issuer: str, request_id: str) -> CertificateRecord | None:
        """Return what is recorded of the request that was given this id."""
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

    def audit_entries(self, *, after: int | None = None) -> Iterator[AuditEntry]:
        """Yield the whole audit log, or what follows entry number `after`."""
        ...

    def find_audit_entries(self, sequences: Sequence[int]) -> tuple[AuditEntry, ...]:
        """Return those of these entries that there are, in order."""
        ...

    def search_audit(self, fragment: bytes) -> tuple[AuditEntry, ...]:
        """Return the entries whose content holds these octets, in order. Reads the whole log."""
        ...


def serial_text(serial: int) -> str:
    """Return the serial as it is shown and stored: lower-case hex, even number of digits."""
    text = f"{serial:x}"
    return text if len(text) % 2 == 0 else f"0{text}"
