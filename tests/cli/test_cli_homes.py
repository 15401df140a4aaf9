"""Homes: made whole or not at all, one writer at a time, never of a newer version."""

import json
import os
import socket
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from cli.homes import home as home_module
from cli.homes.make_demo import PORTS
from pki.clock import FixedClock, SystemClock


def tree(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def test_init_demo_makes_authorities_services_and_one_official(made_home, antin):
    directory, made = made_home
    assert [one["name"] for one in made["authorities"]] == ["root", "issuing"]
    assert made["official"]["common_name"] == "Nguyễn Văn Mẫu"
    listed = antin("--home", directory, "cert", "list", "--json").json["certificates"]
    assert [one["profile"] for one in listed] == [
        "root",
        "issuing",
        "ocsp",
        "timestamp",
        "audit",
        "official",
    ]
    assert {one["status"] for one in listed} == {"issued"}


def test_the_homes_port_is_none_that_systems_lend_to_others(made_home):
    port = int(made_home[1]["public_url"].rsplit(":", 1)[1])
    assert port in PORTS
    lent = Path("/proc/sys/net/ipv4/ip_local_port_range")
    if lent.exists():
        assert max(PORTS) < int(lent.read_text().split()[0])


def test_the_officials_key_is_on_the_officials_own_token(made_home, antin):
    directory, made = made_home
    tokens = antin("--home", directory, "token", "list", "--json").json["tokens"]
    holders = [
        token["label"]
        for token in tokens
        for one in token["certificates"]
        if one["serial"] == made["official"]["serial"]
    ]
    assert holders == ["official"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_pins_and_tokens_are_only_their_owners(made_home):
    directory, _ = made_home
    private = [directory, directory / "pins", directory / "tokens", *(directory / "pins").iterdir()]
    assert [path for path in private if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_init_leaves_a_folder_that_holds_something_alone(antin, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    ran = antin("--home", tmp_path, "init", "--demo")
    assert (ran.status, ran.code) == (3, "cli.home_exists")
    assert tree(tmp_path) == {"mine.txt": b"mine"}


def test_init_twice_changes_nothing_the_second_time(antin, demo_home):
    before = tree(demo_home)
    ran = antin("--home", demo_home, "init", "--demo")
    assert (ran.status, ran.code) == (3, "cli.home_exists")
    assert tree(demo_home) == before


def test_init_that_fails_leaves_no_half_home(antin, tmp_path, monkeypatch):
    monkeypatch.setenv("ANTIN_SOFTHSM_MODULE", str(tmp_path / "missing.so"))
    ran = antin("--home", tmp_path / "home", "init", "--demo")
    assert (ran.status, ran.code) == (4, "hsm.softhsm_missing")
    assert not (tmp_path / "home").exists()
    monkeypatch.delenv("ANTIN_SOFTHSM_MODULE")
    assert antin("--home", tmp_path / "home", "init", "--demo").status == 0


def test_a_plain_home_says_its_configuration(antin, tmp_path):
    home = tmp_path / "home"
    made = antin("--home", home, "init", "--public-url", "http://pki.example", "--json")
    assert made.json["public_url"] == "http://pki.example"
    shown = antin("--home", home, "config", "show", "--json").json
    assert shown["settings"]["service"]["public_url"] == "http://pki.example"
    assert "public_url" in antin("--home", home, "config", "show").out


def test_a_public_url_is_an_address(antin, tmp_path):
    ran = antin("--home", tmp_path / "home", "init", "--public-url", "ftp://x")
    assert (ran.status, ran.code) == (5, "cli.bad_option")


def test_antin_home_names_the_home(antin, demo_home, monkeypatch):
    monkeypatch.setenv("ANTIN_HOME", str(demo_home))
    assert antin("config", "show", "--json").json["home"] == str(demo_home)


def test_another_configuration_may_be_named(antin, demo_home, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text("[signing]\nlevel = 'B-T'\n")
    shown = antin("--home", demo_home, "--config", other, "config", "show", "--json").json
    assert shown["settings"]["signing"]["level"] == "B-T"


def test_a_home_of_a_newer_version_is_refused(antin, demo_home):
    path = demo_home / "antin.toml"
    assert antin("--home", demo_home, "cert", "list").status == 0
    path.write_text(path.read_text().replace("version = 1", "version = 2"))
    ran = antin("--home", demo_home, "cert", "list")
    assert (ran.status, ran.code) == (3, "cli.home_newer")


def test_a_register_of_a_newer_version_is_refused(antin, demo_home):
    import sqlite3

    with sqlite3.connect(demo_home / "register.sqlite") as database:
        table = next(
            name
            for (name,) in database.execute("select name from sqlite_master where type='table'")
            if "version" in [row[1] for row in database.execute(f"pragma table_info({name})")]
        )
        database.execute(f"update {table} set version = version + 1")
    database.close()
    ran = antin("--home", demo_home, "cert", "list")
    assert (ran.status, ran.code) == (3, "pki.register_newer")


def test_a_second_writer_waits_and_then_says_so(antin, demo_home, monkeypatch):
    monkeypatch.setattr(home_module, "LOCK_WAIT_SECONDS", 0.2)
    with FileLock(demo_home / "lock"):
        ran = antin("--home", demo_home, "crl", "issue")
        assert (ran.status, ran.code) == (4, "cli.home_busy")
        assert antin("--home", demo_home, "cert", "list").status == 0, "readers never wait"
    assert antin("--home", demo_home, "crl", "issue").status == 0


def test_two_writers_at_once_both_succeed_one_after_the_other(demo_home):
    """Two real processes; the lists they issue have different numbers."""
    code = "from cli.app import main; main()"
    command = [sys.executable, "-c", code, "--home", str(demo_home), "crl", "issue", "--json"]
    running = [
        subprocess.Popen([*command, "--ca", "issuing"], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    numbers = [json.loads(one.communicate(timeout=60)[0])["lists"][0]["number"] for one in running]
    assert sorted(numbers) == [2, 3]


def test_a_clock_before_the_last_audit_entry_is_refused(antin, demo_home, official):
    early = FixedClock(SystemClock().now() - timedelta(days=1))
    revoke = ("cert", "revoke", official["serial"], "--reason", "superseded", "--yes")
    ran = antin("--home", demo_home, *revoke, clock=early)
    assert (ran.status, ran.code) == (3, "pki.clock_before_record")
    assert (
        antin("--home", demo_home, "cert", "show", official["serial"], "--json").json["status"]
        == "issued"
    )
    assert antin("--home", demo_home, *revoke).status == 0


def test_doctor_is_content_with_a_demonstration_home(antin, demo_home):
    ran = antin("--home", demo_home, "doctor", "--json")
    assert [one for one in ran.json["checks"] if not one["ok"]] == []
    assert {one["check"] for one in ran.json["checks"]} == {
        "softhsm",
        "fonts",
        "tokens",
        "register",
        "clock",
        "services",
        "upkeep",
        "port",
    }
    assert ran.status == 0


def test_a_port_that_was_just_left_is_free(antin, demo_home):
    """The system keeps such a port for a minute; `antin serve` may take it, so doctor may too."""
    before = antin("--home", demo_home, "config", "show", "--json").json
    host, _, port = before["settings"]["service"]["bind"].rpartition(":")
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, int(port)))
        listener.listen()
        with socket.create_connection((host, int(port))) as client:
            listener.accept()[0].close()
            assert client.recv(1) == b""
    checks = antin("--home", demo_home, "doctor", "--json").json["checks"]
    assert next(one for one in checks if one["check"] == "port")["ok"]


def test_doctor_names_what_is_ill_and_what_to_do(antin, demo_home):
    (demo_home / "register.sqlite").write_bytes(b"no database")
    ran = antin("--home", demo_home, "doctor")
    assert ran.status == 4
    ill = [line for line in ran.out.splitlines() if line.startswith("ILL")]
    assert any("register" in line for line in ill)


def test_doctor_warns_of_services_that_lapse(antin, demo_home):
    late = FixedClock(SystemClock().now() + timedelta(days=345))
    checks = antin("--home", demo_home, "doctor", "--json", clock=late).json["checks"]
    services = next(one for one in checks if one["check"] == "services")
    assert services["error"]["code"] == "cli.lapsing"
