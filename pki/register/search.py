"""A `CertificateQuery` as a statement."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, select

from pki.records import CertificateQuery
from pki.register.folding import folded_words
from pki.register.tables import CERTIFICATES

_columns = CERTIFICATES.c


def narrowed(select_: Select[tuple[Any, ...]], query: CertificateQuery) -> Select[tuple[Any, ...]]:
    """Return the selection of certificates, narrowed and in the order of their reservation."""
    statement = select_.where(*_equal(query), *_between(query)).order_by(_columns.id)
    if query.text is not None:
        statement = statement.where(_columns.id.in_(_holding(query.text)))
    if query.after is not None:
        issuer, serial = query.after
        last = select(_columns.id).where(_columns.issuer == issuer, _columns.serial == serial)
        statement = statement.where(_columns.id > last.scalar_subquery())
    return statement.limit(query.limit)


def _equal(query: CertificateQuery) -> list[ColumnElement[bool]]:
    wanted = {name: getattr(query, name) for name in ("issuer", "state", "profile", "spki_sha256")}
    return [_columns[name] == value for name, value in wanted.items() if value is not None]


def _between(query: CertificateQuery) -> list[ColumnElement[bool]]:
    found = []
    if query.not_after_from is not None:
        found.append(_columns.not_after >= query.not_after_from)
    if query.not_after_before is not None:
        found.append(_columns.not_after < query.not_after_before)
    return found


def _holding(text: str) -> Select[tuple[int]]:
    """Select the numbers of the certificates whose subject has every word.

    On its own, and kept so, that the database reads the index of folded subjects and not the whole
    table, whose rows are a dozen times as long.
    """
    words = folded_words(text)
    found = (
        select(_columns.id)
        .where(*(_columns.subject_folded.contains(word, autoescape=True) for word in words))
        .cte("holding")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return select(found.c.id)
