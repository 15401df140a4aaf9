"""The table of events as version 2 lays it; `v0002` calls this."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

TABLES = (("events", "events"),)
"""What is dropped, with what it holds."""
_CODES = ("person", "post", "agency", "device", "to_agency", "new_post")


def lay() -> None:
    """Lay it."""
    op.create_table(
        "events",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        *(sa.Column(name, sa.String) for name in _CODES),
        sa.Column("content_sha256", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("recorded_at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("content_sha256"),
    )
    for name in ("day", "person", "agency"):
        op.create_index(f"ix_events_{name}", "events", [name])
