"""Rows as text that belongs to no engine: what one database gave, another takes."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from cryptography import x509
from sqlalchemy import Boolean, Column, Date, LargeBinary, String, Table
from sqlalchemy.types import TypeEngine
from sqlmodel import AutoString

from pki.errors.keeping import BackupContentsError
from pki.records.certificates import CertificateState, ErasureReason, StatusKind, serial_text
from pki.register.columns import (
    ErasureText,
    KindText,
    ReasonText,
    Seconds,
    SerialText,
    StateText,
    UTCDateTime,
    Word,
)


class _Form(NamedTuple):
    """How values of one kind of column are written, and read again."""

    write: Callable[[Any], object]
    read: Callable[[Any], object]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("no number")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("neither true nor false")
    return value


def _octets(value: object) -> bytes:
    return b64decode(_text(value), validate=True)


def _instant(value: object) -> datetime:
    found = datetime.fromisoformat(_text(value))
    if found.tzinfo is None:
        raise ValueError("a time without a zone")
    return found.astimezone(UTC)


_FORMS: dict[type[TypeEngine[Any]], _Form] = {
    UTCDateTime: _Form(lambda value: value.isoformat(), _instant),
    SerialText: _Form(serial_text, lambda value: int(_text(value), 16)),
    StateText: _Form(lambda value: value.value, CertificateState),
    KindText: _Form(lambda value: value.value, StatusKind),
    ErasureText: _Form(lambda value: value.value, ErasureReason),
    ReasonText: _Form(lambda value: value.value, x509.ReasonFlags),
    Seconds: _Form(
        lambda value: int(value.total_seconds()), lambda value: timedelta(seconds=_number(value))
    ),
    Date: _Form(lambda value: value.isoformat(), lambda value: date.fromisoformat(_text(value))),
    Boolean: _Form(_truth, _truth),
    LargeBinary: _Form(lambda value: b64encode(value).decode(), _octets),
    AutoString: _Form(_text, _text),
    String: _Form(_text, _text),
}
_PLAIN = _Form(_number, _number)


def write_row(table: Table, row: Mapping[str, Any]) -> bytes:
    """Return a row as one line of JSON.

    Raises:
        ValueError, TypeError: a value is of another type than its column; SQLite keeps any.
    """
    told = {
        column.name: None if (value := row[column.name]) is None else _form(column).write(value)
        for column in table.columns
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def read_row(table: Table, untrusted: bytes) -> dict[str, object]:
    """Return a row as it is inserted.

    Raises:
        BackupContentsError: it is none of that table.
    """
    try:
        told = _object(untrusted, set(table.columns.keys()))
        return {
            column.name: None if (value := told[column.name]) is None else _form(column).read(value)
            for column in table.columns
        }
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        # Not the values: they are of people.
        raise BackupContentsError(reason=f"a row that is none of {table.name}") from error


def _object(untrusted: bytes, names: set[str]) -> dict[str, object]:
    told = json.loads(untrusted)
    if not isinstance(told, dict) or set(told) != names:
        raise TypeError("other columns")
    return told


def _form(column: Column[Any]) -> _Form:
    if isinstance(column.type, Word):
        return _Form(lambda value: value.value, column.type.kind)
    for kind, form in _FORMS.items():
        if isinstance(column.type, kind):
            return form
    return _PLAIN
