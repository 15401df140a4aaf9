"""The tables of requests, approvals and roles: nothing in them is changed or deleted.

What was asked for in words stands in a table of its own, apart from codes and states: it is what
an erasure empties.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Index, Table, UniqueConstraint
from sqlmodel import Field, SQLModel

from pki.register.columns import SerialText, UTCDateTime

_GIVEN = {"autoincrement": False}


class RoleGrantRow(SQLModel, table=True):
    """A role of a certificate's holder."""

    __tablename__: ClassVar[str] = "role_grants"
    id: str = Field(primary_key=True)
    fingerprint: str = Field(index=True)
    person: str
    issuer: str | None
    serial: int | None = Field(sa_type=SerialText)
    role: str
    since: datetime = Field(sa_type=UTCDateTime)
    until: datetime | None = Field(sa_type=UTCDateTime)
    granted_by: str
    granted_at: datetime = Field(sa_type=UTCDateTime)


class RoleEndRow(SQLModel, table=True):
    """The end of a role."""

    __tablename__: ClassVar[str] = "role_ends"
    id: str = Field(primary_key=True, foreign_key="role_grants.id")
    ended_at: datetime = Field(sa_type=UTCDateTime)
    ended_by: str


class RequestRow(SQLModel, table=True):
    """A request."""

    __tablename__: ClassVar[str] = "requests"
    __table_args__ = (Index("ix_requests_of", "issuer", "serial"),)
    id: str = Field(primary_key=True)
    kind: str
    issuer: str
    profile: str
    serial: int | None = Field(sa_type=SerialText)
    content_sha256: str
    approvals: int
    person: str | None = Field(index=True)
    post: str | None
    agency: str | None = Field(index=True)
    device: str | None
    requester: str
    requester_fingerprint: str | None
    submitted_at: datetime = Field(sa_type=UTCDateTime)


class RequestContentRow(SQLModel, table=True):
    """Exactly what will be done."""

    __tablename__: ClassVar[str] = "request_contents"
    id: str = Field(primary_key=True, foreign_key="requests.id")
    content: bytes


class RequestMoveRow(SQLModel, table=True):
    """A step of a request."""

    __tablename__: ClassVar[str] = "request_moves"
    __table_args__ = (Index("ix_request_moves_state", "state", "request"),)
    request: str = Field(primary_key=True, foreign_key="requests.id")
    number: int = Field(primary_key=True, sa_column_kwargs=_GIVEN)
    state: str
    at: datetime = Field(sa_type=UTCDateTime)
    actor: str
    statement: bytes | None
    cms: bytes | None


class ApprovalRow(SQLModel, table=True):
    """An approval of a request."""

    __tablename__: ClassVar[str] = "request_approvals"
    __table_args__ = (UniqueConstraint("request", "fingerprint"),)
    request: str = Field(primary_key=True, foreign_key="requests.id")
    person: str = Field(primary_key=True)
    fingerprint: str
    at: datetime = Field(sa_type=UTCDateTime)
    expires_at: datetime = Field(sa_type=UTCDateTime)
    statement: bytes
    cms: bytes


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]


ROLE_GRANTS = _table(RoleGrantRow)
ROLE_ENDS = _table(RoleEndRow)
REQUESTS = _table(RequestRow)
REQUEST_CONTENTS = _table(RequestContentRow)
REQUEST_MOVES = _table(RequestMoveRow)
APPROVALS = _table(ApprovalRow)
