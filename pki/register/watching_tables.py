"""Tables of what is followed of other authorities' certificates: nothing in them ever changes.

What speaks of people stands in a table of its own, apart from codes and statuses.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, Index, Integer, Table
from sqlmodel import Field, SQLModel

from pki.register.columns import SerialText, UTCDateTime

_GIVEN = {"autoincrement": False}
_Counted = BigInteger().with_variant(Integer, "sqlite")


class WatchedRow(SQLModel, table=True):
    """A certificate that is followed: its codes."""

    __tablename__: ClassVar[str] = "watched_certificates"
    __table_args__ = (Index("ix_watched_certificates_of", "issuer_sha256", "sequence"),)
    sequence: int = Field(primary_key=True, sa_type=_Counted, sa_column_kwargs=_GIVEN)
    fingerprint: str = Field(foreign_key="foreign_certificates.fingerprint", unique=True)
    issuer_sha256: str
    serial: int = Field(sa_type=SerialText)
    kind: str
    purpose: str
    not_before: datetime = Field(sa_type=UTCDateTime)
    not_after: datetime = Field(sa_type=UTCDateTime)


class WatchedSubjectRow(SQLModel, table=True):
    """Of whom a certificate that is followed speaks."""

    __tablename__: ClassVar[str] = "watched_subjects"
    __table_args__ = tuple(
        Index(f"ix_watched_subjects_{name}", name) for name in ("citizen_number", "staff_code")
    )
    sequence: int = Field(
        primary_key=True,
        sa_type=_Counted,
        foreign_key="watched_certificates.sequence",
        sa_column_kwargs=_GIVEN,
    )
    name: str
    unit: str
    organization: str
    citizen_number: str | None
    staff_code: str | None
    email: str | None


class WatchedStatusRow(SQLModel, table=True):
    """The status of a certificate that is followed became another one."""

    __tablename__: ClassVar[str] = "watched_statuses"
    __table_args__ = (Index("ix_watched_statuses_of", "watched", "sequence"),)
    sequence: int = Field(primary_key=True, sa_type=_Counted, sa_column_kwargs=_GIVEN)
    watched: int = Field(foreign_key="watched_certificates.sequence", sa_type=BigInteger)
    standing: str
    at: datetime = Field(sa_type=UTCDateTime)
    source: str
    evidence_sha256: str
    revoked_at: datetime | None = Field(sa_type=UTCDateTime)
    reason: str | None


class WatchRoundRow(SQLModel, table=True):
    """An issuer was asked."""

    __tablename__: ClassVar[str] = "watch_rounds"
    __table_args__ = (Index("ix_watch_rounds_of", "issuer_sha256", "sequence"),)
    sequence: int = Field(primary_key=True, sa_type=_Counted, sa_column_kwargs=_GIVEN)
    issuer_sha256: str
    at: datetime = Field(sa_type=UTCDateTime)
    good_until: datetime | None = Field(sa_type=UTCDateTime)
    evidence_sha256: str | None
    asked: int
    unanswered: int
    why: str


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]


WATCHED = _table(WatchedRow)
WATCHED_SUBJECTS = _table(WatchedSubjectRow)
WATCHED_STATUSES = _table(WatchedStatusRow)
WATCH_ROUNDS = _table(WatchRoundRow)
