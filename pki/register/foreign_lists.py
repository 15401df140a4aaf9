"""Lists of other authorities' certificates, without the certificates themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from sqlalchemy import Select, String, and_, bindparam, or_, select, type_coerce

from pki.records.certificates import ForeignHead, ForeignQuery
from pki.register.tables import FOREIGN_CERTIFICATES
from pki.register.transactions import Transactions

_ACCENTED = re.compile(r"[^ -~]+")
_ESCAPES = str.maketrans({sign: f"/{sign}" for sign in "/%_"})
_columns = FOREIGN_CERTIFICATES.c
_SERIAL = type_coerce(_columns.serial, String)
_HEAD = select(
    _SERIAL,
    *(_columns[name] for name in ("issuer", "subject", "not_before", "not_after", "fingerprint")),
).where(_columns.fingerprint == bindparam("fingerprint"))


class ForeignLists:
    """The part of a register in SQL that lists other authorities' certificates."""

    _transactions: Transactions

    def foreign_heads(self, query: ForeignQuery) -> Iterator[ForeignHead]:
        """Yield what fits, those that end first before the others; each is read as it is asked for.

        First only what is searched is read, then of what fits the rest: of tens of thousands a
        page is found in a fraction of the time that reading all of them takes.
        """
        for fingerprint in self._fitting(query):
            found = self._transactions.read(_HEAD, {"fingerprint": fingerprint})
            yield ForeignHead(*found[0])

    def _fitting(self, query: ForeignQuery) -> list[str]:
        text = query.text.casefold()
        values: dict[str, Any] = {"before": query.before} if query.before is not None else {}
        if query.after is not None:
            values |= {"last": query.after[0], "last_fingerprint": query.after[1]}
        if query.limit is not None and not text:
            values["limit"] = query.limit
        if text:
            values["plain"] = f"%{_plainest(text).translate(_ESCAPES)}%"
        statement = _statement(frozenset(values))
        found = self._transactions.read(statement, values)
        if not text:
            return [row[0] for row in found]
        fit = (row[0] for row in found if any(text in one.casefold() for one in row[1:]))
        return list(islice(fit, query.limit))


def _plainest(text: str) -> str:
    """Return the longest part without an accent, which the database can look for in any case."""
    return max(_ACCENTED.split(text), key=len)


@lru_cache(maxsize=16)
def _statement(given: frozenset[str]) -> Select[tuple[Any, ...]]:
    searched = (_columns.subject, _columns.issuer, _SERIAL) if "plain" in given else ()
    statement = select(_columns.fingerprint, *searched)
    statement = statement.order_by(_columns.not_after, _columns.fingerprint)
    if searched:
        plain = bindparam("plain", type_=String)
        statement = statement.where(or_(*(one.ilike(plain, escape="/") for one in searched)))
    if "before" in given:
        statement = statement.where(_columns.not_after < _moment("before"))
    if "last" in given:
        statement = statement.where(
            or_(
                _columns.not_after > _moment("last"),
                and_(
                    _columns.not_after == _moment("last"),
                    _columns.fingerprint > bindparam("last_fingerprint"),
                ),
            )
        )
    return statement.limit(bindparam("limit")) if "limit" in given else statement


def _moment(name: str) -> Any:  # noqa: ANN401  a parameter
    return bindparam(name, type_=_columns.not_after.type)
