"""Tables of notices, as version 2 has them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

TABLES = (
    ("notice_marks", "notices"),
    ("notices", "notices"),
    ("notice_messages", "notices"),
)
"""Tables in the order in which they are dropped, and what version 1 has no place for."""
_COUNTED = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def lay() -> None:
    """Lay them, empty."""
    op.create_table(
        "notice_messages",
        sa.Column("sequence", _COUNTED, primary_key=True, autoincrement=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("recipient", sa.String, nullable=False),
        sa.Column("digest", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.DateTime, nullable=False),
        sa.Column("reason", sa.String),
        sa.UniqueConstraint("id"),
    )
    unsent = sa.text("state IN ('pending', 'sending', 'failed')")
    op.create_index(
        "ix_notice_messages_unsent",
        "notice_messages",
        ["sequence"],
        sqlite_where=unsent,
        postgresql_where=unsent,
    )
    op.create_table(
        "notices",
        sa.Column("sequence", _COUNTED, primary_key=True, autoincrement=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("recipient", sa.String, nullable=False),
        sa.Column(
            "message", sa.BigInteger, sa.ForeignKey("notice_messages.sequence"), nullable=False
        ),
        sa.UniqueConstraint("subject", "kind", "number", "channel", "recipient"),
    )
    op.create_index("ix_notices_message", "notices", ["message"])
    op.create_table(
        "notice_marks",
        sa.Column("channel", sa.String, primary_key=True),
        sa.Column("source", sa.String, primary_key=True),
        sa.Column("upto", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
