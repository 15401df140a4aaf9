"""The tables of requests as version 2 lays them; `v0002` calls this."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

TABLES = (
    ("request_approvals", "approvals"),
    ("request_moves", "requests"),
    ("request_contents", "requests"),
    ("requests", "requests"),
    ("role_ends", "roles"),
    ("role_grants", "roles"),
)
"""In the order in which they can be dropped, each with what it holds."""


def lay() -> None:
    """Lay them."""
    _make_roles()
    _make_requests()
    op.create_table(
        "request_contents",
        sa.Column("id", sa.String, sa.ForeignKey("requests.id"), primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "request_moves",
        sa.Column("request", sa.String, sa.ForeignKey("requests.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("statement", sa.LargeBinary),
        sa.Column("cms", sa.LargeBinary),
    )
    op.create_index("ix_request_moves_state", "request_moves", ["state", "request"])
    op.create_table(
        "request_approvals",
        sa.Column("request", sa.String, sa.ForeignKey("requests.id"), primary_key=True),
        sa.Column("person", sa.String, primary_key=True),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=False),
        sa.Column("statement", sa.LargeBinary, nullable=False),
        sa.Column("cms", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("request", "fingerprint"),
    )


def _make_roles() -> None:
    op.create_table(
        "role_grants",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("fingerprint", sa.String, nullable=False, index=True),
        sa.Column("person", sa.String, nullable=False),
        sa.Column("issuer", sa.String),
        sa.Column("serial", sa.String),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("since", sa.DateTime, nullable=False),
        sa.Column("until", sa.DateTime),
        sa.Column("granted_by", sa.String, nullable=False),
        sa.Column("granted_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "role_ends",
        sa.Column("id", sa.String, sa.ForeignKey("role_grants.id"), primary_key=True),
        sa.Column("ended_at", sa.DateTime, nullable=False),
        sa.Column("ended_by", sa.String, nullable=False),
    )


def _make_requests() -> None:
    op.create_table(
        "requests",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("issuer", sa.String, nullable=False),
        sa.Column("profile", sa.String, nullable=False),
        sa.Column("serial", sa.String),
        sa.Column("content_sha256", sa.String, nullable=False),
        sa.Column("approvals", sa.Integer, nullable=False),
        sa.Column("person", sa.String, index=True),
        sa.Column("post", sa.String),
        sa.Column("agency", sa.String, index=True),
        sa.Column("device", sa.String),
        sa.Column("requester", sa.String, nullable=False),
        sa.Column("requester_fingerprint", sa.String),
        sa.Column("submitted_at", sa.DateTime, nullable=False),
    )
    op.create_index("ix_requests_of", "requests", ["issuer", "serial"])
