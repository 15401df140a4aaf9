"""What PostgreSQL's errors mean: by SQLSTATE, else by what the driver says of a connection.

Only the server's primary message is passed on: its details quote whole rows.

Spec: PostgreSQL documentation, appendix A (error codes).
"""

from __future__ import annotations

from pathlib import Path

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from pki.errors.register import (
    NotARegisterError,
    RegisterBusyError,
    RegisterConflictError,
    RegisterFullError,
    RegisterUnreachableError,
)
from pki.errors.tree import PKIError

_BROKEN = ("08", "57P01", "57P02", "57P03", "57P05", "25P03")
"""Connection gone, server shutting down or starting, session ended for being idle."""
_BY_CHANCE = ("40001", "40P01")
"""Serialisation failure, deadlock."""
_BUSY = ("55P03", "57014", "53300")
"""Lock not had in time, statement timeout, too many connections."""
_FULL = ("53100",)
_NO_REGISTER = ("42P01", "42703", "XX001", "XX002")
"""No such table or column; data or index corrupted."""
_CONFLICT = ("23", "22")
"""Integrity constraint; a value that the column does not take."""

_SAID = (
    ("authentication", "authentication failed"),
    ("password", "authentication failed"),
    ("certificate", "TLS"),
    ("SSL", "TLS"),
    ("does not exist", "no such database or user"),
    ("resolve host", "host unknown"),
    ("refused", "connection refused"),
    ("timeout", "no answer in time"),
    ("No such file", "no server at that socket"),
)
"""What the driver says where there is no SQLSTATE, and what of it is told: an address that was
misread may have a piece of a password in those words."""


def cause_of(error: Exception) -> BaseException:
    """Return the driver's error under SQLAlchemy's."""
    return error.orig if isinstance(error, DBAPIError) and error.orig else error


def connection_broke(error: Exception) -> bool:
    """Say whether there is no connection any more, or was none to be had."""
    cause, state = cause_of(error), _state(error)
    if state:
        return state.startswith(_BROKEN)
    return isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)


def undone_by_chance(error: Exception) -> bool:
    """Say whether the server undid the transaction for another one's sake."""
    return _state(error) in _BY_CHANCE


def error_for(error: Exception, place: Path | str) -> PKIError:
    """Return our error for the server's or the driver's."""
    state = _state(error)
    if isinstance(error, PoolTimeoutError) or state in (*_BUSY, *_BY_CHANCE):
        return RegisterBusyError(register=place)
    if state in _FULL:
        return RegisterFullError(register=place)
    if state in _NO_REGISTER:
        return NotARegisterError(register=place, reason=_primary(error))
    if state.startswith(_CONFLICT) or isinstance(cause_of(error), psycopg.DataError):
        return RegisterConflictError(register=place, reason=_primary(error))
    return RegisterUnreachableError(register=place, reason=_primary(error))


def _state(error: Exception) -> str:
    return getattr(cause_of(error), "sqlstate", None) or ""


def _primary(error: Exception) -> str:
    cause = cause_of(error)
    if isinstance(cause, psycopg.Error) and cause.diag.message_primary:
        return cause.diag.message_primary
    said = str(cause)
    return next((told for words, told in _SAID if words in said), type(cause).__name__)
