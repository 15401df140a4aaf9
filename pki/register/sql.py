"""The register in SQL: `create_register`, `open_register`, and the implementation of the seam."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Select, Table, bindparam, func, insert, select
from sqlmodel import SQLModel

from pki.audit.tree import Edge
from pki.clock import ANY_TIME, Clock, ClockBounds
from pki.errors.keeping import RestoreUnfinishedError
from pki.errors.register import NewerRegisterError, NotARegisterError, OlderRegisterError
from pki.records.audit import AuditEntry, AuditEvent
from pki.records.authorities import AuthorityCertificate, AuthorityRecord, SuccessionRecord
from pki.records.certificates import (
    CertificateQuery,
    CertificateRecord,
    ErasureRecord,
    ForeignCertificate,
    RevocationRecord,
    StatusChange,
)
from pki.records.changes import Change, Step
from pki.records.lists import CRLFloor, CRLHead, CRLRecord, Listed, Snapshot
from pki.register import lists
from pki.register.audit_log import NEWEST_ENTRY, NEWEST_TIME, AuditLog
from pki.register.changes import Record, apply
from pki.register.erasures import FIND_ERASURE
from pki.register.events import EventReading
from pki.register.foreign_lists import ForeignLists
from pki.register.imports import FLOOR, FOREIGN, FOREIGN_AT
from pki.register.notices import Outbox
from pki.register.overview import Counting
from pki.register.people_reading import PeopleReading
from pki.register.personal import PersonalReading
from pki.register.plans import PlanRows
from pki.register.prepared import Statements
from pki.register.requests import ASKED_AS, NEEDED_APPROVALS, CaseRows
from pki.register.search import narrowed
from pki.register.status import HISTORY, LISTED, STANDING
from pki.register.store import Store, store_of
from pki.register.tables import (
    AUTHORITIES,
    CERTIFICATES,
    CRLS,
    SCHEMA,
    SCHEMA_VERSION,
    SUCCESSIONS,
)
from pki.register.transactions import Transactions
from pki.register.watching import Watching


def create_register(url_or_path: str | Path, clock: Clock) -> SQLRegister:
    """Make a new register at a path, `sqlite:///…` or `postgresql://…`, and open it.

    A PostgreSQL database must be there; its tables are laid in the first schema of its
    `search_path`.

    Raises:
        RegisterExistsError: something stands at that path, or a register in that schema.
        RegisterUnreachableError: the place cannot be reached or written.
        RegisterDriverError: PostgreSQL's driver is not installed.
        RegisterFullError: no room.
    """
    store = store_of(url_or_path)
    register = SQLRegister(store)
    with register.closed_on_error():
        store.make()
        try:
            register.lay_tables(clock)
        except BaseException:
            register.close()
            store.unmake()
            raise
    return register


def open_register(url_or_path: str | Path, *, bounds: ClockBounds = ANY_TIME) -> SQLRegister:
    """Open a register that is there, at a path, `sqlite:///…` or `postgresql://…`.

    Args:
        url_or_path: where it is.
        bounds: how far the clock may be from what the register knows, for whoever acts.

    Raises:
        RegisterUnreachableError: no such file or server, or it may not be read.
        RegisterDriverError: PostgreSQL's driver is not installed.
        NotARegisterError: the file or database is something else.
        NewerRegisterError: a newer Antin wrote it.
        OlderRegisterError: an older Antin wrote it.
        RestoreUnfinishedError: its restoring was broken off.
    """
    store = store_of(url_or_path)
    register = SQLRegister(store, bounds)
    with register.closed_on_error():
        store.check()
        found = register.schema_version()
        if found > SCHEMA_VERSION:
            raise NewerRegisterError(register=store.place, found=found, known=SCHEMA_VERSION)
        if found < SCHEMA_VERSION:
            raise OlderRegisterError(register=store.place, found=found, known=SCHEMA_VERSION)
    return register


class SQLRegister(
    PeopleReading, PersonalReading, Watching, Counting, EventReading, Outbox, ForeignLists
):
    """`Register` and its siblings over SQL tables. Safe to share between threads."""

    def __init__(self, store: Store, bounds: ClockBounds = ANY_TIME) -> None:
        self._store = store
        self.clock_bounds = bounds
        self._transactions = Transactions(store)
        self._reading = self._transactions.reading
        self._log = AuditLog(store.place)
        self.cases = CaseRows(self._transactions)
        """Requests, approvals and roles."""
        self.plans = PlanRows(self._transactions)
        """Lines of plans, and what became of them."""

    def close(self) -> None:
        """Give back the connections; the register may not be used after."""
        self._store.engine.dispose()

    @contextmanager
    def closed_on_error(self) -> Iterator[None]:
        """Close the register when the block fails, and say the engine's errors in our words."""
        try:
            yield
        except self._store.errors as error:
            self.close()
            raise self._store.translate(error) from error
        except BaseException:
            self.close()
            raise

    def lay_tables(self, clock: Clock) -> None:
        """Make tables and guards in one transaction."""
        with self._store.writer.connect() as connection, connection.begin():
            self._store.enter(connection)
            SQLModel.metadata.create_all(connection)
            for guard in self._store.guards:
                connection.exec_driver_sql(guard)
            version = {"version": SCHEMA_VERSION, "created_at": clock.now()}
            connection.execute(insert(SCHEMA), version)

    def schema_version(self) -> int:
        """Return the version of the tables found."""
        with self._reading() as connection:
            versions = connection.execute(select(SCHEMA.c.version)).scalars().all()
        if not versions:
            raise RestoreUnfinishedError(register=self._store.place)
        if len(versions) != 1:
            raise NotARegisterError(register=self._store.place, reason="no schema version")
        version: int = versions[0]
        return version

    def server_time(self) -> datetime | None:
        """Return the present by the clock of the register's server; None for one in a file."""
        if self._store.engine.dialect.name != "postgresql":
            return None
        server: datetime = self._transactions.read(_SERVER_TIME)[0][0]
        return server

    def commit(self, changes: Sequence[Change], event: AuditEvent) -> None:
        """Apply all changes and append the event, or change nothing."""
        self.commit_all((Step(tuple(changes), event),))

    def commit_all(self, steps: Sequence[Step]) -> None:
        """Take several steps in one transaction, in their order: all of them, or none."""
        edge = Edge()

        def work(statements: Statements) -> int:
            nonlocal edge
            edge = self._log.edge(statements)
            for changes, event in steps:
                for change in changes:
                    apply(statements, change, self._store.place)
                edge = self._log.append(statements, event, edge)
            return edge.size

        self._transactions.write(work)
        self._log.remember(edge)

    def find_authority(self, name: str) -> AuthorityRecord | None:
        """Return the authority of that name."""
        found = self._transactions.read(_AUTHORITY, {"name": name})
        return AuthorityRecord(*found[0]) if found else None

    def list_authorities(self) -> tuple[AuthorityRecord, ...]:
        """Return all authorities, oldest first."""
        return tuple(AuthorityRecord(*row) for row in self._transactions.read(_AUTHORITIES))

    def authority_certificates(self) -> tuple[AuthorityCertificate, ...]:
        """Return what `list_authorities` says of their certificates, in any order."""
        return tuple(AuthorityCertificate(*row) for row in self._transactions.read(_CERTIFIED))

    def find_succession(self, name: str) -> SuccessionRecord | None:
        """Return who goes on in an authority's place; None for one that still issues."""
        found = self._transactions.read(_SUCCESSION, {"name": name})
        return SuccessionRecord(*found[0]) if found else None

    def find_certificate(self, issuer: str, serial: int) -> CertificateRecord | None:
        """Return what is recorded under the serial."""
        found = self._transactions.read(_CERTIFICATE, {"issuer": issuer, "serial": serial})
        return CertificateRecord(*found[0]) if found else None

    def find_request(self, issuer: str, request_id: str) -> CertificateRecord | None:
        """Return what is recorded of the request that was given this id."""
        found = self._transactions.read(_REQUEST, {"issuer": issuer, "request_id": request_id})
        return CertificateRecord(*found[0]) if found else None

    def needed_approvals(self, issuer: str, serial: int) -> int:
        """Return how many approvals the serial's certificate was issued with; 0 for none."""
        found = self._transactions.read(ASKED_AS, {"of_issuer": issuer, "of_serial": serial})
        if not found or found[0][0] is None:
            return 0
        request = found[0][0]
        plan = request.rpartition(".")[0]
        asked = {"of_request": request, "of_issuer": issuer, "of_plan": plan}
        return self._transactions.read(NEEDED_APPROVALS, asked)[0][0] or 0

    def find_erasure(self, issuer: str, serial: int) -> ErasureRecord | None:
        """Return when and why the content of the serial's certificate was erased."""
        found = self._transactions.read(FIND_ERASURE, {"issuer": issuer, "serial": serial})
        return ErasureRecord(*found[0]) if found else None

    def find_certificates(self, query: CertificateQuery) -> tuple[CertificateRecord, ...]:
        """Return the records that match, in the order of their reservation."""
        found = self._transactions.read(*narrowed(query))
        return tuple(CertificateRecord(*row) for row in found)

    def find_revocation(self, issuer: str, serial: int) -> RevocationRecord | None:
        """Return what a revocation list says of the serial now."""
        found = self._transactions.read(STANDING, {"of_issuer": issuer, "of_serial": serial})
        return RevocationRecord(*found[0]) if found else None

    def status_changes(self, issuer: str, serial: int) -> tuple[StatusChange, ...]:
        """Return everything that happened to the serial's status, oldest first."""
        found = self._transactions.read(HISTORY, {"of_issuer": issuer, "of_serial": serial})
        return tuple(StatusChange(*row) for row in found)

    def list_revocations(self, issuer: str) -> tuple[RevocationRecord, ...]:
        """Return one snapshot of what is revoked or on hold now, in order of sequence."""
        found = self._transactions.read(LISTED, {"of_issuer": issuer})
        return tuple(RevocationRecord(*row) for row in found)

    def last_sequence(self) -> int:
        """Return the sequence of the last revocation or change of status."""
        return int(self._transactions.read(lists.LAST_SEQUENCE)[0][0])

    def list_entries(self, snapshot: Snapshot) -> Iterator[Listed]:
        """Yield the entries of a list as of a snapshot."""
        with self._reading() as connection:
            yield from lists.entries(connection, snapshot)

    def last_crl_number(self, issuer: str) -> int:
        """Return the highest number that was reserved for a list."""
        return int(self._transactions.read(lists.LAST_NUMBER, {"issuer": issuer})[0][0])

    def newest_crl(
        self, issuer: str, *, delta: bool = False, before: int | None = None
    ) -> CRLRecord | None:
        """Return the full or delta list with the highest number below `before`."""
        below = _ANY_NUMBER if before is None else before
        asked = {"issuer": issuer, "below": below}
        found = self._transactions.read(_NEWEST_CRL[delta], asked)
        return CRLRecord(*found[0]) if found else None

    def newest_crl_head(self, issuer: str, *, delta: bool = False) -> CRLHead | None:
        """Return number and times of the full or delta list with the highest number."""
        asked = {"issuer": issuer, "below": _ANY_NUMBER}
        found = self._transactions.read(_NEWEST_HEAD[delta], asked)
        return CRLHead(*found[0]) if found else None

    def find_crl(self, issuer: str, number: int) -> CRLRecord | None:
        """Return the list of that number."""
        if not 0 <= number < _ANY_NUMBER:
            return None
        found = self._transactions.read(_CRL, {"issuer": issuer, "number": number})
        return CRLRecord(*found[0]) if found else None

    def crl_floor(self, issuer: str) -> CRLFloor | None:
        """Return how far the issuer's lists had come before it was brought here."""
        found = self._transactions.read(FLOOR, {"issuer": issuer})
        return CRLFloor(*found[0]) if found else None

    def find_foreign(self, issuer_sha256: str, serial: int) -> ForeignCertificate | None:
        """Return some other authority's certificate, by the hash of its name and the serial."""
        place = {"issuer_sha256": issuer_sha256, "serial": serial}
        found = self._transactions.read(FOREIGN_AT, place)
        return ForeignCertificate(*found[0]) if found else None

    def list_foreign(self) -> tuple[ForeignCertificate, ...]:
        """Return all certificates of other authorities, those that end first before the others."""
        return tuple(ForeignCertificate(*row) for row in self._transactions.read(FOREIGN))

    def last_audit_entry(self) -> AuditEntry | None:
        """Return the newest entry of the audit log."""
        found = self._transactions.read(NEWEST_ENTRY)
        return AuditEntry(*found[0]) if found else None

    def last_audit_time(self) -> datetime | None:
        """Return when the newest entry of the audit log was written."""
        found = self._transactions.read(NEWEST_TIME)
        return found[0][0] if found else None

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


