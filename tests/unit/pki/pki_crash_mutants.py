"""What keeps a crash harmless, taken away: each of these must be found out by the examination."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

from cryptography import x509

from pki.authority import crl, issuance
from pki.authority.authority import Authority
from pki.authority.crl_der import encode_tbs
from pki.authority.issuer import Issuer
from pki.records.certificates import CertificateQuery, CertificateRecord
from pki.records.changes import ReserveCRLNumber, StoreCRL
from pki.register.audit_log import AuditLog
from pki.register.sql import SQLRegister

Commit = Callable[[SQLRegister, Any, Any], None]


@contextmanager
def asleep(name: str | None) -> Iterator[None]:
    """Take one away for a block; None takes none."""
    if name is None:
        yield
        return
    with MUTANTS[name]():
        yield


@contextmanager
def _committing(mutant: Callable[[Commit, SQLRegister, Any, Any], None]) -> Iterator[None]:
    real = SQLRegister.commit

    def commit(self: SQLRegister, changes: Any, event: Any) -> None:
        mutant(real, self, changes, event)

    with mock.patch.object(SQLRegister, "commit", commit):
        yield


@contextmanager
def reserved_late() -> Iterator[None]:
    """A serial and its bytes are written only when the signature is there."""
    waiting: list[tuple[Any, Any]] = []

    def mutant(real: Commit, register: SQLRegister, changes: Any, event: Any) -> None:
        if event.action == "certificate.reserve":
            waiting.append((changes, event))
            return
        while waiting:
            real(register, *waiting.pop())
        real(register, changes, event)

    with _committing(mutant):
        yield


@contextmanager
def list_reserved_late() -> Iterator[None]:
    """A list's number and hash are written only when the signature is there."""

    def mutant(real: Commit, register: SQLRegister, changes: Any, event: Any) -> None:
        for change in changes:
            if isinstance(change, StoreCRL):
                tbs_der = x509.load_der_x509_crl(change.record.der).tbs_certlist_bytes
                digest = hashlib.sha256(tbs_der).hexdigest()
                facts = (*event.facts, ("tbs_sha256", digest))
                number = ReserveCRLNumber(change.record.issuer, change.record.number)
                real(register, (number,), replace(event, action="crl.reserve", facts=facts))
        real(register, changes, event)

    def unreserved(issuer: Issuer, register: Any, plan: Callable[[], Any], **_: Any) -> Any:
        planned = plan()
        return planned, encode_tbs(crl._content(issuer, register, planned))

    with _committing(mutant), mock.patch.object(crl, "_reserved", unreserved):
        yield


@contextmanager
def serials_counted() -> Iterator[None]:
    """Serials go on from what the register holds, which is written late."""
    registers: list[SQLRegister] = []
    real = SQLRegister.last_audit_time

    def asked(self: SQLRegister) -> Any:
        registers[:] = [self]
        return real(self)

    def draw() -> int:
        return 1 << 126 | len(registers[0].find_certificates(CertificateQuery()))

    with (
        reserved_late(),
        mock.patch.object(SQLRegister, "last_audit_time", asked),
        mock.patch("pki.authority.issuance.draw_serial", draw),
    ):
        yield


@contextmanager
def audit_apart() -> Iterator[None]:
    """A change is committed, and then the entry that tells of it."""

    def mutant(real: Commit, register: SQLRegister, changes: Any, event: Any) -> None:
        with mock.patch.object(AuditLog, "append", lambda _self, _link, _event, edge: edge):
            real(register, changes, event)
        real(register, (), event)

    with _committing(mutant):
        yield


@contextmanager
def recover_asleep() -> Iterator[None]:
    """Nothing that was left open is given up."""
    with mock.patch.object(Authority, "recover_open", return_value=()):
        yield


@contextmanager
def requests_forgotten() -> Iterator[None]:
    """Nobody keeps under which id something was asked for."""
    real = issuance._reservation

    def reservation(*given: Any, **named: Any) -> CertificateRecord:
        return replace(real(*given, **named), request_id=None, request_sha256=None)

    with mock.patch.object(issuance, "_reservation", reservation):
        yield


@contextmanager
def written_in_place() -> Iterator[None]:
    """A published file is overwritten where it lies."""

    def write(target: Any, data: bytes, **_: object) -> None:
        target.write_bytes(data)

    with mock.patch("pki_crash_day.write_atomically", write):
        yield


MUTANTS = {
    "reserved late": reserved_late,
    "list reserved late": list_reserved_late,
    "serials counted": serials_counted,
    "audit apart": audit_apart,
    "recover asleep": recover_asleep,
    "requests forgotten": requests_forgotten,
    "written in place": written_in_place,
}
