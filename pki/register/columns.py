"""How values of records stand in columns: the same on every engine, and readable by a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from cryptography import x509
from sqlalchemy import BigInteger, Dialect, String
from sqlalchemy.types import DateTime, TypeDecorator

from pki.records.certificates import CertificateState, ErasureReason, StatusKind, serial_text


class UTCDateTime(TypeDecorator[datetime]):
    """An aware instant, stored as UTC without a zone: SQLite forgets zones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  SQLAlchemy's signature
        """Store as UTC without a zone."""
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  as above
        """Read back as UTC."""
        return value.replace(tzinfo=UTC) if value else None

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """Return what stores a value; for SQLite in one step, in the form SQLAlchemy has there."""
        return _as_text if dialect.name == "sqlite" else super().bind_processor(dialect)


def _as_text(value: datetime | None) -> str | None:
    if value is None:
        return None
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


class SerialText(TypeDecorator[int]):
    """A serial of up to 160 bits, stored as lower-case hex."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:  # noqa: ARG002  as above
        """Store as hex."""
        return None if value is None else serial_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> int | None:  # noqa: ARG002  as above
        """Read back as a number."""
        return None if value is None else int(value, 16)


class StateText(TypeDecorator[CertificateState]):
    """A state, stored by its name."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  as above
        """Store the plain name: SQLite's driver takes a detour with what is only like a string."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> CertificateState | None:  # noqa: ARG002  as above
        """Read back as the member of that name."""
        return None if value is None else CertificateState(value)


class KindText(TypeDecorator[StatusKind]):
    """A kind of change of status, stored by its name."""

    impl = String
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> StatusKind | None:  # noqa: ARG002  as above
        """Read back as the member of that name."""
        return None if value is None else StatusKind(value)


class ErasureText(TypeDecorator[ErasureReason]):
    """Why a certificate was erased, stored by its name."""

    impl = String
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> ErasureReason | None:  # noqa: ARG002  as above
        """Read back as the member of that name."""
        return None if value is None else ErasureReason(value)


class Word(TypeDecorator[StrEnum]):
    """One of the words of an enumeration, stored by its name."""

    impl = String
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  as above
        """Store the plain word."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002  as above
        """Read back as the member of that name."""
        return None if value is None else self.kind(value)


class ReasonText(TypeDecorator[x509.ReasonFlags]):
    """A reason, stored by its name in RFC 5280."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: x509.ReasonFlags | None, dialect: Dialect) -> str | None:  # noqa: ARG002  as above
        """Store by name."""
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: Dialect) -> x509.ReasonFlags | None:  # noqa: ARG002  as above
        """Read back as the member of that name."""
        return None if value is None else x509.ReasonFlags(value)


class Seconds(TypeDecorator[timedelta]):
    """A duration, stored in whole seconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:  # noqa: ARG002  as above
        """Store in seconds."""
        return None if value is None else int(value.total_seconds())

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:  # noqa: ARG002  as above
        """Read back as a duration."""
        return None if value is None else timedelta(seconds=value)
