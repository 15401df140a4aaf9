"""A schema of PostgreSQL's that is thrown away again.

Whoever made it holds a lock on its name for as long as it is wanted. What a process left that was
killed is nobody's any more, which shows by its lock, and goes with the next one that is made.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql

from pki.errors.register import ScratchForbiddenError
from pki.register.postgres_errors import error_for

_PREFIX = "antin_scratch_"
_KEEPER = int.from_bytes(b"anti")
"""Half of an advisory lock's number; the other half comes from the name. No register's lock has
two halves."""
_TAKE = "SELECT pg_advisory_lock(%s, hashtext(%s))"
_TRY = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
_LET_GO = "SELECT pg_advisory_unlock(%s, hashtext(%s))"
_MAY = "SELECT has_database_privilege(current_database(), 'CREATE')"
_OURS = (
    "SELECT nspname FROM pg_namespace WHERE nspname ~ %s"
    " AND pg_get_userbyid(nspowner) = current_user AND nspname IS DISTINCT FROM current_schema()"
)


@contextmanager
def scratch_schema(parameters: Mapping[str, str], place: str) -> Iterator[str]:
    """Make a schema in a database and give the address at which it is the only one.

    Args:
        parameters: libpq's, of the database.
        place: what errors call it.

    Raises:
        ScratchForbiddenError: the account may make none.
        PKIError: whatever the server answers.
    """
    try:
        with psycopg.connect(**parameters, autocommit=True) as session:  # type: ignore[arg-type]  # libpq takes text
            if not _answer(session, _MAY):
                raise ScratchForbiddenError(register=place)
            _sweep(session)
            name = f"{_PREFIX}{secrets.token_hex(8)}"
            session.execute(_TAKE, (_KEEPER, name))
            session.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
            try:
                yield _address(parameters, name)
            finally:
                _drop(session, name)
    except psycopg.Error as error:
        raise error_for(error, place) from error


def _sweep(session: psycopg.Connection[Any]) -> None:
    """Drop what nobody wants any more; never where the register itself is."""
    for (name,) in session.execute(_OURS, (f"^{_PREFIX}[0-9a-f]{{16}}$",)).fetchall():
        if _answer(session, _TRY, _KEEPER, name):
            _drop(session, name)
            session.execute(_LET_GO, (_KEEPER, name))


def _drop(session: psycopg.Connection[Any], name: str) -> None:
    statement = sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name))
    session.execute(statement)


def _answer(session: psycopg.Connection[Any], question: str, *values: object) -> object:
    row = session.execute(question.encode(), values).fetchone()
    return row[0] if row else None


def _address(parameters: Mapping[str, str], schema: str) -> str:
    options = f"{parameters.get('options', '')} -c search_path={schema}".strip()
    return f"postgresql:///?{urlencode({**parameters, 'options': options}, quote_via=quote)}"
