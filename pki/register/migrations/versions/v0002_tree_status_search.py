"""The audit log becomes a Merkle tree; holds; subjects as they are searched; successions.

The chain of version 1 is checked while the tree is made over the same entries: a log that was
tampered with does not become a good one. Going back makes the chain anew from the entries. It is
refused where certificates were held, released or erased, or an authority is retired: version 1 has
no place for that.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from pki.audit.tree import Edge, leaf_hash
from pki.errors.audit import AuditBrokenError
from pki.errors.register import RegisterConflictError
from pki.holder import holder_of
from pki.register.migrations import (
    v2_events,
    v2_notices,
    v2_people,
    v2_personal,
    v2_plans,
    v2_requests,
    v2_watching,
)

revision = "0002"
down_revision = "0001"

GENESIS = bytes(32)
BATCH = 1000

_IMPORTED = (
    *v2_personal.TABLES,
    *v2_notices.TABLES,
    *v2_watching.TABLES,
    ("crl_floors", "imported authorities"),
    ("foreign_certificates", "foreign certificates"),
    ("erasures", "erasures"),
)

_audit = sa.table(
    "audit",
    *(sa.column(name) for name in ("sequence", "content", "leaf_hash", "chain_hash", "subtrees")),
)
_certificates = sa.table(
    "certificates",
    *(sa.column(name) for name in ("id", "issuer", "serial", "subject", "subject_folded")),
    *(sa.column(name) for name in ("holder", "follows")),
)
_COUNTED = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_STROKES = str.maketrans({"đ": "d", "\\": " ", ",": " ", "+": " ", "\x00": " "})


def upgrade() -> None:
    """Make version 2 of version 1."""
    _grow_tree()
    _fold_subjects()
    _name_holders()
    _lay_requests()
    _index_together()
    op.create_table(
        "status_changes",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("issuer", sa.String, nullable=False),
        sa.Column("serial", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("invalidity_date", sa.DateTime),
        sa.ForeignKeyConstraint(
            ["issuer", "serial"], ["certificates.issuer", "certificates.serial"]
        ),
    )
    op.create_index("ix_status_changes_of", "status_changes", ["issuer", "serial", "sequence"])
    _make_import_tables()
    v2_watching.make_watching_tables()
    _make_erasures()
    op.create_table(
        "successions",
        sa.Column("name", sa.String, sa.ForeignKey("authorities.name"), primary_key=True),
        sa.Column("successor", sa.String, sa.ForeignKey("authorities.name"), nullable=False),
        sa.Column("retired_at", sa.DateTime, nullable=False),
    )
    _lay_numbers()
    v2_people.lay()
    v2_requests.lay()
    v2_events.lay()
    v2_personal.lay()
    v2_notices.lay()
    v2_plans.lay()


def downgrade() -> None:
    """Make version 1 of version 2.

    Raises:
        RegisterConflictError: a certificate was held, released, erased or called compromised, or
            an authority is retired for issuing.
    """
    _check_unnamed()
    v2_people.drop()
    own = (("status_changes", "holds"), ("successions", "successions"), *_IMPORTED)
    kept: tuple[tuple[str, str], ...] = (
        *(*v2_events.TABLES, *v2_plans.TABLES, *v2_requests.TABLES),
        *own,
    )
    for table, what in kept:
        if op.get_bind().execute(sa.text(f"SELECT 1 FROM {table}")).first() is not None:  # noqa: S608  named here
            place = op.get_context().opts["place"]
            raise RegisterConflictError(register=place, reason=f"version 1 has no place for {what}")
        op.drop_table(table)
    _index_again()
    op.drop_index("ix_certificates_holder", "certificates")
    op.drop_index("ix_certificates_request", "certificates")
    for name in ("subject_folded", "holder", "follows", "request_id", "request_sha256"):
        op.drop_column("certificates", name)  # not in a batch, which makes a new table
    _drop_numbers()
    _make_chain()


def _make_import_tables() -> None:
    op.create_table(
        "crl_floors",
        sa.Column("issuer", sa.String, sa.ForeignKey("issuer_names.name"), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("this_update", sa.DateTime),
        sa.Column("recorded_at", sa.DateTime, primary_key=True),
    )
    op.create_table(
        "foreign_certificates",
        sa.Column("fingerprint", sa.String, primary_key=True),
        sa.Column("issuer_sha256", sa.String, nullable=False),
        sa.Column("serial", sa.String, nullable=False),
        sa.Column("issuer", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("not_before", sa.DateTime, nullable=False),
        sa.Column("not_after", sa.DateTime, nullable=False),
        sa.Column("der", sa.LargeBinary, nullable=False),
        sa.Column("requester", sa.String, nullable=False),
        sa.Column("recorded_at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("issuer_sha256", "serial"),
    )
    op.create_index("ix_foreign_certificates_not_after", "foreign_certificates", ["not_after"])


def _make_erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("issuer", sa.String, primary_key=True),
        sa.Column("serial", sa.String, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("tbs_sha256", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.ForeignKeyConstraint(
            ["issuer", "serial"], ["certificates.issuer", "certificates.serial"]
        ),
    )


def _lay_numbers() -> None:
    """Take every number that a list has, or that the log says was reserved for one."""
    op.create_table(
        "crl_numbers",
        sa.Column("issuer", sa.String, sa.ForeignKey("issuer_names.name"), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    )
    op.add_column("crls", sa.Column("base_number", sa.BigInteger))
    op.add_column("authorities", sa.Column("delta_lifetime", sa.BigInteger))
    bind = op.get_bind()
    stored = bind.execute(sa.text("SELECT issuer, number FROM crls")).all()
    taken = {(row.issuer, row.number) for row in stored}
    for rows in _batches(_audit.c.sequence, _audit.c.content):
        told = (json.loads(row.content) for row in rows if b'"crl.reserve"' in row.content)
        taken |= {
            (one["facts"]["issuer"], int(one["facts"]["number"]))
            for one in told
            if one["action"] == "crl.reserve"
        }
    values = [{"issuer": issuer, "number": number} for issuer, number in sorted(taken)]
    if values:
        numbers = sa.table("crl_numbers", sa.column("issuer"), sa.column("number"))
        bind.execute(sa.insert(numbers), values)


def _drop_numbers() -> None:
    """Go back to where there are no numbers but those of lists.

    Raises:
        RegisterConflictError: there is a delta list.
    """
    deltas = sa.text("SELECT 1 FROM crls WHERE base_number IS NOT NULL")
    if op.get_bind().execute(deltas).first() is not None:
        place = op.get_context().opts["place"]
        raise RegisterConflictError(register=place, reason="version 1 has no place for delta lists")
    op.drop_column("crls", "base_number")
    op.drop_column("authorities", "delta_lifetime")
    op.drop_table("crl_numbers")


def _grow_tree() -> None:
    with op.batch_alter_table("audit") as table:
        table.add_column(sa.Column("subtrees", sa.LargeBinary))
    edge, chain = Edge(), GENESIS
    for rows in _batches(_audit.c.sequence, _audit.c.content, _audit.c.chain_hash):
        found = []
        for row in rows:
            leaf = leaf_hash(row.content)
            chain = _link(chain, leaf)
            if row.sequence != edge.size + 1 or row.chain_hash != chain:
                raise AuditBrokenError(sequence=edge.size + 1, reason="chain hash differs")
            edge, subtrees = edge.append(leaf)
            found.append({"of": row.sequence, "subtrees": subtrees})
        _fill(_audit, _audit.c.sequence, found)
    with op.batch_alter_table("audit") as table:
        table.alter_column("subtrees", existing_type=sa.LargeBinary(), nullable=False)
        table.alter_column("sequence", existing_type=sa.BigInteger(), type_=_COUNTED)
        table.drop_column("leaf_hash")
        table.drop_column("chain_hash")


def _make_chain() -> None:
    with op.batch_alter_table("audit") as table:
        table.add_column(sa.Column("leaf_hash", sa.LargeBinary))
        table.add_column(sa.Column("chain_hash", sa.LargeBinary))
    chain = GENESIS
    for rows in _batches(_audit.c.sequence, _audit.c.content):
        found = []
        for row in rows:
            leaf = leaf_hash(row.content)
            chain = _link(chain, leaf)
            found.append({"of": row.sequence, "leaf_hash": leaf, "chain_hash": chain})
        _fill(_audit, _audit.c.sequence, found)
    with op.batch_alter_table("audit") as table:
        table.alter_column("leaf_hash", existing_type=sa.LargeBinary(), nullable=False)
        table.alter_column("chain_hash", existing_type=sa.LargeBinary(), nullable=False)
        table.alter_column("sequence", existing_type=_COUNTED, type_=sa.BigInteger())
        table.drop_column("subtrees")


def _fold_subjects() -> None:
    folded = sa.Column("subject_folded", sa.String, nullable=False, server_default="")
    op.add_column("certificates", folded)
    for rows in _batches(_certificates.c.id, _certificates.c.subject):
        found = [{"of": row.id, "subject_folded": _fold(row.subject)} for row in rows]
        _fill(_certificates, _certificates.c.id, found)


def _name_holders() -> None:
    op.add_column("certificates", sa.Column("holder", sa.String, nullable=False, server_default=""))
    op.add_column("certificates", sa.Column("follows", sa.BigInteger))
    for rows in _batches(_certificates.c.id, _certificates.c.subject):
        found = [{"of": row.id, "holder": holder_of(row.subject)} for row in rows]
        _fill(_certificates, _certificates.c.id, found)
    op.create_index("ix_certificates_holder", "certificates", ["holder"])
    _name_followed()


def _name_followed() -> None:
    """Say which certificate a renewal or rekey follows, as the log told when it was reserved.

    In version 1 it is one of the same authority: nobody goes on for another there.
    """
    of, followed = _certificates, _certificates.alias("followed")
    row = sa.select(followed.c.id).where(
        followed.c.issuer == of.c.issuer, followed.c.serial == sa.bindparam("replaces")
    )
    fill = sa.update(of).values(follows=row.scalar_subquery())
    fill = fill.where(of.c.issuer == sa.bindparam("by"), of.c.serial == sa.bindparam("reserved"))
    for rows in _batches(_audit.c.sequence, _audit.c.content):
        told = (json.loads(row.content) for row in rows if b'"replaces"' in row.content)
        found = [
            {"by": facts["issuer"], "reserved": facts["serial"], "replaces": facts["replaces"]}
            for facts in (one["facts"] for one in told if one["action"] == "certificate.reserve")
            if "replaces" in facts
        ]
        if found:
            op.get_bind().execute(fill, found)


def _index_together() -> None:
    for name in ("state", "not_after"):
        op.drop_index(f"ix_certificates_{name}", "certificates")
    searched = ["id", "not_after", "subject_folded"]
    op.create_index("ix_certificates_searched", "certificates", searched)
    unissued = sa.text("state <> 'issued'")
    op.create_index(
        "ix_certificates_unissued",
        "certificates",
        ["state"],
        sqlite_where=unissued,
        postgresql_where=unissued,
    )


def _index_again() -> None:
    for name in ("searched", "unissued"):
        op.drop_index(f"ix_certificates_{name}", "certificates")
    for name in ("state", "not_after"):
        op.create_index(f"ix_certificates_{name}", "certificates", [name])


def _lay_requests() -> None:
    for name in ("request_id", "request_sha256"):
        op.add_column("certificates", sa.Column(name, sa.String))
    named = sa.text("request_id IS NOT NULL")
    op.create_index(
        "ix_certificates_request",
        "certificates",
        ["issuer", "request_id"],
        unique=True,
        sqlite_where=named,
        postgresql_where=named,
    )


def _check_unnamed() -> None:
    named = sa.text("SELECT 1 FROM certificates WHERE request_id IS NOT NULL")
    if op.get_bind().execute(named).first() is not None:
        place = op.get_context().opts["place"]
        raise RegisterConflictError(register=place, reason="version 1 has no place for request ids")


def _batches(
    key: sa.ColumnClause[Any], *others: sa.ColumnClause[Any]
) -> Iterator[Sequence[sa.Row[*tuple[Any, ...]]]]:
    """Yield the rows of a table by their numbers, some at a time: memory stays flat."""
    bind, last = op.get_bind(), -1
    query = sa.select(key, *others).order_by(key).limit(BATCH)
    while rows := bind.execute(query.where(key > last)).all():
        yield rows
        last = rows[-1][0]


def _fill(table: sa.TableClause, key: sa.ColumnClause[Any], found: list[dict[str, Any]]) -> None:
    names = [name for name in found[0] if name != "of"]
    statement = sa.update(table).where(key == sa.bindparam("of"))
    op.get_bind().execute(statement.values({name: sa.bindparam(name) for name in names}), found)


def _link(previous: bytes, leaf: bytes) -> bytes:
    return hashlib.sha256(b"\x02" + previous + leaf).digest()


def _fold(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(letters.translate(_STROKES).split())
