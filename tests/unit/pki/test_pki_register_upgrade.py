"""Registers of every version there was come up to today's, and back, on both engines."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from pki_engines import Place
from pki_people import agency, person, put
from pki_world import NOW, World, new_key, someone
from sqlalchemy import inspect
from sqlmodel import SQLModel

from pki.audit.verify import verify_audit
from pki.authority.issuance import Order
from pki.authority.life import hold
from pki.authority.renewal import Following, rekey, renew
from pki.clock import FixedClock
from pki.errors.audit import AuditBrokenError
from pki.errors.keeping import BackupFailedError
from pki.errors.register import (
    NewerRegisterError,
    NotARegisterError,
    OlderRegisterError,
    RegisterConflictError,
    RegisterUnreachableError,
)
from pki.profile import load_profile
from pki.records.audit import AuditEvent
from pki.records.authorities import SuccessionRecord
from pki.records.certificates import (
    CertificateQuery,
    CertificateState,
    ErasureReason,
    ErasureRecord,
    serial_text,
)
from pki.records.changes import Erase, Retire
from pki.records.people import PersonState
from pki.records.personal import ErasePerson, PersonErasure
from pki.register.sql import create_register, open_register
from pki.register.store import store_of
from pki.register.tables import SCHEMA_VERSION
from pki.register.upgrade import _SCRIPTS, change_version, register_versions

DUMPS = Path(__file__).with_name("schemas")
CLOCK = FixedClock(NOW)
TABLES = ("issuer_names", "authorities", "certificates", "revocations", "crls")


def rows_of(dump: str) -> Iterator[tuple[str, str]]:
    """Yield table and values of every row of SQLite's dump."""
    yield from re.findall(r'(?ms)^INSERT INTO "(\w+)" VALUES(\(.*?\));$', dump)


def restore(place: Place, version: int) -> None:
    """Put a register of an older version where the place is."""
    dump = (DUMPS / f"v{version}_sqlite.sql").read_text("utf-8")
    if place.engine == "sqlite":
        database = sqlite3.connect(place.path)
        database.executescript(dump)
        database.close()
        return
    store = store_of(place.url)
    with store.engine.begin() as connection:
        with Operations.context(MigrationContext.configure(connection)):
            _SCRIPTS.get_revision(f"{version:04d}").module.upgrade()
        found = sorted(rows_of(dump), key=lambda row: (*TABLES, *(row[0],)).index(row[0]))
        for table, values in found:
            octets = re.sub(r"X'([0-9A-F]*)'", r"'\\x\1'", values)
            connection.exec_driver_sql(f"INSERT INTO {table} VALUES {octets}")
    store.engine.dispose()


def contents(place: Place) -> dict[str, list[tuple[Any, ...]]]:
    with place.raw() as run:
        wanted = "id, issuer, serial, state, tbs_der, der, subject, profile, not_before, not_after"
        tables = {"revocations": run("SELECT * FROM revocations ORDER BY 1, 2")}
        held = "name, certificate_der, key_uri, parent, profile, crl_lifetime, created_at"
        tables["authorities"] = run(f"SELECT {held} FROM authorities ORDER BY 1")
        listed = "issuer, number, this_update, next_update, der, last_sequence"
        tables["crls"] = run(f"SELECT {listed} FROM crls ORDER BY 1, 2")
        tables["certificates"] = run(f"SELECT {wanted} FROM certificates ORDER BY id")
        tables["audit"] = run("SELECT sequence, at, content FROM audit ORDER BY sequence")
        return tables


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_every_version_comes_up_with_all_it_held(place: Place, version: int):
    restore(place, version)
    before = contents(place)
    with pytest.raises(OlderRegisterError) as refused:
        open_register(place.url)
    assert refused.value.facts["found"] == version
    assert register_versions(place.url) == (version, SCHEMA_VERSION)
    change_version(place.url, CLOCK, actor="quản trị", to=SCHEMA_VERSION)
    after = contents(place)
    last = after["audit"].pop()
    assert after == before
    assert b'"register.upgrade"' in bytes(last[2])
    register = open_register(place.url)
    assert verify_audit(register) == len(before["audit"]) + 1
    found = register.find_certificates(CertificateQuery(text="do dinh"))
    assert [record.subject for record in found] == ["CN=Đỗ Đình Cường,O=UBND xã Mẫu,C=VN"]
    assert {record.state for record in register.find_certificates(CertificateQuery())} == set(
        CertificateState
    )
    assert len(register.list_revocations("issuing")) == 2
    register.close()


def test_models_and_migrations_agree(place: Place):
    """Alembic finds nothing to add to a register that came all the way up."""
    restore(place, 1)
    change_version(place.url, CLOCK, actor="quản trị", to=SCHEMA_VERSION)
    store = store_of(place.url)
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    store.engine.dispose()


