"""A register that is deleted, moved, replaced or written over while it is open."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pki_engines import Place
from pki_world import NOW, World, make_world

from pki.clock import FixedClock
from pki.errors.register import RegisterReplacedError, RegisterWentBackError
from pki.records.audit import AuditEvent
from pki.records.certificates import CertificateQuery
from pki.register import sqlite
from pki.register.audit_log import AuditLog
from pki.register.sql import create_register, open_register
from pki.register.sqlite import SQLiteStore

EVENT = AuditEvent(NOW, "người kiểm thử", "test")
Doing = Callable[[Path], object]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path)
    made.issue()
    yield made
    made.register.close()


def moved(path: Path) -> None:
    path.rename(path.with_suffix(".away"))


def replaced(path: Path) -> None:
    """Put a copy in its place, as whoever restores a backup by hand does."""
    copy = path.with_suffix(".copy")
    with sqlite3.connect(path) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close()
    target.close()
    copy.replace(path)


def another(path: Path) -> None:
    """Put another register in its place."""
    other = path.with_suffix(".other")
    create_register(other, FixedClock(NOW)).close()
    other.replace(path)


SPOILT: tuple[Doing, ...] = (Path.unlink, moved, replaced, another)


def moved_and_back(path: Path) -> None:
    moved(path)
    path.with_suffix(".away").rename(path)


def touched(path: Path) -> None:
    os.utime(path, (0, 0))
    path.chmod(0o640)
    os.link(path, path.with_suffix(".link"))


def written_elsewhere(path: Path) -> None:
    register = open_register(path)
    register.commit((), EVENT)
    register.close()


HARMLESS: tuple[Doing, ...] = (lambda _path: None, moved_and_back, touched, written_elsewhere)


@pytest.mark.parametrize("spoil", SPOILT)
def test_nothing_is_issued_into_a_file_that_is_gone(world: World, spoil: Doing):
    spoil(world.folder / "register.db")
    with pytest.raises(RegisterReplacedError):
        world.issue()
    with pytest.raises(RegisterReplacedError):
        world.register.commit((), EVENT)


@pytest.mark.parametrize("change", HARMLESS)
def test_what_harms_nothing_stops_nothing(world: World, change: Doing):
    change(world.folder / "register.db")
    world.issue()
    assert len(world.register.find_certificates(CertificateQuery(profile="official"))) == 2


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_commit_into_a_file_that_goes_meanwhile_is_not_told(tmp_path: Path, spoil: Doing):
    path = tmp_path / "register.db"
    create_register(path, FixedClock(NOW)).close()
    store = SQLiteStore(path)
    with store.writing() as turn:
        turn.commit()
    with store.writing() as turn:
        spoil(path) if spoil is not replaced else shutil.move(copied(path), path)
        with pytest.raises(RegisterReplacedError):
            turn.commit()
    store.engine.dispose()


def copied(path: Path) -> Path:
    """Return a copy of the octets; a backup would wait for the writer."""
    return Path(shutil.copy(path, path.with_suffix(".copy")))


@pytest.mark.parametrize("spoil", SPOILT)
def test_nothing_is_read_for_long_from_a_file_that_is_gone(
    world: World, spoil: Doing, monkeypatch: pytest.MonkeyPatch
):
    assert sqlite.UNSEEN_SECONDS <= 1
    monkeypatch.setattr(sqlite, "UNSEEN_SECONDS", 0.0)
    assert world.register.find_authority("issuing") is not None
    spoil(world.folder / "register.db")
    with pytest.raises(RegisterReplacedError):
        world.register.find_authority("issuing")
    with pytest.raises(RegisterReplacedError):
        list(world.register.audit_entries())


def test_no_connection_is_made_to_the_file_that_took_its_place(tmp_path: Path):
    path = tmp_path / "register.db"
    create_register(path, FixedClock(NOW)).close()
    store = SQLiteStore(path)
    store._connect().close()
    another(path)
    with pytest.raises(RegisterReplacedError):
        store._connect()
    assert open_register(path).list_authorities() == (), "whoever opens it anew reads it"
    store.engine.dispose()


def older_copy(path: Path) -> Path:
    copy = path.with_suffix(".older")
    with sqlite3.connect(path) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close()
    target.close()
    return copy


def written_over(copy: Path, path: Path) -> None:
    """Write a copy into the file itself, as `cp` does; what was in the log file is in it by now."""
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
    connection.close()
    shutil.copyfile(copy, path)


def test_an_older_copy_that_is_written_over_it_is_noticed(world: World):
    path = world.folder / "register.db"
    copy = older_copy(path)
    serial = world.issue().serial_number
    written_over(copy, path)
    assert world.register.find_certificate("issuing", serial) is None, "it is gone"
    for _ in range(2):
        with pytest.raises(RegisterWentBackError) as refused:
            world.issue()
    assert refused.value.facts["register"] == path


def test_the_same_again_is_no_harm(world: World):
    path = world.folder / "register.db"
    world.issue()
    written_over(older_copy(path), path)
    world.issue()


def test_so_it_is_where_others_went_on_from_the_copy(world: World):
    """By now the log is longer than it was, and another one."""
    path = world.folder / "register.db"
    copy = older_copy(path)
    world.issue()
    written_over(copy, path)
    for _ in range(9):
        written_elsewhere(path)
    with pytest.raises(RegisterWentBackError):
        world.issue()
    assert open_register(path).list_authorities(), "whoever opens it anew takes it as it is"


def test_without_looking_it_is_gone_on_from(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(AuditLog, "_check_kept", lambda *_: None)
    path = world.folder / "register.db"
    copy = older_copy(path)
    serial = world.issue().serial_number
    written_over(copy, path)
    world.issue()
    assert world.register.find_certificate("issuing", serial) is None


@pytest.mark.parametrize("lost", ["= 0", "> 1", "> 0"])
def test_a_database_that_went_back_is_noticed(placed_world: World, place: Place, lost: str):
    """As a server that went on from an older state: its log ends before what was committed."""
    world = placed_world
    world.issue()
    with place.raw() as run:
        place.drop_guards(run)
        if lost != "= 0":
            run(f"DELETE FROM audit WHERE sequence {lost}")
    if lost == "= 0":
        world.register.commit((), EVENT)
        return
    with pytest.raises(RegisterWentBackError):
        world.register.commit((), EVENT)
    anew = open_register(place.url)
    anew.commit((), EVENT)
    anew.close()


def test_a_relative_path_stays_what_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    register = create_register(Path("register.db"), FixedClock(NOW))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    register.commit((), EVENT)
    register.close()


def test_without_looking_what_was_issued_is_lost(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(SQLiteStore, "_check_file", lambda _self: None)
    path = world.folder / "register.db"
    path.unlink()
    serial = world.issue().serial_number
    assert world.register.find_certificate("issuing", serial) is not None, "it is told as done"
    world.register.close()
    assert not path.exists()
