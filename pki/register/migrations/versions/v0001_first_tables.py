"""The first tables: names, authorities, certificates, revocations, lists, a chained audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_STOP = "SELECT RAISE(ABORT, 'antin: this record is never changed or deleted');"
_MOVE = (
    "OLD.issuer IS NOT NEW.issuer OR OLD.serial IS NOT NEW.serial"
    " OR OLD.tbs_der IS NOT NEW.tbs_der OR OLD.subject IS NOT NEW.subject"
    " OR (OLD.der IS NOT NULL AND OLD.der IS NOT NEW.der)"
    " OR (OLD.state || '>' || NEW.state) NOT IN"
    " ('reserved>issued', 'reserved>abandoned', 'issued>revoked')"
)
_KEEP = f"certificate_keep BEFORE UPDATE ON certificates WHEN {_MOVE}"
_KEPT = ("authorities", "revocations", "crls", "audit")
_BEFORE = (
    *((f"{table}_no_update", "UPDATE", table) for table in _KEPT),
    *((f"{table}_no_delete", "DELETE", table) for table in (*_KEPT, "certificates")),
)
LEFT = {
    "sqlite": (
        f"CREATE TRIGGER {_KEEP} BEGIN {_STOP} END",
        *(
            f"CREATE TRIGGER {name} BEFORE {action} ON {table} BEGIN {_STOP} END"
            for name, action, table in _BEFORE
        ),
    ),
    "postgresql": (),
}
"""Guards of a register of this version. It was never in use on PostgreSQL: the tables are laid
there so that the way from them is tried on both engines."""

_COUNTED = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Lay the tables."""
    _lay_register()
    _lay_certificates()
    _lay_lists()


def _lay_register() -> None:
    op.create_table(
        "schema_version",
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
    op.create_table("issuer_names", sa.Column("name", sa.String, primary_key=True))
    op.create_table(
        "authorities",
        sa.Column("name", sa.String, sa.ForeignKey("issuer_names.name"), primary_key=True),
        sa.Column("certificate_der", sa.LargeBinary, nullable=False),
        sa.Column("key_uri", sa.String, nullable=False),
        sa.Column("parent", sa.String, sa.ForeignKey("authorities.name")),
        sa.Column("profile", sa.String, nullable=False),
        sa.Column("crl_lifetime", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary, nullable=False),
        sa.Column("chain_hash", sa.LargeBinary, nullable=False),
    )


def _lay_certificates() -> None:
    op.create_table(
        "certificates",
        sa.Column("id", _COUNTED, primary_key=True),
        sa.Column("issuer", sa.String, sa.ForeignKey("issuer_names.name"), nullable=False),
        sa.Column("serial", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False, index=True),
        sa.Column("tbs_der", sa.LargeBinary, nullable=False),
        sa.Column("der", sa.LargeBinary),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("profile", sa.String, nullable=False),
        sa.Column("not_before", sa.DateTime, nullable=False),
        sa.Column("not_after", sa.DateTime, nullable=False, index=True),
        sa.Column("fingerprint", sa.String),
        sa.Column("spki_sha256", sa.String, nullable=False, index=True),
        sa.Column("requester", sa.String, nullable=False),
        sa.Column("reserved_at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("issuer", "serial"),
    )


def _lay_lists() -> None:
    op.create_table(
        "revocations",
        sa.Column("sequence", _COUNTED, primary_key=True, autoincrement=False),
        sa.Column("issuer", sa.String, nullable=False),
        sa.Column("serial", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("revoked_at", sa.DateTime, nullable=False),
        sa.Column("invalidity_date", sa.DateTime),
        sa.UniqueConstraint("issuer", "serial"),
        sa.ForeignKeyConstraint(
            ["issuer", "serial"], ["certificates.issuer", "certificates.serial"]
        ),
    )
    op.create_table(
        "crls",
        sa.Column("issuer", sa.String, sa.ForeignKey("issuer_names.name"), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("this_update", sa.DateTime, nullable=False),
        sa.Column("next_update", sa.DateTime, nullable=False),
        sa.Column("der", sa.LargeBinary, nullable=False),
        sa.Column("last_sequence", sa.BigInteger, nullable=False),
    )
