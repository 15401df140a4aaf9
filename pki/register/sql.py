"""The register in SQL: `create_register`, `open_register`, and the implementation of the seam."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Select, Table, insert, select
from sqlmodel import SQLModel

from pki.clock import Clock
from pki.errors import (
    NewerRegisterError,
    NotARegisterError,
    OlderRegisterError,
    RegisterUnreachableError,
)
from pki.records import (
    AuditEntry,
    AuditEvent,
    AuthorityRecord,
    CertificateQuery,
    CertificateRecord,
    Change,
    CRLRecord,
    RevocationRecord,
)
from pki.register import sqlite
from pki.register.audit_log import AuditLog
from pki.register.changes import Record, apply
from pki.register.tables import (
    AUTHORITIES,
    CERTIFICATES,
    CRLS,
    REVOCATIONS,
    SCHEMA,
    SCHEMA_VERSION,
)


def create_register(url_or_path: str | Path, clock: Clock) -> SQLRegister:
    """Make a new register and open it.

    Raises:
        RegisterExistsError: something stands at that path.
        RegisterUnreachableError: the place cannot be written.
        RegisterFullError: no room.
    """
    path = _path_of(url_or_path)
    sqlite.create_file(path)
    engine = sqlite.open_engine(path)
    register = SQLRegister(engine, path)
    try:
        register.lay_tables(clock)
    except BaseException:
        engine.dispose()
        path.unlink(missing_ok=True)
        raise
    return register


def open_register(url_or_path: str | Path) -> SQLRegister:
    """Open a register that is there.

    Raises:
        RegisterUnreachableError: no such file, or it may not be read.
        NotARegisterError: the file is something else.
        NewerRegisterError: a newer Antin wrote it.
        OlderRegisterError: an older Antin wrote it.
    """
    path = _path_of(url_or_path)
    if not path.is_file():
        raise RegisterUnreachableError(register=path, reason="not there")
    register = SQLRegister(sqlite.open_engine(path), path)
    found = register.schema_version()
    if found > SCHEMA_VERSION:
        register.close()
        raise NewerRegisterError(register=path, found=found, known=SCHEMA_VERSION)
    if found < SCHEMA_VERSION:
        register.close()
        raise OlderRegisterError(register=path, found=found, known=SCHEMA_VERSION)
    return register


class SQLRegister:
    """`pki.records.Register` over SQL tables. Safe to share between threads."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._writer = engine.execution_options(**{sqlite.WRITING: True})
        self._path = path
        self._log = AuditLog()

    def close(self) -> None:
        """Give back the connections; the register may not be used after."""
        self._engine.dispose()

    def lay_tables(self, clock: Clock) -> None:
        """Make tables and triggers in one transaction."""
        with self._guarded():
            sqlite.enable_wal(self._engine)
        with self._transaction() as connection:
            SQLModel.metadata.create_all(connection)
            for trigger in sqlite.TRIGGERS:
                connection.exec_driver_sql(trigger)
            version = {"version": SCHEMA_VERSION, "created_at": clock.now()}
            connection.execute(insert(SCHEMA), version)

    def schema_version(self) -> int:
        """Return the version of the tables found."""
        with self._reading() as connection:
            versions = connection.execute(select(SCHEMA.c.version)).scalars().all()
        if len(versions) != 1:
            raise NotARegisterError(register=self._path, reason="no schema version")
        version: int = versions[0]
        return version

    def commit(self, changes: Sequence[Change], event: AuditEvent) -> None:
        """Apply all changes and append the event, or change nothing."""
        with self._transaction() as connection:
            for change in changes:
                apply(connection, change, self._path)
            edge = self._log.append(connection, event)
        self._log.remember(edge)

    def find_authority(self, name: str) -> AuthorityRecord | None:
        """Return the authority of that name."""
        with self._reading() as connection:
            row = connection.execute(_AUTHORITIES.where(AUTHORITIES.c.name == name)).first()
        return AuthorityRecord(*row) if row else None

    def list_authorities(self) -> tuple[AuthorityRecord, ...]:
        """Return all authorities, oldest first."""
        query = _AUTHORITIES.order_by(AUTHORITIES.c.created_at, AUTHORITIES.c.name)
        with self._reading() as connection:
            return tuple(AuthorityRecord(*row) for row in connection.execute(query))

    def find_certificate(self, issuer: str, serial: int) -> CertificateRecord | None:
        """Return what is recorded under the serial."""
        query = _CERTIFICATES.where(
            CERTIFICATES.c.issuer == issuer, CERTIFICATES.c.serial == serial
        )
        with self._reading() as connection:
            row = connection.execute(query).first()
        return CertificateRecord(*row) if row else None

    def find_certificates(self, query: CertificateQuery) -> tuple[CertificateRecord, ...]:
        """Return the records that match, in the order of their reservation."""
        statement = _CERTIFICATES.order_by(CERTIFICATES.c.id)
        for name in ("issuer", "state", "profile", "spki_sha256"):
            wanted = getattr(query, name)
            if wanted is not None:
                statement = statement.where(CERTIFICATES.c[name] == wanted)
        if query.not_after_before is not None:
            statement = statement.where(CERTIFICATES.c.not_after < query.not_after_before)
        with self._reading() as connection:
            return tuple(CertificateRecord(*row) for row in connection.execute(statement))

    def find_revocation(self, issuer: str, serial: int) -> RevocationRecord | None:
        """Return the serial's revocation."""
        query = _REVOCATIONS.where(REVOCATIONS.c.issuer == issuer, REVOCATIONS.c.serial == serial)
        with self._reading() as connection:
            row = connection.execute(query).first()
        return RevocationRecord(*row) if row else None

    def list_revocations(self, issuer: str) -> tuple[RevocationRecord, ...]:
        """Return one snapshot of the issuer's revocations, in order of sequence."""
        query = _REVOCATIONS.where(REVOCATIONS.c.issuer == issuer)
        with self._reading() as connection:
            found = connection.execute(query.order_by(REVOCATIONS.c.sequence))
            return tuple(RevocationRecord(*row) for row in found)

    def newest_crl(self, issuer: str) -> CRLRecord | None:
        """Return the issuer's revocation list with the highest number."""
        query = _CRLS.where(CRLS.c.issuer == issuer).order_by(CRLS.c.number.desc()).limit(1)
        with self._reading() as connection:
            row = connection.execute(query).first()
        return CRLRecord(*row) if row else None

    def last_audit_entry(self) -> AuditEntry | None:
        """Return the newest entry of the audit log."""
        with self._reading() as connection:
            return self._log.last(connection)

    def audit_entries(self, *, after: int | None = None) -> Iterator[AuditEntry]:
        """Yield the whole audit log, or what follows entry number `after`."""
        with self._reading() as connection:
            yield from self._log.entries(connection, after)

    def find_audit_entries(self, sequences: Sequence[int]) -> tuple[AuditEntry, ...]:
        """Return those of these entries that there are, in order."""
        with self._reading() as connection:
            return self._log.find(connection, sequences)

    def search_audit(self, fragment: bytes) -> tuple[AuditEntry, ...]:
        """Return the entries whose content holds these octets, in order."""
        with self._reading() as connection:
            return self._log.search(connection, fragment)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._guarded(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._guarded(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite.ENGINE_ERRORS as error:
            raise sqlite.translate(error, self._path) from error


def _select(table: Table, record: type[Record]) -> Select[tuple[Any, ...]]:
    """Select the columns of a record, in the order of its fields."""
    return select(*(table.c[field.name] for field in fields(record)))


_AUTHORITIES = _select(AUTHORITIES, AuthorityRecord)
_CERTIFICATES = _select(CERTIFICATES, CertificateRecord)
_REVOCATIONS = _select(REVOCATIONS, RevocationRecord)
_CRLS = _select(CRLS, CRLRecord)


def _path_of(url_or_path: str | Path) -> Path:
    text_form = str(url_or_path)
    if text_form.startswith("sqlite:///"):
        return Path(text_form.removeprefix("sqlite:///"))
    if "://" in text_form:
        scheme = text_form.partition("://")[0]
        raise RegisterUnreachableError(register=f"{scheme}://", reason="no such kind of register")
    return Path(url_or_path)
