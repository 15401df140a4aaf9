"""PostgreSQL's own troubles: connections that break, servers that go, deadlocks, full disks."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from pki_postgres import NOBODY, PostgresServer
from pki_proxy import Relay
from pki_world import NOW
from sqlalchemy import event
from test_pki_register import EVENT, RECORD

from pki.audit.verify import verify_audit
from pki.clock import FixedClock
from pki.errors.register import (
    NotARegisterError,
    RegisterBusyError,
    RegisterConflictError,
    RegisterDriverError,
    RegisterExistsError,
    RegisterFullError,
    RegisterOutcomeError,
    RegisterUnreachableError,
)
from pki.records.certificates import CertificateQuery
from pki.records.changes import ClaimName, Reserve
from pki.register import postgres as engine
from pki.register.postgres import PostgreSQLStore
from pki.register.sql import SQLRegister, create_register, open_register

COMMIT = b"COMMIT"


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    made = postgres.new_database()
    yield made
    postgres.drop(made)


@pytest.fixture
def register(url: str) -> Iterator[SQLRegister]:
    made = create_register(url, FixedClock(NOW))
    made.commit([ClaimName("ca")], EVENT)
    yield made
    made.close()


@pytest.fixture
def relay(postgres: PostgresServer) -> Iterator[Relay]:
    with Relay(postgres.folder / ".s.PGSQL.5432") as made:
        yield made


@pytest.fixture
def relayed(
    postgres: PostgresServer, relay: Relay, register: SQLRegister, url: str
) -> Iterator[SQLRegister]:
    """The same register, reached through the relay."""
    del register
    made = open_register(postgres.url(psycopg.conninfo.conninfo_to_dict(url)["dbname"], relay.host))
    yield made
    made.close()


def once(words: bytes) -> Callable[[bytes], bool]:
    """Return what says yes to the first message that holds the words."""
    left = [True]

    def seen(message: bytes) -> bool:
        return words in message and left and left.pop()

    return seen


def serials(register: SQLRegister) -> list[int]:
    return [record.serial for record in register.find_certificates(CertificateQuery())]


def test_a_commit_whose_answer_was_lost_is_found_done_and_not_repeated(
    relayed: SQLRegister, relay: Relay, register: SQLRegister
):
    """The server committed; the connection broke before it could say so."""
    relay.after = once(COMMIT)
    relayed.commit([Reserve(RECORD)], EVENT)
    assert relay.cuts == 1
    assert serials(register) == [RECORD.serial]
    assert verify_audit(register) == 2
    relayed.commit([Reserve(replace(RECORD, serial=8))], EVENT)
    assert verify_audit(register) == 3


def test_a_commit_that_never_arrived_is_done_again(
    relayed: SQLRegister, relay: Relay, register: SQLRegister
):
    relay.before = once(COMMIT)
    relayed.commit([Reserve(RECORD)], EVENT)
    assert relay.cuts == 1
    assert serials(register) == [RECORD.serial]
    assert verify_audit(register) == 2


def test_another_s_entry_of_the_same_words_is_not_taken_for_ours(
    relayed: SQLRegister, relay: Relay, register: SQLRegister, monkeypatch: pytest.MonkeyPatch
):
    """The lost commit was undone, and somebody else's entry has its number, time and words."""
    monkeypatch.setattr(PostgreSQLStore, "waits", (1.0,))
    another = threading.Thread(target=register.commit, args=([], EVENT))
    lost = once(COMMIT)

    def cut(message: bytes) -> bool:
        if not lost(message):
            return False
        another.start()  # it waits for its turn, and has it as soon as the connection is cut
        return True

    relay.before = cut
    relayed.commit([Reserve(RECORD)], EVENT)
    another.join(10)
    entries = [entry.content for entry in register.audit_entries()]
    assert entries[1] == entries[2].replace(b'"sequence":3', b'"sequence":2')
    assert serials(register) == [RECORD.serial]


