"""The register's tables.

The models declare tables and nothing else: a table model checks nothing, so rows are written from
checked records only, whose fields have the names of the columns. Reading and writing goes by
tables, not by models: issuing a certificate took 8.1 ms of processor time with the models' unit of
work, 5.0 ms without (two shared cores).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from cryptography import x509
from sqlalchemy import (
    BigInteger,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from pki.records.certificates import CertificateState, ErasureReason, StatusKind
from pki.register.columns import (
    ErasureText,
    KindText,
    ReasonText,
    Seconds,
    SerialText,
    StateText,
    UTCDateTime,
)

SCHEMA_VERSION = 2
"""Version of these tables; `pki.register.migrations` has a revision of the same number."""

_GIVEN = {"autoincrement": False}
"""A number that the register gives, without a gap; not one that the database counts."""
_Counted = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts in INTEGER keys alone; and such a key is the row's own number, where one of another
type is an index beside the table, written each time."""


_UNISSUED = text("state <> 'issued'")


class SchemaRow(SQLModel, table=True):
    """Which version of these tables the database holds; one row."""

    __tablename__: ClassVar[str] = "schema_version"
    version: int = Field(primary_key=True, sa_column_kwargs=_GIVEN)
    created_at: datetime = Field(sa_type=UTCDateTime)


class NameRow(SQLModel, table=True):
    """A name within which serials are unique."""

    __tablename__: ClassVar[str] = "issuer_names"
    name: str = Field(primary_key=True)


class AuthorityRow(SQLModel, table=True):
    """An authority."""

    __tablename__: ClassVar[str] = "authorities"
    name: str = Field(primary_key=True, foreign_key="issuer_names.name")
    certificate_der: bytes
    key_uri: str
    parent: str | None = Field(foreign_key="authorities.name")
    profile: str
    crl_lifetime: timedelta = Field(sa_type=Seconds)
    created_at: datetime = Field(sa_type=UTCDateTime)
    delta_lifetime: timedelta | None = Field(sa_type=Seconds)


class SuccessionRow(SQLModel, table=True):
    """An authority that is retired for issuing."""

    __tablename__: ClassVar[str] = "successions"
    name: str = Field(primary_key=True, foreign_key="authorities.name")
    successor: str = Field(foreign_key="authorities.name")
    retired_at: datetime = Field(sa_type=UTCDateTime)


