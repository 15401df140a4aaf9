"""The register in SQL: `create_register`, `open_register`, and the implementation of the seam."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text
from sqlmodel import Session, SQLModel, col, desc, select

from pki.audit import build_entry
from pki.clock import Clock
from pki.errors import NewerRegisterError, NotARegisterError, RegisterUnreachableError
from pki.records import (
    AuditEntry,
    AuditEvent,
    AuthorityRecord,
    CertificateQuery,
    CertificateRecord,
    Change,
    CRLRecord,
    RevocationRecord,
    serial_text,
)
from pki.register import rows, sqlite
from pki.register.changes import apply
from pki.register.tables import (
    SCHEMA_VERSION,
    AuditRow,
    AuthorityRow,
    CertificateRow,
    CRLRow,
    RevocationRow,
    SchemaRow,
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
    """
    path = _path_of(url_or_path)
    if not path.is_file():
        raise RegisterUnreachableError(register=path, reason="not there")
    register = SQLRegister(sqlite.open_engine(path), path)
    found = register.schema_version()
    if found > SCHEMA_VERSION:
        register.close()
        raise NewerRegisterError(register=path, found=found, known=SCHEMA_VERSION)
    return register


class SQLRegister:
    """`pki.records.Register` over SQL tables. Safe to share between threads."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._writer = engine.execution_options(**{sqlite.WRITING: True})
        self._path = path

    def close(self) -> None:
        """Give back the connections; the register may not be used after."""
        self._engine.dispose()

    def lay_tables(self, clock: Clock) -> None:
        """Make tables and triggers in one transaction."""
        with self._guarded():
            sqlite.enable_wal(self._engine)
        with self._session(self._writer) as session:
            SQLModel.metadata.create_all(session.connection())
            for trigger in sqlite.TRIGGERS:
                session.execute(text(trigger))
            session.add(SchemaRow(version=SCHEMA_VERSION, created_at=clock.now()))
            session.commit()

    def schema_version(self) -> int:
        """Return the version of the tables found."""
        with self._session() as session:
            versions = session.exec(select(SchemaRow.version)).all()
        if len(versions) != 1:
            raise NotARegisterError(register=self._path, reason="no schema version")
        return versions[0]

    def commit(self, changes: Sequence[Change], event: AuditEvent) -> None:
        """Apply all changes and append the event, or change nothing."""
        with self._session(self._writer) as session:
            for change in changes:
                apply(session, change, self._path)
            previous = _last_audit(session)
            session.add(rows.audit_row(build_entry(event, previous)))
            session.commit()

    def find_authority(self, name: str) -> AuthorityRecord | None:
        """Return the authority of that name."""
        with self._session() as session:
            row = session.get(AuthorityRow, name)
            return rows.authority_record(row) if row else None

    def list_authorities(self) -> tuple[AuthorityRecord, ...]:
        """Return all authorities, oldest first."""
        query = select(AuthorityRow).order_by(col(AuthorityRow.created_at), AuthorityRow.name)
        with self._session() as session:
            return tuple(rows.authority_record(row) for row in session.exec(query))

    def find_certificate(self, issuer: str, serial: int) -> CertificateRecord | None:
        """Return what is recorded under the serial."""
        query = select(CertificateRow).where(
            CertificateRow.issuer == issuer, CertificateRow.serial == serial_text(serial)
        )
        with self._session() as session:
            row = session.exec(query).first()
            return rows.certificate_record(row) if row else None

    def find_certificates(self, query: CertificateQuery) -> tuple[CertificateRecord, ...]:
        """Return the records that match, in the order of their reservation."""
        statement = select(CertificateRow).order_by(col(CertificateRow.id))
        if query.issuer is not None:
            statement = statement.where(CertificateRow.issuer == query.issuer)
        if query.state is not None:
            statement = statement.where(CertificateRow.state == query.state.value)
        if query.profile is not None:
            statement = statement.where(CertificateRow.profile == query.profile)
        if query.spki_sha256 is not None:
            statement = statement.where(CertificateRow.spki_sha256 == query.spki_sha256)
        if query.not_after_before is not None:
            statement = statement.where(CertificateRow.not_after < query.not_after_before)
        with self._session() as session:
            return tuple(rows.certificate_record(row) for row in session.exec(statement))

    def find_revocation(self, issuer: str, serial: int) -> RevocationRecord | None:
        """Return the serial's revocation."""
        query = select(RevocationRow).where(
            RevocationRow.issuer == issuer, RevocationRow.serial == serial_text(serial)
        )
        with self._session() as session:
            row = session.exec(query).first()
            return rows.revocation_record(row) if row else None

    def list_revocations(self, issuer: str) -> tuple[RevocationRecord, ...]:
        """Return one snapshot of the issuer's revocations, in order of sequence."""
        query = (
            select(RevocationRow)
            .where(RevocationRow.issuer == issuer)
            .order_by(col(RevocationRow.sequence))
        )
        with self._session() as session:
            return tuple(rows.revocation_record(row) for row in session.exec(query))

    def newest_crl(self, issuer: str) -> CRLRecord | None:
        """Return the issuer's revocation list with the highest number."""
        query = select(CRLRow).where(CRLRow.issuer == issuer).order_by(desc(col(CRLRow.number)))
        with self._session() as session:
            row = session.exec(query.limit(1)).first()
            return rows.crl_record(row) if row else None

    def last_audit_entry(self) -> AuditEntry | None:
        """Return the newest entry of the audit log."""
        with self._session() as session:
            return _last_audit(session)

    def audit_entries(self) -> Iterator[AuditEntry]:
        """Yield the audit log from its beginning."""
        query = select(AuditRow).order_by(col(AuditRow.sequence))
        with self._session() as session:
            for row in session.exec(query).yield_per(1000):
                yield rows.audit_entry(row)

    @contextmanager
    def _session(self, engine: Engine | None = None) -> Iterator[Session]:
        with self._guarded(), Session(engine or self._engine) as session:
            yield session

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite.ENGINE_ERRORS as error:
            raise sqlite.translate(error, self._path) from error


def _last_audit(session: Session) -> AuditEntry | None:
    query = select(AuditRow).order_by(desc(col(AuditRow.sequence))).limit(1)
    row = session.exec(query).first()
    return rows.audit_entry(row) if row else None


def _path_of(url_or_path: str | Path) -> Path:
    text_form = str(url_or_path)
    if text_form.startswith("sqlite:///"):
        return Path(text_form.removeprefix("sqlite:///"))
    if "://" in text_form:
        scheme = text_form.partition("://")[0]
        raise RegisterUnreachableError(register=f"{scheme}://", reason="no such kind of register")
    return Path(url_or_path)