def schema(place: Place) -> dict[str, Any]:
    """Return tables, keys, indexes and guards as the database tells of them."""
    store = store_of(place.url)
    seen = inspect(store.engine)
    found: dict[str, Any] = {}
    for table in seen.get_table_names():
        found[table] = (
            [(one["name"], str(one["type"]), one["nullable"]) for one in seen.get_columns(table)],
            seen.get_pk_constraint(table)["constrained_columns"],
            sorted(map(str, seen.get_foreign_keys(table))),
            sorted(str(key["column_names"]) for key in seen.get_unique_constraints(table)),
            sorted(f"{index['name']}{index['column_names']}" for index in seen.get_indexes(table)),
        )
    store.engine.dispose()
    return found


def guards(place: Place) -> list[Any]:
    with place.raw() as run:
        if place.engine == "sqlite":
            return sorted(run("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
        return sorted(
            run(
                "SELECT tgname, pg_get_triggerdef(pg_trigger.oid), prosrc, proconfig"
                " FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid WHERE NOT tgisinternal"
            )
        )


def test_a_register_that_came_up_is_as_one_that_was_made_today(place: Place):
    restore(place, 1)
    change_version(place.url, CLOCK, actor="quản trị", to=SCHEMA_VERSION)
    risen = schema(place), guards(place)
    if place.engine == "sqlite":
        place.path.unlink()
    else:
        with place.raw() as run:
            run("DROP SCHEMA public CASCADE")
            run("CREATE SCHEMA public")
    create_register(place.url, CLOCK).close()
    assert (schema(place), guards(place)) == risen


def test_a_register_goes_back_and_comes_up_again(place: Place):
    """What was kept between is kept; the chain of the older version is made anew."""
    restore(place, 1)
    first = schema(place), guards(place)
    before = contents(place)
    change_version(place.url, CLOCK, actor="quản trị", to=SCHEMA_VERSION)
    change_version(place.url, CLOCK, actor="quản trị", to=1)
    assert (schema(place), guards(place)) == first
    back = contents(place)
    assert [bytes(row[2]).count(b"register.upgrade") for row in back["audit"][-2:]] == [1, 1]
    del back["audit"][-2:]
    assert back == before
    chain_holds(place)
    change_version(place.url, CLOCK, actor="quản trị", to=SCHEMA_VERSION)
    register = open_register(place.url)
    assert verify_audit(register) == len(before["audit"]) + 3
    register.close()


def followed(place: Place) -> dict[int, int]:
    with place.raw() as run:
        return dict(run("SELECT id, follows FROM certificates WHERE follows IS NOT NULL"))


def test_what_version_1_renewed_takes_its_place(
    placed_world: World, place: Place, monkeypatch: pytest.MonkeyPatch
):
    """Version 1 had no place for it but the log, which is read."""
    world = placed_world
    first = world.issue(subject=someone(T="followed"))
    world.issue()
    follow = Following(first.serial_number, load_profile("official"), "văn thư")
    renewed = renew(world.issuing, follow)
    rekeyed = rekey(world.issuing, follow, new_key().public_key())
    rows = followed(place)
    assert len(rows) == 2
    world.register.close()
    change_version(place.url, CLOCK, actor="quản trị", to=1)
    change_version(place.url, CLOCK, actor="quản trị", to=SCHEMA_VERSION)
    assert followed(place) == rows
    with place.raw() as run:
        named = dict(run("SELECT id, serial FROM certificates"))
    assert {named[one] for one in rows} == {
        serial_text(one.serial_number) for one in (renewed, rekeyed)
    }
    assert {named[one] for one in rows.values()} == {serial_text(first.serial_number)}
    change_version(place.url, CLOCK, actor="quản trị", to=1)
    script = _SCRIPTS.get_revision("0002").module
    monkeypatch.setattr(script, "_name_followed", lambda: None)
    change_version(place.url, CLOCK, actor="quản trị", to=SCHEMA_VERSION)
    assert not followed(place), "nothing else tells"


def chain_holds(place: Place) -> None:
    """Verify the log as version 1 did."""
    with place.raw() as run:
        rows = run("SELECT content, leaf_hash, chain_hash FROM audit ORDER BY sequence")
    chain = bytes(32)
    for content, leaf, linked in rows:
        assert hashlib.sha256(b"\x00" + bytes(content)).digest() == bytes(leaf)
        chain = hashlib.sha256(b"\x02" + chain + bytes(leaf)).digest()
        assert chain == bytes(linked)


@pytest.mark.parametrize(
    "what", ["holds", "successions", "erasures", "request ids", "agencies", "people"]
)
def test_a_register_does_not_go_back_to_where_it_has_no_place(
    placed_world: World, place: Place, what: str
):
    if what == "holds":
        hold(placed_world.issuing, placed_world.issue().serial_number, requester="văn thư")
    elif what == "agencies":
        put(placed_world.register, agency())
    elif what == "people":
        gone = ErasePerson(PersonErasure("NV-1", NOW, ErasureReason.REQUEST))
        put(placed_world.register, person(state=PersonState.LEFT))
        placed_world.register.commit([gone], AuditEvent(NOW, "quản trị", "test"))
    elif what == "request ids":
        key, official = new_key().public_key(), load_profile("official")
        order = Order(key, official, someone(), "văn thư", request_id="R-1")
        placed_world.issuing.certify(order)
    elif what == "erasures":
        serial, later = placed_world.issue().serial_number, NOW + timedelta(days=11 * 366)
        gone = ErasureRecord("issuing", serial, later, "00" * 32, ErasureReason.RETENTION)
        placed_world.register.commit([Erase(gone)], AuditEvent(later, "quản trị", "test"))
    else:
        retired = Retire(SuccessionRecord("root", "issuing", NOW))
        placed_world.register.commit([retired], AuditEvent(NOW, "quản trị", "test"))
    placed_world.register.close()
    before = contents(place), schema(place), guards(place)
    with pytest.raises(RegisterConflictError) as refused:
        change_version(place.url, CLOCK, actor="quản trị", to=1)
    assert refused.value.facts["register"] == store_of(place.url).place
    assert str(refused.value.facts["reason"]).endswith(what)
    assert (contents(place), schema(place), guards(place)) == before


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit SET content = x'7b7d' WHERE sequence = 7",
        "DELETE FROM audit WHERE sequence = 7",
        "UPDATE audit SET chain_hash = leaf_hash WHERE sequence = 20",
    ],
)
def test_a_log_that_was_tampered_with_does_not_come_up_as_good(place: Place, tampering: str):
    restore(place, 1)
    with place.raw() as run:
        place.drop_guards(run)
        run(tampering)
    before = contents(place), schema(place)
    with pytest.raises(AuditBrokenError):
        change_version(place.url, CLOCK, actor="quản trị", to=SCHEMA_VERSION)
    assert (contents(place), schema(place)) == before


