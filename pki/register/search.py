"""A `CertificateQuery` as a statement: built once for each set of things asked for."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    bindparam,
    literal_column,
    select,
    type_coerce,
)

from pki.records.certificates import CertificateQuery, CertificateRecord, CertificateState
from pki.register.folding import folded_words
from pki.register.status import held
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
    on_hold = bool(values.pop("held", None))
    if "or_serial" in values:
        values["or_serial"] = f"%{values['or_serial']}%"
    unissued = query.state not in {None, CertificateState.ISSUED}
    statement = _statement(frozenset(values), len(words), unissued=unissued, on_hold=on_hold)
    values |= {_word(place): f"%{word.translate(_ESCAPES)}%" for place, word in enumerate(words)}
    return statement, values


@lru_cache(maxsize=64)
def _statement(
    given: frozenset[str], words: int, *, unissued: bool, on_hold: bool
) -> Select[tuple[Any, ...]]:
    statement = select(*(_columns[name] for name in _FIELDS)).order_by(_columns.id)
    statement = statement.where(*(_columns[name] == bindparam(name) for name in given & {*_EQUAL}))
    if unissued:  # in the words of the index, or it is not taken
        statement = statement.where(_columns.state != literal_column("'issued'"))
    if on_hold:
        statement = statement.where(_columns.id.in_(_on_hold()))
    searched = _searched(given, words)
    if "spki_sha256" in given:  # one key's certificates are few: these are looked at themselves
        statement = statement.where(*searched)
    elif searched:
        holding = _holding(searched)
        found = holding.union(_with_serial()) if "or_serial" in given else holding
        statement = statement.where(_columns.id.in_(found))
    if "after" in given:
        statement = statement.where(_columns.id > _last_page())
    return statement.limit(bindparam("limit")) if "limit" in given else statement


def _last_page() -> ColumnElement[Any]:
    last = select(_columns.id).where(
        _columns.issuer == bindparam("after"), _columns.serial == bindparam("after_serial")
    )
    return last.scalar_subquery()


def _searched(given: frozenset[str], words: int) -> list[ColumnElement[bool]]:
    """Return what is asked of the columns that stand in the index of what is searched."""
    asked: list[ColumnElement[bool]] = [
        _columns.subject_folded.like(bindparam(_word(place)), escape="/") for place in range(words)
    ]
    if "not_after_from" in given:
        asked.append(_columns.not_after >= bindparam("not_after_from"))
    if "not_after_before" in given:
        asked.append(_columns.not_after < bindparam("not_after_before"))
    return asked


def _holding(searched: list[ColumnElement[bool]]) -> Select[tuple[int]]:
    """Select the numbers of the certificates of which that is true.

    On its own, and kept so, that the database reads the index of what is searched and not the whole
    table, whose rows are a dozen times as long.
    """
    found = (
        select(_columns.id)
        .where(*searched)
        .cte("holding")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return select(found.c.id)


def _on_hold() -> Select[tuple[int]]:
    """Select the numbers of the certificates on hold; they are few."""
    now, row = held().subquery(), CERTIFICATES.alias("held")
    return select(row.c.id).where(row.c.issuer == now.c.issuer, row.c.serial == now.c.serial)


def _with_serial() -> Select[tuple[int]]:
    """Select the numbers of the certificates in whose serial something stands."""
    serial = type_coerce(_columns.serial, String)
    return select(_columns.id).where(serial.like(bindparam("or_serial", type_=String)))


def _word(place: int) -> str:
    return f"word_{place}"
