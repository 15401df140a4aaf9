"""Tables of what is followed of other authorities' certificates, as version 2 has them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

TABLES = (
    ("watch_rounds", "asked issuers"),
    ("watched_statuses", "statuses of foreign certificates"),
    ("watched_subjects", "subjects of foreign certificates"),
    ("watched_certificates", "followed certificates"),
)
"""Tables in the order in which they are dropped, and what version 1 has no place for."""
_COUNTED = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def make_watching_tables() -> None:
    """Lay them, empty."""
    op.create_table(
        "watched_certificates",
        sa.Column("sequence", _COUNTED, primary_key=True, autoincrement=False),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("issuer_sha256", sa.String, nullable=False),
        sa.Column("serial", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("purpose", sa.String, nullable=False),
        sa.Column("not_before", sa.DateTime, nullable=False),
        sa.Column("not_after", sa.DateTime, nullable=False),
        sa.ForeignKeyConstraint(["fingerprint"], ["foreign_certificates.fingerprint"]),
        sa.UniqueConstraint("fingerprint"),
    )
    op.create_index(
        "ix_watched_certificates_of", "watched_certificates", ["issuer_sha256", "sequence"]
    )
    of = "watched_certificates.sequence"
    op.create_table(
        "watched_subjects",
        sa.Column("sequence", _COUNTED, sa.ForeignKey(of), primary_key=True, autoincrement=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("organization", sa.String, nullable=False),
        sa.Column("citizen_number", sa.String),
        sa.Column("staff_code", sa.String),
        sa.Column("email", sa.String),
    )
    for name in ("citizen_number", "staff_code"):
        op.create_index(f"ix_watched_subjects_{name}", "watched_subjects", [name])
    op.create_table(
        "watched_statuses",
        sa.Column("sequence", _COUNTED, primary_key=True, autoincrement=False),
        sa.Column("watched", sa.BigInteger, sa.ForeignKey(of), nullable=False),
        sa.Column("standing", sa.String, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("evidence_sha256", sa.String, nullable=False),
        sa.Column("revoked_at", sa.DateTime),
        sa.Column("reason", sa.String),
    )
    op.create_index("ix_watched_statuses_of", "watched_statuses", ["watched", "sequence"])
    op.create_table(
        "watch_rounds",
        sa.Column("sequence", _COUNTED, primary_key=True, autoincrement=False),
        sa.Column("issuer_sha256", sa.String, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("good_until", sa.DateTime),
        sa.Column("evidence_sha256", sa.String),
        sa.Column("asked", sa.Integer, nullable=False),
        sa.Column("unanswered", sa.Integer, nullable=False),
        sa.Column("why", sa.String, nullable=False),
    )
    op.create_index("ix_watch_rounds_of", "watch_rounds", ["issuer_sha256", "sequence"])
