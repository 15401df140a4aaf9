"""Changes to the record, one type each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from pki.records.audit import AuditEvent
from pki.records.authorities import AuthorityRecord, SuccessionRecord
from pki.records.certificates import (
    CertificateRecord,
    ErasureRecord,
    ForeignCertificate,
    RevocationRecord,
    StatusChange,
)
from pki.records.events import RecordEvent
from pki.records.lists import CRLFloor, CRLRecord
from pki.records.notices import NoticeChange
from pki.records.people import Entry
from pki.records.personal import PersonalChange
from pki.records.plans import PlanChange
from pki.records.requests import RequestChange
from pki.records.watching import WatchedStatus, WatchedSubject, WatchRound


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
    subject: WatchedSubject | None = None
    """Of whom it speaks; it is followed only where this is told."""


@dataclass(frozen=True, slots=True)
class Follow:
    """What an issuer said of certificates that are followed, and that it was asked."""

    statuses: tuple[WatchedStatus, ...] = ()
    round: WatchRound | None = None


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


@dataclass(frozen=True, slots=True)
class EnterRecord:
    """A new version of an agency, a person, a post, a device, an assignment."""

    record: Entry
    alone: bool = False
    """Whether how it stands beside the others is asked in the transaction again: of an entry by
    itself. Those of a file stand beside each other, and are looked through as a whole."""


AuthorityChange = (
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
    | Follow
    | Erase
)
"""Of authorities, certificates and lists."""
OfficeChange = (
    EnterRecord | RequestChange | RecordEvent | PersonalChange | NoticeChange | PlanChange
)
"""Of the rooms beside the authority."""
Change = AuthorityChange | OfficeChange
"""Each room beside the authority has its own."""


class Step(NamedTuple):
    """Changes, and the event that tells of them."""

    changes: tuple[Change, ...]
    event: AuditEvent