class CertificateRow(SQLModel, table=True):
    """A serial, from its reservation on."""

    model_config = {"arbitrary_types_allowed": True}
    __tablename__: ClassVar[str] = "certificates"
    __table_args__ = (
        UniqueConstraint("issuer", "serial"),
        # Read from end to end, not looked up in: it is a small part of the table, and with the
        # number of the row in it PostgreSQL, too, reads nothing else (12 ms instead of 100). The
        # number first: a new row is written beside the last one, not to a page somewhere; and one
        # index for both is one page less to write than two.
        Index("ix_certificates_searched", "id", "not_after", "subject_folded"),
        # Nearly all are issued, and are not found by that. What is reserved is so for a moment.
        Index(
            "ix_certificates_unissued", "state", sqlite_where=_UNISSUED, postgresql_where=_UNISSUED
        ),
        # Most requests have no id, and cost nothing here.
        Index(
            "ix_certificates_request",
            *("issuer", "request_id"),
            unique=True,
            sqlite_where=text("request_id IS NOT NULL"),
            postgresql_where=text("request_id IS NOT NULL"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=_Counted)
    issuer: str = Field(foreign_key="issuer_names.name")
    serial: int = Field(sa_type=SerialText)
    state: CertificateState = Field(sa_type=StateText)
    tbs_der: bytes
    der: bytes | None
    subject: str
    profile: str
    not_before: datetime = Field(sa_type=UTCDateTime)
    not_after: datetime = Field(sa_type=UTCDateTime)
    fingerprint: str | None
    spki_sha256: str = Field(index=True)
    requester: str
    reserved_at: datetime = Field(sa_type=UTCDateTime)
    subject_folded: str = Field(sa_column_kwargs={"server_default": ""})
    """The subject as it is searched (`pki.register.folding`)."""
    holder: str = Field(index=True, sa_column_kwargs={"server_default": ""})
    """Whom it speaks of (`pki.holder`)."""
    follows: int | None = Field(default=None, sa_type=BigInteger)
    """Row of the certificate that it replaced."""
    request_id: str | None
    request_sha256: str | None


class ErasureRow(SQLModel, table=True):
    """A certificate whose content was erased."""

    model_config = {"arbitrary_types_allowed": True}
    __tablename__: ClassVar[str] = "erasures"
    __table_args__ = (
        ForeignKeyConstraint(["issuer", "serial"], ["certificates.issuer", "certificates.serial"]),
    )
    issuer: str = Field(primary_key=True)
    serial: int = Field(primary_key=True, sa_type=SerialText, sa_column_kwargs=_GIVEN)
    at: datetime = Field(sa_type=UTCDateTime)
    tbs_sha256: str
    reason: ErasureReason = Field(sa_type=ErasureText)


class RevocationRow(SQLModel, table=True):
    """A revocation."""

    model_config = {"arbitrary_types_allowed": True}
    __tablename__: ClassVar[str] = "revocations"
    __table_args__ = (
        UniqueConstraint("issuer", "serial"),
        ForeignKeyConstraint(["issuer", "serial"], ["certificates.issuer", "certificates.serial"]),
    )
    sequence: int = Field(primary_key=True, sa_type=_Counted, sa_column_kwargs=_GIVEN)
    issuer: str
    serial: int = Field(sa_type=SerialText)
    reason: x509.ReasonFlags = Field(sa_type=ReasonText)
    revoked_at: datetime = Field(sa_type=UTCDateTime)
    invalidity_date: datetime | None = Field(sa_type=UTCDateTime)


class StatusChangeRow(SQLModel, table=True):
    """A hold, its end, or a graver reason; a revocation that ended no hold is a row above alone."""

    model_config = {"arbitrary_types_allowed": True}
    __tablename__: ClassVar[str] = "status_changes"
    __table_args__ = (
        ForeignKeyConstraint(["issuer", "serial"], ["certificates.issuer", "certificates.serial"]),
        Index("ix_status_changes_of", "issuer", "serial", "sequence"),
    )
    sequence: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs=_GIVEN)
    issuer: str
    serial: int = Field(sa_type=SerialText)
    kind: StatusKind = Field(sa_type=KindText)
    at: datetime = Field(sa_type=UTCDateTime)
    reason: x509.ReasonFlags = Field(sa_type=ReasonText)
    invalidity_date: datetime | None = Field(sa_type=UTCDateTime)


class CRLNumberRow(SQLModel, table=True):
    """A number that a revocation list has, or would have had."""

    __tablename__: ClassVar[str] = "crl_numbers"
    issuer: str = Field(primary_key=True, foreign_key="issuer_names.name")
    number: int = Field(primary_key=True, sa_type=BigInteger)


class CRLRow(SQLModel, table=True):
    """An issued revocation list."""

    __tablename__: ClassVar[str] = "crls"
    issuer: str = Field(primary_key=True, foreign_key="issuer_names.name")
    number: int = Field(primary_key=True, sa_type=BigInteger)
    this_update: datetime = Field(sa_type=UTCDateTime)
    next_update: datetime = Field(sa_type=UTCDateTime)
    der: bytes
    last_sequence: int = Field(sa_type=BigInteger)
    base_number: int | None = Field(sa_type=BigInteger)
    """Of a delta list."""


class CRLFloorRow(SQLModel, table=True):
    """How far the lists of an authority had come before it was brought here."""

    __tablename__: ClassVar[str] = "crl_floors"
    issuer: str = Field(primary_key=True, foreign_key="issuer_names.name")
    number: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs=_GIVEN)
    this_update: datetime | None = Field(sa_type=UTCDateTime)
    recorded_at: datetime = Field(primary_key=True, sa_type=UTCDateTime)


class ForeignCertificateRow(SQLModel, table=True):
    """A certificate of some other authority."""

    __tablename__: ClassVar[str] = "foreign_certificates"
    __table_args__ = (UniqueConstraint("issuer_sha256", "serial"),)
    fingerprint: str = Field(primary_key=True)
    issuer_sha256: str
    serial: int = Field(sa_type=SerialText)
    issuer: str
    subject: str
    not_before: datetime = Field(sa_type=UTCDateTime)
    not_after: datetime = Field(sa_type=UTCDateTime, index=True)
    der: bytes
    requester: str
    recorded_at: datetime = Field(sa_type=UTCDateTime)


class AuditRow(SQLModel, table=True):
    """An entry of the audit log."""

    __tablename__: ClassVar[str] = "audit"
    sequence: int = Field(primary_key=True, sa_type=_Counted, sa_column_kwargs=_GIVEN)
    at: datetime = Field(sa_type=UTCDateTime)
    content: bytes
    subtrees: bytes


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]


SCHEMA = _table(SchemaRow)
NAMES = _table(NameRow)
AUTHORITIES = _table(AuthorityRow)
SUCCESSIONS = _table(SuccessionRow)
CERTIFICATES = _table(CertificateRow)
ERASURES = _table(ErasureRow)
REVOCATIONS = _table(RevocationRow)
STATUS_CHANGES = _table(StatusChangeRow)
CRL_NUMBERS = _table(CRLNumberRow)
CRLS = _table(CRLRow)
CRL_FLOORS = _table(CRLFloorRow)
FOREIGN_CERTIFICATES = _table(ForeignCertificateRow)
AUDIT = _table(AuditRow)
