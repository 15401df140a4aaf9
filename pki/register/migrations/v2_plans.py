"""The tables of plans as version 2 lays them; `v0002` calls this."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

TABLES = (("plan_ends", "plans"), ("plan_lines", "plans"))
"""In the order in which they can be dropped, each with what it holds."""


def lay() -> None:
    """Lay them."""
    op.create_table(
        "plan_lines",
        sa.Column("plan", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("issuer", sa.String, nullable=False),
        sa.Column("profile", sa.String, nullable=False),
        sa.Column("serial", sa.String),
        sa.Column("person", sa.String),
        sa.Column("post", sa.String),
        sa.Column("agency", sa.String),
        sa.Column("device", sa.String),
        sa.Column("deed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "plan_ends",
        sa.Column("plan", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("code", sa.String),
        sa.Column("serial", sa.String),
        sa.ForeignKeyConstraint(["plan", "number"], ["plan_lines.plan", "plan_lines.number"]),
    )
