"""Tables that say for good whose personal data were erased: no name, no number."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Table
from sqlmodel import SQLModel

from pki.register.columns import UTCDateTime

PERSON_ERASURES = Table(
    "person_erasures",
    SQLModel.metadata,
    Column("code", String, primary_key=True),
    Column("at", UTCDateTime, nullable=False),
    Column("reason", String, nullable=False),
)
FOREIGN_ERASURES = Table(
    "foreign_erasures",
    SQLModel.metadata,
    Column(
        "fingerprint",
        String,
        ForeignKey("foreign_certificates.fingerprint"),
        primary_key=True,
    ),
    Column("at", UTCDateTime, nullable=False),
    Column("reason", String, nullable=False),
)
