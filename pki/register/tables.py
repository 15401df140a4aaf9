"""The register's tables. Rows are built from checked records only: a table model checks nothing.

Instants are stored as UTC without a zone and read back with one; serials as lower-case hex.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from sqlalchemy import BigInteger, Dialect, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.types import DateTime, TypeDecorator
from sqlmodel import Field, SQLModel

SCHEMA_VERSION = 1


class UTCDateTime(TypeDecorator[datetime]):
    """An aware UTC instant on every engine: SQLite forgets time zones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  SQLAlchemy's signature
        """Store as UTC without a zone."""
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  SQLAlchemy's signature
        """Read back as UTC."""
        return value.replace(tzinfo=UTC) if value else None


class SchemaRow(SQLModel, table=True):
    """Which version of these tables the database holds; one row."""

    __tablename__: ClassVar[str] = "schema_version"
    version: int = Field(primary_key=True)
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
    crl_lifetime_seconds: int = Field(sa_type=BigInteger)
    created_at: datetime = Field(sa_type=UTCDateTime)


class CertificateRow(SQLModel, table=True):
    """A serial, from its reservation on."""

    __tablename__: ClassVar[str] = "certificates"
    __table_args__ = (UniqueConstraint("issuer", "serial"),)
    id: int | None = Field(default=None, primary_key=True)
    issuer: str = Field(foreign_key="issuer_names.name")
    serial: str
    state: str = Field(index=True)
    tbs_der: bytes
    der: bytes | None
    subject: str
    profile: str
    not_before: datetime = Field(sa_type=UTCDateTime)
    not_after: datetime = Field(sa_type=UTCDateTime, index=True)
    fingerprint: str | None
    spki_sha256: str = Field(index=True)
    requester: str
    reserved_at: datetime = Field(sa_type=UTCDateTime)


class RevocationRow(SQLModel, table=True):
    """A revocation."""

    __tablename__: ClassVar[str] = "revocations"
    __table_args__ = (
        UniqueConstraint("issuer", "serial"),
        ForeignKeyConstraint(["issuer", "serial"], ["certificates.issuer", "certificates.serial"]),
    )
    sequence: int | None = Field(default=None, primary_key=True)
    issuer: str
    serial: str
    reason: str
    revoked_at: datetime = Field(sa_type=UTCDateTime)
    invalidity_date: datetime | None = Field(sa_type=UTCDateTime)


class CRLRow(SQLModel, table=True):
    """An issued revocation list."""

    __tablename__: ClassVar[str] = "crls"
    issuer: str = Field(primary_key=True, foreign_key="issuer_names.name")
    number: int = Field(primary_key=True, sa_type=BigInteger)
    this_update: datetime = Field(sa_type=UTCDateTime)
    next_update: datetime = Field(sa_type=UTCDateTime)
    der: bytes
    last_sequence: int = Field(sa_type=BigInteger)


class AuditRow(SQLModel, table=True):
    """An entry of the audit log."""

    __tablename__: ClassVar[str] = "audit"
    sequence: int = Field(primary_key=True, sa_type=BigInteger)
    at: datetime = Field(sa_type=UTCDateTime)
    content: bytes
    leaf_hash: bytes
    chain_hash: bytes
