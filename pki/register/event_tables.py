"""The table of events: codes alone, and nothing in it ever changes."""

from __future__ import annotations

from sqlalchemy import Column, Date, Index, String, Table
from sqlmodel import SQLModel

from pki.records.events import EventKind
from pki.register.columns import UTCDateTime, Word

EVENTS = Table(
    "events",
    SQLModel.metadata,
    Column("id", String, primary_key=True),
    Column("kind", Word(EventKind), nullable=False),
    Column("day", Date, nullable=False),
    *(
        Column(name, String)
        for name in ("person", "post", "agency", "device", "to_agency", "new_post")
    ),
    Column("content_sha256", String, nullable=False, unique=True),
    Column("actor", String, nullable=False),
    Column("recorded_at", UTCDateTime, nullable=False),
    *(Index(f"ix_events_{name}", name) for name in ("day", "person", "agency")),
)
