"""Certificates found by words of their subject, by period, and page by page, on both engines."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from pki_engines import Place
from pki_world import NOW
from sqlalchemy.exc import OperationalError
from test_pki_register import EVENT, RECORD

from pki.clock import FixedClock
from pki.errors.keeping import BackupFailedError
from pki.errors.register import RegisterBusyError, RegisterOutcomeError
from pki.errors.tree import PKIError
from pki.records.certificates import CertificateQuery
from pki.records.changes import ClaimName, Reserve
from pki.register.postgres import PostgreSQLStore
from pki.register.sql import SQLRegister, create_register
from pki.register.sqlite import SQLiteStore

NAMES = ("Nguyễn Văn Đức", "Trần Thị Nguyệt", "Nguyễn Thị Ánh")


@pytest.fixture
def register(place: Place) -> Iterator[SQLRegister]:
    made = create_register(place.url, FixedClock(NOW))
    records = [
        replace(
            RECORD,
            serial=RECORD.serial + number,
            subject=f"CN={name}",
            spki_sha256=f"{number:02}",
            not_after=NOW + timedelta(days=number),
        )
        for number, name in enumerate(NAMES)
    ]
    made.commit([ClaimName("ca"), *map(Reserve, records)], EVENT)
    yield made
    made.close()


def found(register, **query):
    return [
        one.subject.removeprefix("CN=")
        for one in register.find_certificates(CertificateQuery(**query))
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nguyen", (0, 2)),
        ("NGUYỄN", (0, 2)),
        ("duc", (0,)),
        ("thị nguyễn", (2,)),
        ("nguyen nguyen", (0, 2)),
        ("%", ()),
        ("xyz", ()),
    ],
)
def test_words_are_found_without_accents_and_in_any_order(register, text, expected):
    assert found(register, text=text) == [NAMES[number] for number in expected]


def test_pages_follow_each_other_and_lose_none(register):
    first = register.find_certificates(CertificateQuery(limit=2))
    assert [one.subject for one in first] == [f"CN={name}" for name in NAMES[:2]]
    last = first[-1]
    assert found(register, after=(last.issuer, last.serial), limit=2) == [NAMES[2]]


def test_a_period_has_its_first_instant_and_not_its_last(register):
    day = timedelta(days=1)
    assert found(register, not_after_from=NOW + day) == [*NAMES[1:]]
    assert found(register, not_after_before=NOW + day) == [NAMES[0]]
    both = found(register, not_after_from=NOW + day, not_after_before=NOW + 2 * day)
    assert both == [NAMES[1]]


def test_guards_are_dropped_all_and_only_for_a_change_of_the_tables(register, place):
    with place.raw() as run, pytest.raises(place.refusals):
        run("UPDATE audit SET sequence = 99")
    with register._transactions.store.engine.begin() as connection:
        register._transactions.store.drop_guards(connection)
    with place.raw() as run:
        run("UPDATE audit SET sequence = 99")


def test_a_file_has_no_connection_to_lose(tmp_path):
    store = SQLiteStore(tmp_path / "r.sqlite")
    error = OperationalError("", {}, Exception("x"))
    assert not store.changed_nothing(error)
    assert not store.is_lost(error)
    assert isinstance(store.translate(error), PKIError)


def test_a_question_that_the_database_cannot_answer_is_our_error(register, place):
    with place.raw() as run:
        run("DROP TABLE crls")
    with pytest.raises(PKIError):
        register.newest_crl("ca")


class Forgetful(SQLiteStore):
    """A file that answers as a server does whose connection breaks at every commit."""

    waits = (0.0, 0.0)

    def is_lost(self, error: Exception) -> bool:
        return error is not None


@pytest.mark.parametrize(
    ("kind", "expected"), [(Forgetful, RegisterOutcomeError), (SQLiteStore, PKIError)]
)
def test_a_commit_that_fails_is_told_and_one_without_an_answer_is_told_apart(
    tmp_path, kind, expected
):
    path = tmp_path / "r.sqlite"
    create_register(path, FixedClock(NOW)).close()
    failing = [True]

    class Failing(sqlite3.Connection):
        def commit(self) -> None:
            if failing:
                raise sqlite3.OperationalError("disk I/O error")
            super().commit()

    register = SQLRegister(kind(path, factory=Failing))
    with pytest.raises(expected) as caught:
        register.commit([ClaimName("ca")], EVENT)
    assert (type(caught.value) is RegisterOutcomeError) == (kind is Forgetful)
    assert register.last_audit_entry() is None
    failing.clear()
    register.commit([ClaimName("ca")], EVENT)
    assert register.last_audit_entry() is not None
    register.close()


def test_a_transaction_on_a_file_is_nobodys_but_ones_own(tmp_path):
    create_register(tmp_path / "r.sqlite", FixedClock(NOW)).close()
    store = SQLiteStore(tmp_path / "r.sqlite")
    with store.writing() as turn:
        assert not turn.is_own(1, turn.ticket)
    store.engine.dispose()


def test_a_copy_that_is_not_whole_is_no_backup(tmp_path):
    path = tmp_path / "r.sqlite"
    create_register(path, FixedClock(NOW)).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute(
            "UPDATE sqlite_master SET sql = rtrim(rtrim(sql, char(10)), ')') || ', CHECK (1 > 2))'"
            " WHERE name = 'schema_version' AND type = 'table'"
        )
        database.commit()
    with pytest.raises(BackupFailedError):
        SQLiteStore(path).back_up(tmp_path / "copy.sqlite")


def test_a_server_that_is_not_there_names_no_schema():
    with pytest.raises(PKIError):
        PostgreSQLStore("postgresql://127.0.0.1:1/none")._schema()


def test_threads_of_one_process_take_turns_and_do_not_wait_for_ever(tmp_path, monkeypatch):
    path = tmp_path / "r.sqlite"
    register = create_register(path, FixedClock(NOW))
    monkeypatch.setattr("pki.register.sqlite.BUSY_SECONDS", 0.05)
    with register._store.writing(), pytest.raises(RegisterBusyError):
        register.commit([ClaimName("ca")], EVENT)
    assert register.last_audit_entry() is None
    register.commit([ClaimName("ca")], EVENT)
    assert register.last_audit_entry() is not None
    register.close()