def test_a_commit_that_stays_in_doubt_says_so(
    relayed: SQLRegister, relay: Relay, register: SQLRegister, monkeypatch: pytest.MonkeyPatch
):
    """The answer was lost, and the server cannot be reached again."""
    monkeypatch.setattr(PostgreSQLStore, "waits", (0.01, 0.01))
    lost = once(COMMIT)

    def cut(message: bytes) -> bool:
        if lost(message):
            relay.before = lambda _: True
            return True
        return False

    relay.after = cut
    with pytest.raises(RegisterOutcomeError):
        relayed.commit([Reserve(RECORD)], EVENT)
    assert serials(register) == [RECORD.serial]  # as it happens; nobody could have known


@pytest.mark.parametrize(
    "words", [b"pg_advisory", b"INSERT INTO certificates", b"INSERT INTO audit"]
)
def test_a_connection_that_breaks_before_the_commit_is_had_again(
    relayed: SQLRegister, relay: Relay, register: SQLRegister, words: bytes
):
    relay.after = once(words)
    relayed.commit([Reserve(RECORD)], EVENT)
    assert relay.cuts == 1
    assert serials(register) == [RECORD.serial]
    assert verify_audit(register) == 2


def test_a_backend_that_is_terminated_in_a_transaction_is_replaced(
    register: SQLRegister, postgres: PostgresServer
):
    """An administrator ends the session between the certificate and its audit entry."""
    ended: list[int] = []

    def terminate(connection: Any, _: object, statement: str, *__: object) -> None:
        if "INSERT INTO audit" in statement and not ended:
            number = connection.connection.dbapi_connection.info.backend_pid
            ended.append(number)
            postgres.run(f"SELECT pg_terminate_backend({number}, 5000)")

    event.listen(register._store.engine, "before_cursor_execute", terminate)
    register.commit([Reserve(RECORD)], EVENT)
    assert ended
    assert serials(register) == [RECORD.serial]
    assert verify_audit(register) == 2


def test_a_reader_whose_connection_was_ended_asks_again(
    register: SQLRegister, postgres: PostgresServer
):
    register.commit([Reserve(RECORD)], EVENT)
    ended = postgres.run(
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
        " WHERE application_name = 'antin'"
    )
    assert ended[0][0] > 0
    assert serials(register) == [RECORD.serial]


def test_a_deadlock_is_resolved_by_trying_again(register: SQLRegister, url: str):
    """Another program locks in the other order; PostgreSQL gives one of the two up."""
    register.commit([Reserve(RECORD)], EVENT)
    deadlocks: list[str] = []

    def note(context: Any) -> None:
        deadlocks.append(context.original_exception.sqlstate)

    event.listen(register._store.engine, "handle_error", note)
    with psycopg.connect(url) as other:
        other.execute("SET deadlock_timeout = '1h'")  # so that the other one is given up
        other.execute("LOCK TABLE audit IN ACCESS EXCLUSIVE MODE")
        blocked = threading.Thread(
            target=register.commit, args=([Reserve(replace(RECORD, serial=8))], EVENT)
        )
        blocked.start()
        _wait_for_lock(url)
        # The commit above holds its turn and waits for `audit`; this waits for its turn.
        other.execute(f"SELECT pg_advisory_xact_lock({engine._TURN})")
        other.rollback()
        blocked.join(30)
    assert deadlocks == ["40P01"]
    assert serials(register) == [RECORD.serial, 8]
    assert verify_audit(register) == 3


