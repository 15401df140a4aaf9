"""The tables of erased personal data as version 2 lays them; `v0002` calls this."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

TABLES = (
    ("person_erasures", "erasures of people"),
    ("foreign_erasures", "erasures of foreign certificates"),
)
"""In the order in which they can be dropped, each with what it holds."""


def lay() -> None:
    """Lay them."""
    op.create_table(
        "person_erasures",
        sa.Column("code", sa.String, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
    )
    op.create_table(
        "foreign_erasures",
        sa.Column(
            "fingerprint",
            sa.String,
            sa.ForeignKey("foreign_certificates.fingerprint"),
            primary_key=True,
        ),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
    )