def test_a_version_to_come_is_left_alone(place: Place):
    create_register(place.url, CLOCK).close()
    with pytest.raises(NewerRegisterError):
        change_version(place.url, CLOCK, actor="quản trị", to=SCHEMA_VERSION + 1)
    with place.raw() as run:
        run("UPDATE schema_version SET version = 99")
    with pytest.raises(NewerRegisterError):
        change_version(place.url, CLOCK, actor="quản trị", to=SCHEMA_VERSION)


def test_there_is_nothing_to_bring_up_where_nothing_is(place: Place):
    if place.engine == "sqlite":
        with pytest.raises(RegisterUnreachableError):
            register_versions(place.url)
        place.path.touch()
    with pytest.raises(NotARegisterError):
        register_versions(place.url)


def test_every_version_has_its_revision_and_its_dump():
    revisions = [script.revision for script in _SCRIPTS.walk_revisions()]
    assert revisions == [f"{number:04d}" for number in range(SCHEMA_VERSION, 0, -1)]
    for version in range(1, SCHEMA_VERSION):
        assert (DUMPS / f"v{version}_sqlite.sql").is_file()


@pytest.fixture
def programs(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `pg_dump` be found, as it is where PostgreSQL's client programs are installed."""
    if place.server is not None:
        monkeypatch.setenv("PATH", str(place.server.programs), prepend=os.pathsep)


@pytest.mark.usefixtures("programs")
def test_a_copy_is_a_register(placed_world: World, place: Place, tmp_path: Path):
    placed_world.issue()
    copy = tmp_path / "bản sao"
    store_of(place.url).back_up(copy)
    assert copy.stat().st_mode & 0o077 == 0
    again = f"sqlite:///{copy}"
    if place.server is not None:
        again = place.server.new_database()
        place.server.restore(copy, again)
    register = open_register(again)
    assert verify_audit(register) == verify_audit(placed_world.register)
    found = register.find_certificates(CertificateQuery())
    assert found == placed_world.register.find_certificates(CertificateQuery())
    register.close()


@pytest.mark.usefixtures("programs")
def test_a_copy_overwrites_nothing_and_leaves_no_half(place: Place, tmp_path: Path):
    create_register(place.url, CLOCK).close()
    taken = tmp_path / "taken"
    taken.write_bytes(b"precious")
    for path in (taken, tmp_path / "none" / "copy"):
        with pytest.raises(BackupFailedError):
            store_of(place.url).back_up(path)
    assert taken.read_bytes() == b"precious"
    if place.engine == "sqlite":
        place.path.write_bytes(b"no database at all" * 1000)
    else:
        place = Place(place.engine, place.url + "&options=-csearch_path%3Dnone", place.server)
    with pytest.raises(BackupFailedError):
        store_of(place.url).back_up(tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_without_pg_dump_no_copy_is_made(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupFailedError):
        store_of(place.url).back_up(tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_a_password_is_not_handed_over_in_the_arguments(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    program = tmp_path / "pg_dump"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@" "$PGPASSWORD" > "$0.told"\n', "utf-8")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    store_of(f"{place.url}&password=secret").back_up(tmp_path / "copy")
    *arguments, password = (tmp_path / "pg_dump.told").read_text("utf-8").splitlines()
    assert password == "secret"  # noqa: S105
    assert not any("secret" in argument for argument in arguments)
