"""The tables of plans: lines as they were written before the head, and their ends.

The head of a plan is a request (`pki.register.request_tables`). Whom a line speaks of in words
stands in its `deed` alone: that is what an erasure empties.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKeyConstraint, Table
from sqlmodel import Field, SQLModel

from pki.register.columns import SerialText, UTCDateTime

_GIVEN = {"autoincrement": False}


class PlanLineRow(SQLModel, table=True):
    """A line of a plan."""

    __tablename__: ClassVar[str] = "plan_lines"
    plan: str = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_column_kwargs=_GIVEN)
    kind: str
    issuer: str
    profile: str
    serial: int | None = Field(sa_type=SerialText)
    person: str | None
    post: str | None
    agency: str | None
    device: str | None
    deed: bytes


class PlanEndRow(SQLModel, table=True):
    """What became of a line."""

    __tablename__: ClassVar[str] = "plan_ends"
    __table_args__ = (
        ForeignKeyConstraint(["plan", "number"], ["plan_lines.plan", "plan_lines.number"]),
    )
    plan: str = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_column_kwargs=_GIVEN)
    state: str
    at: datetime = Field(sa_type=UTCDateTime)
    code: str | None
    serial: int | None = Field(sa_type=SerialText)


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]


PLAN_LINES = _table(PlanLineRow)
PLAN_ENDS = _table(PlanEndRow)
