"""The register: durable, append-only, and clear about what is wrong with it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from pki_engines import Place
from pki_world import NOW
from sqlalchemy.exc import SQLAlchemyError

from pki.audit.verify import verify_audit
from pki.clock import FixedClock
from pki.errors.certificates import AlreadyRevokedError
from pki.errors.keeping import RestoreUnfinishedError
from pki.errors.register import (
    NewerRegisterError,
    NotARegisterError,
    OlderRegisterError,
    RegisterBusyError,
    RegisterConflictError,
    RegisterExistsError,
    RegisterFullError,
    RegisterUnreachableError,
)
from pki.errors.requests import KeyUsedElsewhereError
from pki.records.audit import AuditEvent
from pki.records.certificates import (
    CertificateQuery,
    CertificateRecord,
    CertificateState,
    RevocationRecord,
)
from pki.records.changes import (
    Abandon,
    Change,
    ClaimName,
    Complete,
    Reserve,
    ReserveCRLNumber,
    Revoke,
    StoreCRL,
)
from pki.records.lists import CRLRecord
from pki.register import sqlite
from pki.register.postgres import PostgreSQLStore
from pki.register.sql import SQLRegister, create_register, open_register
from pki.register.sqlite import SQLiteStore

EVENT = AuditEvent(NOW, "người kiểm thử", "test")
RECORD = CertificateRecord(
    issuer="ca",
    serial=0x80 << 120,
    state=CertificateState.RESERVED,
    tbs_der=b"tbs",
    der=None,
    subject="CN=a",
    profile="official",
    not_before=NOW,
    not_after=NOW,
    fingerprint=None,
    spki_sha256="aa",
    requester="văn thư",
    reserved_at=NOW,
)
REVOCATION = RevocationRecord("ca", RECORD.serial, x509.ReasonFlags.superseded, NOW, NOW)


@pytest.fixture
def register(place: Place) -> Iterator[SQLRegister]:
    made = create_register(place.url, FixedClock(NOW))
    made.commit([ClaimName("ca")], EVENT)
    yield made
    made.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "đăng ký.db"


def test_what_is_written_is_read_after_opening_again(register: SQLRegister, place: Place):
    register.commit([Reserve(RECORD)], EVENT)
    register.commit([Complete("ca", RECORD.serial, b"der", "ff")], EVENT)
    register.commit([Revoke(REVOCATION)], EVENT)
    register.close()
    again = open_register(place.url)
    expected = replace(RECORD, state=CertificateState.REVOKED, der=b"der", fingerprint="ff")
    assert again.find_certificate("ca", RECORD.serial) == expected
    assert again.find_revocation("ca", RECORD.serial) == replace(REVOCATION, sequence=1)
    assert again.list_revocations("ca") == (replace(REVOCATION, sequence=1),)
    assert verify_audit(again) == 4
    again.close()


def test_what_is_not_there_is_none(register: SQLRegister):
    assert register.find_certificate("ca", 1) is None
    assert register.find_revocation("ca", 1) is None
    assert register.find_authority("ca") is None
    assert register.newest_crl("ca") is None
    assert register.newest_crl_head("ca") is None
    assert register.list_authorities() == ()
    assert register.list_revocations("ca") == ()


def test_queries_narrow(register: SQLRegister):
    other = replace(RECORD, serial=7, spki_sha256="bb", profile="agency")
    register.commit([Reserve(RECORD), Reserve(other)], EVENT)
    register.commit([Abandon("ca", 7)], EVENT)
    abandoned = replace(other, state=CertificateState.ABANDONED)
    for query, found in (
        (CertificateQuery(), (RECORD, abandoned)),
        (CertificateQuery(issuer="ca"), (RECORD, abandoned)),
        (CertificateQuery(issuer="x"), ()),
        (CertificateQuery(state=CertificateState.RESERVED), (RECORD,)),
        (CertificateQuery(profile="agency"), (abandoned,)),
        (CertificateQuery(spki_sha256="aa"), (RECORD,)),
        (CertificateQuery(not_after_before=NOW), ()),
    ):
        assert register.find_certificates(query) == found


@pytest.mark.parametrize(
    "changes",
    [
        [Reserve(RECORD)],
        [Reserve(replace(RECORD, issuer="nobody", serial=9))],
        [Complete("ca", 9, b"", "")],
        [Abandon("ca", 9)],
        [Revoke(REVOCATION)],
        [Revoke(replace(REVOCATION, serial=9))],
        [StoreCRL(CRLRecord("ca", 5, NOW, NOW, b"", 0))],
        [StoreCRL(CRLRecord("ca", 4, NOW, NOW, b"", 0))],
        [StoreCRL(CRLRecord("ca", 6, NOW, NOW, b"", 0))],
        [ReserveCRLNumber("ca", 5)],
        [ReserveCRLNumber("ca", 4)],
    ],
)
def test_a_change_that_does_not_fit_changes_nothing(register: SQLRegister, changes: list[Change]):
    numbers = [ReserveCRLNumber("ca", 3), ReserveCRLNumber("ca", 5)]
    store = StoreCRL(CRLRecord("ca", 5, NOW, NOW, b"", 0))
    register.commit([Reserve(RECORD), *numbers, store], EVENT)
    before = list(register.audit_entries())
    good = Reserve(replace(RECORD, serial=8))
    with pytest.raises(RegisterConflictError):
        register.commit([good, *changes], EVENT)
    assert list(register.audit_entries()) == before
    assert register.find_certificate("ca", 8) is None
    register.commit([good], EVENT)


def test_a_second_revocation_keeps_the_first(register: SQLRegister):
    register.commit([Reserve(RECORD)], EVENT)
    register.commit([Complete("ca", RECORD.serial, b"der", "ff")], EVENT)
    register.commit([Revoke(REVOCATION)], EVENT)
    with pytest.raises(AlreadyRevokedError):
        register.commit(
            [Revoke(replace(REVOCATION, reason=x509.ReasonFlags.key_compromise))], EVENT
        )
    assert register.find_revocation("ca", RECORD.serial) == replace(REVOCATION, sequence=1)


def test_a_key_is_reserved_for_one_subject(register: SQLRegister):
    register.commit([Reserve(RECORD)], EVENT)
    other = replace(RECORD, serial=8, subject="CN=b")
    with pytest.raises(KeyUsedElsewhereError):
        register.commit([Reserve(other)], EVENT)
    register.commit([Reserve(replace(RECORD, serial=8))], EVENT)
    register.commit([Abandon("ca", 8), Abandon("ca", RECORD.serial)], EVENT)
    register.commit([Reserve(replace(other, serial=9))], EVENT)


def test_a_state_that_cannot_be_told_changes_nothing(
    register: SQLRegister, monkeypatch: pytest.MonkeyPatch
):
    """The audit entry cannot be written: the action fails."""

    def broken(*_: object) -> None:
        raise SQLAlchemyError("no audit")

    with monkeypatch.context() as patch:
        patch.setattr("pki.register.audit_log.build_entry", broken)
        with pytest.raises(RegisterUnreachableError):
            register.commit([Reserve(RECORD)], EVENT)
    assert register.find_certificate("ca", RECORD.serial) is None
    register.commit([Reserve(RECORD)], EVENT)
    assert register.find_certificate("ca", RECORD.serial) == RECORD


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_register_is_not_made_over_a_file(place: Place):
    place.path.write_bytes(b"precious")
    with pytest.raises(RegisterExistsError):
        create_register(place.url, FixedClock(NOW))
    assert place.path.read_bytes() == b"precious"


def test_a_register_is_not_made_over_a_register(register: SQLRegister, place: Place):
    register.commit([Reserve(RECORD)], EVENT)
    with pytest.raises(RegisterExistsError):
        create_register(place.url, FixedClock(NOW))
    assert register.find_certificate("ca", RECORD.serial) == RECORD


def test_half_a_register_is_not_left_behind(place: Place, monkeypatch: pytest.MonkeyPatch):
    for store in (SQLiteStore, PostgreSQLStore):
        monkeypatch.setattr(store, "guards", ("CREATE NONSENSE",))
    with pytest.raises(RegisterUnreachableError):
        create_register(place.url, FixedClock(NOW))
    monkeypatch.undo()
    create_register(place.url, FixedClock(NOW)).close()


@pytest.mark.parametrize("make", [create_register, lambda where, _: open_register(where)])
def test_a_place_that_is_not_there(tmp_path: Path, make: Callable[[Path, FixedClock], object]):
    with pytest.raises(RegisterUnreachableError):
        make(tmp_path / "none" / "register.db", FixedClock(NOW))


def test_another_kind_of_database_is_not_known():
    with pytest.raises(RegisterUnreachableError) as refused:
        open_register("mysql://user:secret@host/db")
    assert "secret" not in str(refused.value)


def test_a_newer_register_is_left_alone(register: SQLRegister, place: Place):
    register.close()
    with place.raw() as run:
        run("UPDATE schema_version SET version = version + 1")
        with pytest.raises(NewerRegisterError):
            open_register(place.url)
        run("UPDATE schema_version SET version = version - 1")
    open_register(place.url).close()


def test_an_older_register_is_left_alone(register: SQLRegister, place: Place):
    register.close()
    with place.raw() as run:
        run("UPDATE schema_version SET version = 1")
    with pytest.raises(OlderRegisterError) as refused:
        open_register(place.url)
    assert refused.value.facts["found"] == 1


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7 is no database" * 100])
def test_a_file_that_is_no_register(path: Path, content: bytes):
    path.write_bytes(content)
    with pytest.raises(NotARegisterError):
        open_register(path)


def test_a_register_without_version(register: SQLRegister, place: Place):
    register.close()
    with place.raw() as run:
        place.drop_guards(run)
        run("DELETE FROM schema_version")
    with pytest.raises(RestoreUnfinishedError):  # the last row that a restore writes
        open_register(place.url)
    with place.raw() as run:
        run("INSERT INTO schema_version VALUES (1, '2026-01-01 00:00:00')")
        run("INSERT INTO schema_version VALUES (2, '2026-01-01 00:00:00')")
    with pytest.raises(NotARegisterError):
        open_register(place.url)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_lock_held_elsewhere_is_busy(
    register: SQLRegister, place: Place, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    register.close()  # so that the next connection waits no longer than that
    with place.raw() as run:
        run("BEGIN IMMEDIATE")
        with pytest.raises(RegisterBusyError):
            register.commit([Reserve(RECORD)], EVENT)
        assert register.find_certificate("ca", RECORD.serial) is None  # readers are not held up
        run("ROLLBACK")
    register.commit([Reserve(RECORD)], EVENT)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_page_limit_changes_nothing(register: SQLRegister, place: Place):
    (driver,) = register._store._idle  # the one that is lent again
    (pages,) = driver.execute("PRAGMA page_count").fetchone()
    driver.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(RegisterFullError):
        register.commit([Reserve(replace(RECORD, tbs_der=bytes(100_000)))], EVENT)
    assert register.find_certificate("ca", RECORD.serial) is None
    register.close()
    again = open_register(place.url)
    again.commit([Reserve(RECORD)], EVENT)
    again.close()


def test_threads_share_a_register(register: SQLRegister):
    def reserve(number: int) -> None:
        for step in range(5):
            serial = 1000 + number * 10 + step
            register.commit([Reserve(replace(RECORD, serial=serial))], EVENT)

    threads = [threading.Thread(target=reserve, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(register.find_certificates(CertificateQuery())) == 20
    assert verify_audit(register) == 21


def test_an_error_of_another_kind_is_unreachable(path: Path):
    error = SQLiteStore(path).translate(sqlite3.OperationalError("attempt to write"))
    assert isinstance(error, RegisterUnreachableError)