def _wait_for_lock(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as session:
        for _ in range(500):
            waiting = session.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
            if waiting and waiting[0]:
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits")


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A server that tests may stop and misconfigure."""
    server = PostgresServer()
    yield server
    server.remove()


@pytest.fixture
def own_url(own_server: PostgresServer) -> str:
    return own_server.new_database()


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGQUIT])
def test_a_server_that_was_restarted_is_gone_on_with(
    own_server: PostgresServer, own_url: str, by: signal.Signals
):
    """SIGQUIT leaves the server to recover from its log when it starts, as after a power cut."""
    register = create_register(own_url, FixedClock(NOW))
    register.commit([ClaimName("ca"), Reserve(RECORD)], EVENT)
    own_server.stop(by)
    with pytest.raises(RegisterUnreachableError):
        register.find_certificate("ca", RECORD.serial)
    own_server.start()
    assert register.find_certificate("ca", RECORD.serial) == RECORD
    register.commit([Reserve(replace(RECORD, serial=8))], EVENT)
    assert verify_audit(register) == 2
    register.close()


def test_a_server_that_is_restarted_in_a_transaction_is_waited_for(
    own_server: PostgresServer, own_url: str
):
    register = create_register(own_url, FixedClock(NOW))
    register.commit([ClaimName("ca")], EVENT)
    stopped: list[bool] = []

    def restart(_: object, __: object, statement: str, *___: object) -> None:
        if "INSERT INTO certificates" in statement and not stopped:
            stopped.append(True)
            own_server.stop(signal.SIGQUIT)
            threading.Timer(0.5, own_server.start).start()

    event.listen(register._store.engine, "before_cursor_execute", restart)
    register.commit([Reserve(RECORD)], EVENT)
    assert serials(register) == [RECORD.serial]
    assert verify_audit(register) == 2
    register.close()


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_server_that_keeps_nothing_through_a_power_cut_is_refused(
    own_server: PostgresServer, own_url: str, setting: str
):
    own_server.run(f"ALTER SYSTEM SET {setting} = off")
    own_server.run("SELECT pg_reload_conf()")
    _wait_until(lambda: own_server.run(f"SHOW {setting}") == [("off",)])
    with pytest.raises(RegisterUnreachableError) as refused:
        create_register(own_url, FixedClock(NOW))
    assert refused.value.facts["reason"] == f"{setting} is off"
    own_server.run(f"ALTER SYSTEM RESET {setting}")
    own_server.run("SELECT pg_reload_conf()")
    _wait_until(lambda: own_server.run(f"SHOW {setting}") == [("on",)])
    create_register(own_url, FixedClock(NOW)).close()


def _wait_until(holds: Callable[[], bool]) -> None:
    for _ in range(500):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("never came true")


def test_a_commit_waits_for_the_disk_whatever_the_database_says(
    url: str, register: SQLRegister, postgres: PostgresServer
):
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    postgres.run(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    register.close()
    told: list[str] = []

    def ask(connection: Any) -> None:
        told.extend(connection.exec_driver_sql("SHOW synchronous_commit").scalars())

    event.listen(register._store.engine, "commit", ask)
    register.commit([Reserve(RECORD)], EVENT)
    assert told == ["on"]
    with psycopg.connect(url) as other:
        assert other.execute("SHOW synchronous_commit").fetchone() == ("off",)


def test_another_encoding_is_refused(postgres: PostgresServer):
    postgres.run("CREATE DATABASE plain TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    with pytest.raises(RegisterUnreachableError) as refused:
        create_register(postgres.url("plain"), FixedClock(NOW))
    assert refused.value.facts["reason"] == "encoding SQL_ASCII"
    postgres.drop(postgres.url("plain"))


def test_an_old_server_is_refused(url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(engine, "OLDEST", 990000)
    with pytest.raises(RegisterUnreachableError):
        create_register(url, FixedClock(NOW))


def test_a_turn_that_does_not_come_is_busy(
    url: str, register: SQLRegister, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(engine, "LOCK_SECONDS", 0.05)
    register.close()  # so that the next connection waits no longer than that
    with psycopg.connect(url) as other:
        other.execute(f"SELECT pg_advisory_xact_lock({engine._TURN})")
        with pytest.raises(RegisterBusyError):
            register.commit([Reserve(RECORD)], EVENT)
        assert serials(register) == []  # readers are not held up
    register.commit([Reserve(RECORD)], EVENT)


def test_a_writer_that_was_suspended_is_let_go(
    register: SQLRegister, url: str, monkeypatch: pytest.MonkeyPatch
):
    """Its session ends while it sleeps with its turn taken; others go on, and so does it after."""
    short = str(engine._ENTER).replace(f"'{engine.IDLE_SECONDS}s'", "'100ms'")
    monkeypatch.setattr(engine, "_ENTER", engine.text(short))
    other = open_register(url)
    slept: list[bool] = []

    def sleep(_: object, __: object, statement: str, *___: object) -> None:
        if "INSERT INTO audit" in statement and not slept:
            slept.append(True)
            other.commit([Reserve(replace(RECORD, serial=8))], EVENT)

    event.listen(register._store.engine, "before_cursor_execute", sleep)
    register.commit([Reserve(RECORD)], EVENT)
    assert serials(register) == [8, RECORD.serial]
    assert verify_audit(register) == 3
    other.close()


def test_a_read_only_database_says_so(url: str, register: SQLRegister, postgres: PostgresServer):
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    postgres.run(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    register.close()
    with pytest.raises(RegisterUnreachableError) as refused:
        register.commit([Reserve(RECORD)], EVENT)
    assert "read-only" in str(refused.value.facts["reason"])
    assert serials(register) == []


def test_a_full_disk_changes_nothing(postgres_on_little_room: PostgresServer):
    """The tables lie on a disk of 12 MiB; the log of the server has room."""
    server = postgres_on_little_room
    server.run("CREATE DATABASE tight TABLESPACE little")
    register = create_register(server.url("tight"), FixedClock(NOW))
    register.commit([ClaimName("ca")], EVENT)
    done = _reserve_until_full(register)
    assert 0 < done < 200
    assert serials(register) == list(range(1, done + 1))
    assert verify_audit(register) == done + 1
    register.close()


def _reserve_until_full(register: SQLRegister) -> int:
    for number in range(1, 1000):
        record = replace(RECORD, serial=number, tbs_der=os.urandom(100_000))
        try:
            register.commit([Reserve(record)], EVENT)
        except RegisterFullError:
            return number - 1
    raise AssertionError("there was room for everything")


@pytest.fixture
def postgres_on_little_room(
    peer: Callable[[str], Path], own_mounts: list[str]
) -> Iterator[PostgresServer]:
    """A server that sees a small disk, mounted where it alone sees it."""
    peer("setpriv"), peer("mount")
    script = (
        f'mount -t tmpfs -o size=12m,mode=0700,uid={NOBODY} none "$0"'
        f' && exec setpriv --reuid={NOBODY} --regid=nogroup --clear-groups "$@"'
    )
    little = Path(tempfile.mkdtemp(prefix="antin-little-"))
    wrapped = [*own_mounts, "sh", "-c", script, str(little)]
    server = PostgresServer(wrapped=wrapped)
    try:
        server.run(f"CREATE TABLESPACE little LOCATION '{little}'")
        yield server
    finally:
        server.remove()
        little.rmdir()


def test_without_its_driver_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pki.register.postgres", None)
    with pytest.raises(RegisterDriverError) as refused:
        open_register("postgresql://localhost/antin")
    assert refused.value.facts["package"] == "antin[postgresql]"


SECRET = "Bí/mật@1"  # noqa: S105  what no error may show


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("postgresql://u:{quoted}@127.0.0.1:1/db", "postgresql://127.0.0.1:1/db"),
        ("postgresql://127.0.0.1:1/db?user=u&password={quoted}", "postgresql://127.0.0.1:1/db"),
        ("postgresql://u@127.0.0.1:1,127.0.0.1:2/db", "postgresql://127.0.0.1:1,127.0.0.1:2/db"),
        ("postgresql://u@127.0.0.1,127.0.0.2/db?port=1", "postgresql://127.0.0.1:1,127.0.0.2:1/db"),
        ("postgresql://u:{quoted}@127.0.0.1/db?service=none", "postgresql:///?service=none"),
        ("postgresql://u:{secret}@127.0.0.1/db", "postgresql://"),
        ("postgresql://u:{secret}/db", "postgresql://"),
        ("postgresql://127.0.0.1:{secret}/db", "postgresql://"),
        ("postgresql://u@127.0.0.1/db?pasword={secret}", "postgresql://"),
        ("postgres://u:{quoted}@127.0.0.1:1/db?connect_timeout=2", "postgresql://127.0.0.1:1/db"),
        ("mysql://u:{secret}@127.0.0.1/db", "mysql://"),
    ],
)
def test_no_error_shows_a_password(address: str, place: str):
    url = address.format(secret=SECRET, quoted=quote(SECRET, safe=""))
    with pytest.raises((RegisterUnreachableError, NotARegisterError)) as refused:
        open_register(url)
    assert refused.value.facts["register"] == place
    told = "".join(traceback.format_exception(refused.value))
    assert "mật" not in told


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("postgresql://127.0.0.1:1/db", "connection refused"),
        ("postgresql://nowhere.invalid/db", "host unknown"),
        ("postgresql:///db?host=/nowhere", "no server at that socket"),
        ("{server}&dbname=none", "no such database or user"),
        ("{server}&user=none", "no such database or user"),
    ],
)
def test_what_keeps_the_register_away_is_told(url: str, address: str, reason: str):
    address = address.format(server=url)
    with pytest.raises(RegisterUnreachableError) as refused:
        open_register(address)
    assert refused.value.facts["reason"] == reason


@pytest.mark.parametrize("mode", ["require", "verify-full"])
def test_a_server_without_tls_is_not_spoken_to_where_tls_is_asked_for(
    postgres: PostgresServer, relay: Relay, mode: str
):
    url = postgres.url("postgres", relay.host)
    with pytest.raises(NotARegisterError):
        open_register(url)
    with pytest.raises(RegisterUnreachableError) as refused:
        open_register(url.replace("sslmode=disable", f"sslmode={mode}"))
    assert refused.value.facts["reason"] == "TLS"


def test_a_password_comes_from_a_file_of_its_own(
    own_server: PostgresServer, own_url: str, tmp_path: Path
):
    """The one way that keeps it out of the configuration, shown with a server that asks for it."""
    access = own_server.data / "pg_hba.conf"
    before = access.read_text("utf-8")
    own_server.run(f"CREATE ROLE officer LOGIN PASSWORD '{SECRET}'")
    access.write_text(f"local all officer scram-sha-256\n{before}", "utf-8")
    own_server.run("SELECT pg_reload_conf()")
    name = psycopg.conninfo.conninfo_to_dict(own_url)["dbname"]
    own_server.run("GRANT ALL ON SCHEMA public TO officer", name)
    kept = tmp_path / "pgpass"
    kept.write_text(f"*:*:*:officer:{SECRET}\n", "utf-8")
    kept.chmod(0o600)
    as_officer = own_url.replace("antin@", "officer@")
    _wait_until(lambda: _refused(as_officer) == "authentication failed")
    register = create_register(f"{as_officer}&passfile={quote(str(kept))}", FixedClock(NOW))
    register.commit([ClaimName("ca"), Reserve(RECORD)], EVENT)
    register.close()
    access.write_text(before, "utf-8")
    own_server.run("SELECT pg_reload_conf()")


def _refused(url: str) -> object:
    try:
        create_register(url, FixedClock(NOW))
    except (RegisterUnreachableError, RegisterExistsError) as error:
        return error.facts.get("reason")
    raise AssertionError("it was let in")


def test_whole_rows_are_not_told(register: SQLRegister, url: str):
    """PostgreSQL's details quote the row that failed, with whatever it says of a person."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("ALTER TABLE certificates ADD CHECK (requester <> 'văn thư')")
    with pytest.raises(RegisterConflictError) as refused:
        register.commit([Reserve(replace(RECORD, subject="CN=Nguyễn Văn An"))], EVENT)
    assert "Nguyễn" not in str(refused.value)


def test_a_text_that_postgresql_does_not_take_is_a_conflict(register: SQLRegister):
    with pytest.raises(RegisterConflictError):
        register.commit([Reserve(replace(RECORD, requester="\0"))], EVENT)
    register.commit([Reserve(RECORD)], EVENT)


def test_a_register_lies_in_a_schema_of_its_own(url: str):
    """Two registers in one database, by the search path of their addresses."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("CREATE SCHEMA hue")
        owner.execute("CREATE SCHEMA hoi_an")
    addresses = [f"{url}&options=-csearch_path%3D{name}" for name in ("hue", "hoi_an")]
    registers = [create_register(address, FixedClock(NOW)) for address in addresses]
    registers[0].commit([ClaimName("ca"), Reserve(RECORD)], EVENT)
    assert [serials(register) for register in registers] == [[RECORD.serial], []]
    for register in registers:
        register.close()
