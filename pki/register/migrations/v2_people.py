"""Part of the revision `0002`: agencies, people, posts, devices, assignments, as released."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from pki.errors.register import RegisterConflictError

_TABLES = ("assignments", "devices", "posts", "people", "agencies")
"""In the order in which they can be dropped."""


def lay() -> None:
    """Make the tables."""
    _lay(
        "agencies",
        "code",
        *_text("name", "name_folded", "tier"),
        *_span(),
        *_text("parent", "tax_code", "successor", nullable=True),
        indexed=("parent", "successor"),
    )
    _lay(
        "people",
        "code",
        *_text("name", "surname", "given_name", "name_folded"),
        *_text("citizen_number", "email", nullable=True),
        *_text("state"),
        sa.Column("since", sa.Date, nullable=False),
        indexed=("citizen_number",),
    )
    _lay(
        "posts",
        "code",
        *_text("person", "agency", "title", "title_folded"),
        *_text("unit", nullable=True),
        *_span(),
        indexed=("person", "agency"),
    )
    _lay(
        "devices",
        "serial",
        *_text("model"),
        *_text("label", "person", "agency", nullable=True),
        *_text("state"),
        sa.Column("since", sa.Date, nullable=False),
        indexed=("person", "agency"),
    )
    _lay(
        "assignments",
        "certificate",
        *_text("issuer", "serial", "fingerprint", "person", "agency", "post", nullable=True),
        *_text("device", nullable=True),
        sa.ForeignKeyConstraint(
            ["issuer", "serial"], ["certificates.issuer", "certificates.serial"]
        ),
        sa.ForeignKeyConstraint(["fingerprint"], ["foreign_certificates.fingerprint"]),
        indexed=("fingerprint", "person", "agency", "post", "device"),
    )
    op.create_index("ix_assignments_of", "assignments", ["issuer", "serial"])


def drop() -> None:
    """Take the tables away.

    Raises:
        RegisterConflictError: something stands in one of them.
    """
    for table in _TABLES:
        if op.get_bind().execute(sa.text(f"SELECT 1 FROM {table}")).first() is not None:  # noqa: S608  named here
            place = op.get_context().opts["place"]
            raise RegisterConflictError(
                register=place, reason=f"version 1 has no place for {table}"
            )
        op.drop_table(table)


def _lay(table: str, key: str, *columns: Any, indexed: tuple[str, ...]) -> None:  # noqa: ANN401  SQLAlchemy's items
    op.create_table(
        table,
        sa.Column(key, sa.String, primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("follows", sa.BigInteger, nullable=False),
        sa.Column("effective", sa.Date, nullable=False),
        sa.Column("recorded_at", sa.DateTime, nullable=False),
        *columns,
    )
    for name in indexed:
        op.create_index(f"ix_{table}_{name}", table, [name])


def _text(*names: str, nullable: bool = False) -> tuple[Any, ...]:
    return tuple(sa.Column(name, sa.String, nullable=nullable) for name in names)


def _span() -> tuple[Any, ...]:
    return (sa.Column("since", sa.Date, nullable=False), sa.Column("until", sa.Date))