def _select(table: Table, record: type[Record | CRLHead]) -> Select[tuple[Any, ...]]:
    """Select the columns of a record, in the order of its fields."""
    return select(*(table.c[field.name] for field in fields(record)))


_AUTHORITIES = _select(AUTHORITIES, AuthorityRecord).order_by(
    AUTHORITIES.c.created_at, AUTHORITIES.c.name
)
_AUTHORITY = _AUTHORITIES.where(AUTHORITIES.c.name == bindparam("name"))
_CERTIFIED = select(AUTHORITIES.c.name, AUTHORITIES.c.certificate_der)
_SUCCESSION = _select(SUCCESSIONS, SuccessionRecord).where(SUCCESSIONS.c.name == bindparam("name"))
_SERVER_TIME = select(func.clock_timestamp())
_CERTIFICATES = _select(CERTIFICATES, CertificateRecord)
_CERTIFICATE = _CERTIFICATES.where(
    CERTIFICATES.c.issuer == bindparam("issuer"), CERTIFICATES.c.serial == bindparam("serial")
)
_REQUEST = _CERTIFICATES.where(
    CERTIFICATES.c.issuer == bindparam("issuer"),
    CERTIFICATES.c.request_id == bindparam("request_id"),
)
_CRLS = _select(CRLS, CRLRecord)
_NEWEST_CRL = {delta: lists.newest_crl(_CRLS, delta=delta) for delta in (False, True)}
_HEADS = _select(CRLS, CRLHead)
_NEWEST_HEAD = {delta: lists.newest_crl(_HEADS, delta=delta) for delta in (False, True)}
_CRL = _CRLS.where(CRLS.c.issuer == bindparam("issuer"), CRLS.c.number == bindparam("number"))
_ANY_NUMBER = 2**63 - 1
"""What both engines take for a number at most; Antin's own lists count from 1."""
