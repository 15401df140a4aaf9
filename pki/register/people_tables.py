"""Tables of agencies, people, posts, devices and assignments: a row a version, never changed.

What speaks of a person stands in columns of its own. Plain tables and no models: nothing here is
read or written by models (`pki.register.tables` says why).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, ForeignKeyConstraint, Index, String, Table
from sqlmodel import SQLModel

from pki.records.people import (
    Agency,
    AgencyTier,
    Assignment,
    Device,
    DeviceState,
    Entry,
    Person,
    PersonState,
    Post,
)
from pki.register.columns import SerialText, UTCDateTime, Word


def _version(key: str) -> tuple[Column[object], ...]:
    return (
        Column(key, String, primary_key=True),
        Column("version", BigInteger, primary_key=True, autoincrement=False),
        Column("follows", BigInteger, nullable=False),
        Column("effective", Date, nullable=False),
        Column("recorded_at", UTCDateTime, nullable=False),
    )


def _text(*names: str, nullable: bool = False) -> tuple[Column[str], ...]:
    return tuple(Column(name, String, nullable=nullable) for name in names)


def _indexes(table: str, *names: str) -> tuple[Index, ...]:
    return tuple(Index(f"ix_{table}_{name}", name) for name in names)


AGENCIES = Table(
    "agencies",
    SQLModel.metadata,
    *_version("code"),
    *_text("name", "name_folded"),
    Column("tier", Word(AgencyTier), nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date),
    *_text("parent", "tax_code", "successor", nullable=True),
    *_indexes("agencies", "parent", "successor"),
)
PEOPLE = Table(
    "people",
    SQLModel.metadata,
    *_version("code"),
    *_text("name", "surname", "given_name", "name_folded"),
    *_text("citizen_number", "email", nullable=True),
    Column("state", Word(PersonState), nullable=False),
    Column("since", Date, nullable=False),
    *_indexes("people", "citizen_number"),
)
POSTS = Table(
    "posts",
    SQLModel.metadata,
    *_version("code"),
    *_text("person", "agency", "title", "title_folded"),
    *_text("unit", nullable=True),
    Column("since", Date, nullable=False),
    Column("until", Date),
    *_indexes("posts", "person", "agency"),
)
DEVICES = Table(
    "devices",
    SQLModel.metadata,
    *_version("serial"),
    *_text("model"),
    *_text("label", "person", "agency", nullable=True),
    Column("state", Word(DeviceState), nullable=False),
    Column("since", Date, nullable=False),
    *_indexes("devices", "person", "agency"),
)
ASSIGNMENTS = Table(
    "assignments",
    SQLModel.metadata,
    *_version("certificate"),
    *_text("issuer", nullable=True),
    Column("serial", SerialText),
    *_text("fingerprint", "person", "agency", "post", "device", nullable=True),
    ForeignKeyConstraint(["issuer", "serial"], ["certificates.issuer", "certificates.serial"]),
    ForeignKeyConstraint(["fingerprint"], ["foreign_certificates.fingerprint"]),
    Index("ix_assignments_of", "issuer", "serial"),
    *_indexes("assignments", "fingerprint", "person", "agency", "post", "device"),
)
TABLES: dict[type[Entry], Table] = {
    Agency: AGENCIES,
    Person: PEOPLE,
    Post: POSTS,
    Device: DEVICES,
    Assignment: ASSIGNMENTS,
}
KEYS: dict[type[Entry], str] = {
    kind: next(iter(table.primary_key.columns)).name for kind, table in TABLES.items()
}
"""Which column is the key of a kind of entry."""
FOLDED: dict[type[Entry], tuple[str, str]] = {
    Agency: ("name", "name_folded"),
    Person: ("name", "name_folded"),
    Post: ("title", "title_folded"),
}
"""What is searched by words, and the column in which it stands folded."""
