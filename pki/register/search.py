"""A `CertificateQuery` as a statement: built once for each set of things asked for."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select

from pki.records.certificates import CertificateQuery, CertificateRecord
from pki.register.folding import folded_words
from pki.register.tables import CERTIFICATES

_columns = CERTIFICATES.c
_FIELDS = tuple(field.name for field in fields(CertificateRecord))
_EQUAL = ("issuer", "state", "profile", "spki_sha256")
_ESCAPES = str.maketrans({sign: f"/{sign}" for sign in "/%_"})


def narrowed(query: CertificateQuery) -> tuple[Select[tuple[Any, ...]], dict[str, object]]:
    """Return the selection of certificates in the order of their reservation, and its values."""
    values: dict[str, object] = {
        field.name: value
        for field in fields(query)
        if (value := getattr(query, field.name)) is not None
    }
    if query.after is not None:
        values["after"], values["after_serial"] = query.after
    words = folded_words(str(values.pop("text", "")))
    statement = _statement(frozenset(values), len(words))
    values |= {_word(place): f"%{word.translate(_ESCAPES)}%" for place, word in enumerate(words)}
    return statement, values


@lru_cache(maxsize=64)
def _statement(given: frozenset[str], words: int) -> Select[tuple[Any, ...]]:
    statement = select(*(_columns[name] for name in _FIELDS)).order_by(_columns.id)
    statement = statement.where(*(_columns[name] == bindparam(name) for name in given & {*_EQUAL}))
    if "not_after_from" in given:
        statement = statement.where(_columns.not_after >= bindparam("not_after_from"))
    if "not_after_before" in given:
        statement = statement.where(_columns.not_after < bindparam("not_after_before"))
    if words:
        statement = statement.where(_columns.id.in_(_holding(words)))
    if "after" in given:
        statement = statement.where(_columns.id > _last_page())
    return statement.limit(bindparam("limit")) if "limit" in given else statement


def _last_page() -> ColumnElement[Any]:
    last = select(_columns.id).where(
        _columns.issuer == bindparam("after"), _columns.serial == bindparam("after_serial")
    )
    return last.scalar_subquery()


def _holding(words: int) -> Select[tuple[int]]:
    """Select the numbers of the certificates whose subject has every word.

    On its own, and kept so, that the database reads the index of folded subjects and not the whole
    table, whose rows are a dozen times as long.
    """
    found = (
        select(_columns.id)
        .where(
            *(
                _columns.subject_folded.like(bindparam(_word(place)), escape="/")
                for place in range(words)
            )
        )
        .cte("holding")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return select(found.c.id)


def _word(place: int) -> str:
    return f"word_{place}"
