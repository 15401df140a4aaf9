"""Where a home's register is, and its way from one version to the next, by command."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from pki_postgres import PostgresServer

from cli.errors import BadConfigurationError
from cli.homes.settings import parse_settings
from cli.homes.toml_text import to_toml
from pki.register.tables import SCHEMA_VERSION

DUMP = Path(__file__).parents[1] / "unit" / "pki" / "schemas" / "v1_sqlite.sql"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    made = PostgresServer()
    yield made
    made.remove()


@pytest.fixture
def old_home(antin, tmp_path: Path) -> Path:
    """A home whose register is of the first version."""
    home = tmp_path / "home"
    assert antin("--home", home, "init").status == 0
    (home / "register.sqlite").unlink()
    database = sqlite3.connect(home / "register.sqlite")
    database.executescript(DUMP.read_text("utf-8"))
    database.close()
    return home


def test_a_home_keeps_its_register_in_postgresql(antin, server: PostgresServer, tmp_path: Path):
    home, url = tmp_path / "home", server.new_database()
    assert antin("--home", home, "init", "--register", url).status == 0
    assert f'register = "{url}"' in (home / "antin.toml").read_text("utf-8")
    assert not (home / "register.sqlite").exists()
    assert antin("--home", home, "audit", "verify").status == 0
    assert antin("--home", home, "cert", "list", "--json").json["certificates"] == []
    again = antin("--home", tmp_path / "other", "init", "--register", url)
    assert (again.status, again.code) == (3, "pki.register_exists")
    assert not (tmp_path / "other" / "antin.toml").exists()
    server.drop(url)
    gone = antin("--home", home, "cert", "list")
    assert (gone.status, gone.code) == (4, "pki.register_unreachable")


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:b%C3%AD-m%E1%BA%ADt@h/db",
        "postgresql://u:@h/db",
        "postgresql://u:secret/more@h/db",
        "postgresql://u@h/db?password=secret",
        "postgresql://u@h/db?sslmode=require&sslpassword=secret",
        "postgresql://u@h/db?pass%77ord=secret",
    ],
)
def test_a_password_does_not_stand_in_the_configuration(antin, tmp_path: Path, address: str):
    refused = antin("--home", tmp_path / "home", "init", "--register", address, "-v")
    assert (refused.status, refused.code) == (5, "cli.bad_option")
    assert "secret" not in refused.out + refused.err
    with pytest.raises(BadConfigurationError) as error:
        parse_settings(f'register = "{address}"', tmp_path / "antin.toml")
    assert "passfile" in str(error.value.facts["problem"])
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "place",
    [
        "register.sqlite",
        "sổ/đăng ký.sqlite",
        "C:\\sổ\\register.sqlite",
        "postgresql://u@h:5432/db?passfile=C:/kept&sslmode=verify-full",
        "postgresql://u@h1:1,h2:2/db?target_session_attrs=read-write",
        "postgresql:///?service=antin",
    ],
)
def test_a_place_without_a_password_is_taken(place: str, tmp_path: Path):
    settings = parse_settings(f"register = '{place}'", tmp_path)
    assert parse_settings(to_toml(settings), tmp_path).register_place == place


def test_a_demonstration_has_its_register_in_its_home(antin, tmp_path: Path):
    refused = antin("--home", tmp_path / "home", "init", "--demo", "--register", "x.sqlite")
    assert (refused.status, refused.code) == (5, "cli.bad_option")


def test_an_older_register_says_what_to_do_and_comes_up(antin, old_home: Path):
    refused = antin("--home", old_home, "cert", "list")
    assert (refused.status, refused.code) == (3, "pki.register_older")
    assert "antin upgrade" in refused.err
    done = antin("--home", old_home, "upgrade", "--yes", "--json").json
    assert (done["from"], done["to"]) == (1, SCHEMA_VERSION)
    listed = antin("--home", old_home, "cert", "list", "--json").json["certificates"]
    assert len(listed) >= 6
    assert antin("--home", old_home, "audit", "verify").status == 0
    backup = sqlite3.connect(done["backup"])
    assert backup.execute("SELECT version FROM schema_version").fetchall() == [(1,)]
    backup.close()
    assert Path(done["backup"]).parent == old_home


def test_a_register_of_today_needs_nothing(antin, tmp_path: Path):
    home = tmp_path / "home"
    antin("--home", home, "init")
    done = antin("--home", home, "upgrade")
    assert done.status == 0
    assert "nothing to do" in done.out
    assert sorted(path.name for path in home.glob("register*")) == ["register.sqlite"]


def test_nothing_is_changed_unless_somebody_says_yes(antin, old_home: Path):
    before = (old_home / "register.sqlite").read_bytes()
    refused = antin("--home", old_home, "upgrade")
    assert (refused.status, refused.code) == (3, "cli.not_confirmed")
    assert (old_home / "register.sqlite").read_bytes() == before
    assert not list(old_home.glob("register.sqlite.v1-*"))


def test_without_a_backup_nothing_is_changed(antin, old_home: Path, tmp_path: Path):
    before = (old_home / "register.sqlite").read_bytes()
    nowhere = tmp_path / "none" / "backup"
    failed = antin("--home", old_home, "upgrade", "--yes", "--backup", nowhere)
    assert (failed.status, failed.code) == (4, "pki.backup_failed")
    assert (old_home / "register.sqlite").read_bytes() == before
    made = antin("--home", old_home, "upgrade", "--yes", "--backup-made", "--json").json
    assert made["backup"] is None


def test_a_register_goes_back(antin, old_home: Path, tmp_path: Path):
    antin("--home", old_home, "upgrade", "--yes")
    kept = tmp_path / "kept"
    back = antin("--home", old_home, "upgrade", "--to", "1", "--yes", "--backup", kept, "--json")
    assert (back.json["from"], back.json["to"]) == (SCHEMA_VERSION, 1)
    assert kept.is_file()
    assert antin("--home", old_home, "cert", "list").code == "pki.register_older"
    assert antin("--home", old_home, "upgrade", "--to", "99", "--yes").code == "pki.register_newer"
    assert antin("--home", old_home, "upgrade", "--yes").status == 0
    assert antin("--home", old_home, "audit", "verify").status == 0


def test_a_register_in_postgresql_is_backed_up_by_pg_dump(
    antin, server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home, url = tmp_path / "home", server.new_database()
    antin("--home", home, "init", "--register", url)
    monkeypatch.setenv("PATH", str(tmp_path))
    failed = antin("--home", home, "upgrade", "--to", "1", "--yes")
    assert (failed.status, failed.code) == (4, "pki.backup_failed")
    monkeypatch.setenv("PATH", str(server.programs), prepend=os.pathsep)
    back = antin("--home", home, "upgrade", "--to", "1", "--yes", "--json").json
    assert Path(back["backup"]).read_bytes()[:5] == b"PGDMP"
    assert antin("--home", home, "upgrade", "--yes", "--backup-made").status == 0
    assert antin("--home", home, "audit", "verify").status == 0
    shutil.rmtree(home)
    server.drop(url)
