"""`antin agency|person|post|device import|export`, `antin person example`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from pki.audit.verify import verify_audit
from pki.records.people import Person, PersonQuery
from pki.register.sql import open_register
from pki.words import Language

FILES = {"agency": "agencies", "person": "people", "post": "posts", "device": "devices"}


@pytest.fixture
def office(antin, tmp_path):
    """An empty home."""
    home = tmp_path / "home"

    def run(*words, status=0, json=True, **more):
        ran = antin("--home", home, *words, *(("--json",) if json else ()), **more)
        assert ran.status == status, ran
        return ran.json if json else ran

    run("init")
    run.home = home
    return run


@pytest.fixture
def example(office, tmp_path):
    """The four files of an invented province of 1,000 people."""
    office("person", "example", "--rows", "1000", "-o", tmp_path / "example")
    return {kind: tmp_path / "example" / f"{name}.csv" for kind, name in FILES.items()}


def test_a_province_is_taken_in_and_written_out_again(office, example, tmp_path):
    for kind, path in example.items():
        looked = office(kind, "import", path, status=3)
        assert (looked["done"], looked["bad"]) == (False, 0)
        assert looked["new"] == (24 if kind == "agency" else 1000)
        assert office(kind, "import", path, "--yes")["done"]
        again = office(kind, "import", path, "--yes")
        assert (again["new"], again["changed"], again["same"]) == (0, 0, looked["new"])
        unmasked = ("--unmasked",) if kind == "person" else ()
        back = tmp_path / f"{kind}.csv"
        assert office(kind, "export", "-o", back, *unmasked)["entries"] == looked["new"]
        assert sorted(back.read_bytes().splitlines()) == sorted(path.read_bytes().splitlines())
    register = open_register(office.home / "register.sqlite")
    assert verify_audit(register) > 3000
    actions = [entry.content for entry in register.audit_entries()]
    assert sum(b'"person.add"' in one for one in actions) == 1000
    assert sum(b'.import"' in one for one in actions) == 4
    told = b"".join(actions)
    assert not any(word.encode() in told for word in ("Nguyễn", "example.vn", "00007000000"))
    register.close()


def test_the_example_overwrites_nothing(office, tmp_path):
    office("person", "example", "-o", tmp_path / "example")
    again = office("person", "example", "--rows", "1000", "-o", tmp_path / "example", status=3)
    assert again["error"]["code"] == "pki.output_exists"
    told = office("person", "example", "--rows", "2", "-o", tmp_path / "two", json=False)
    assert told.out.count("\n") == 4


BAD = "code,name,state,since\nNV-1,Lê Hai,active,2025-02-29\nNV-2,Lê Ba,active,2025-07-01\n"


def test_faults_are_shown_with_their_lines_and_nothing_is_written(office, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(BAD, "utf-8")
    for words in ((), ("--yes",)):
        told = office("person", "import", path, *words, status=5)
        assert (told["done"], told["bad"], told["new"]) == (False, 1, 1)
        (fault,) = told["faults"]
        assert (fault["line"], fault["code"]) == (2, "pki.entry_leap_day")
        assert office("person", "list")["people"] == []
    words = office("person", "import", path, status=5, json=False, language=Language.EN)
    assert words.out.splitlines()[0].startswith("line 2: since: 2025 has no 29 February [pki.")
    vietnamese = office("person", "import", path, status=5, json=False, language=Language.VI)
    assert "dòng 2:" in vietnamese.out


def test_wrong_lines_are_left_out_where_that_is_said(office, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(BAD, "utf-8")
    looked = office("person", "import", path, "--skip-bad", status=3)
    assert not looked["done"]
    done = office("person", "import", path, "--skip-bad", "--yes", status=5)
    assert (done["done"], done["new"], done["bad"]) == (True, 1, 1)
    (listed,) = office("person", "list")["people"]
    assert listed["code"] == "NV-2"


def test_changes_hold_from_the_day_that_is_named(office, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("code,name,state,since\nNV-2,Lê Ba,active,01/07/2025\n", "utf-8")
    office("person", "import", path, "--local-days", "--yes")
    path.write_text("code,name\nNV-2,Lê Tư\n", "utf-8")
    assert office("person", "import", path, "--from", "2026-01-01", "--yes")["changed"] == 1
    assert office("person", "show", "NV-2", "--at", "2025-12-31")["name"] == "Lê Ba"
    assert office("person", "show", "NV-2", "--at", "2026-01-01")["name"] == "Lê Tư"


def test_people_are_written_without_their_numbers_unless_they_are_asked_for(office, tmp_path):
    number = ("--citizen-number", "001090000001", "--since", "2025-07-01")
    office("person", "add", "NV-1", "--name", "Lê Hai", *number)
    plain = office("person", "export", json=False).out
    columns, line = plain.splitlines()
    assert columns == "code,name,surname,given_name,state,since"
    assert line == "NV-1,Lê Hai,Lê,Hai,active,2025-07-01"
    whole = office("person", "export", "--unmasked", "--spreadsheet", json=False).out
    assert whole.startswith("\ufeffcode;name;")
    assert ";'001090000001;" in whole
    assert office("person", "export", "--at", "2025-06-30", json=False).out.count("\n") == 1
    refused = office("person", "export", status=5)
    assert refused["error"]["code"] == "cli.bad_option"
    path = tmp_path / "people.csv"
    office("person", "export", "-o", path)
    assert path.stat().st_mode & 0o077 == 0
    assert office("person", "export", "-o", path, status=3)["error"]["code"] == "pki.output_exists"
    told = office("agency", "export", "-o", tmp_path / "a.csv", json=False, language=Language.EN)
    assert told.out.startswith("0 entries in")


@pytest.mark.long
def test_an_import_that_is_killed_is_gone_on_with(office, tmp_path):
    """kill -9 while it commits: what is there is whole, and the same command ends it."""
    rows = 12_000
    office("person", "example", "--rows", str(rows), "-o", tmp_path / "example")
    path = tmp_path / "example" / "people.csv"
    code = "from cli.app import main; main()"
    command = [sys.executable, "-c", code, "--home", office.home, "person", "import", path, "--yes"]
    register = open_register(office.home / "register.sqlite")
    child = subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.DEVNULL)
    try:
        while child.poll() is None and not register.find_entries(PersonQuery(limit=1)):
            time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
    finally:
        child.wait()
    there = len(register.find_entries(PersonQuery()))
    assert there % 5000 == 0 or there == rows
    assert verify_audit(register) >= there
    done = office("person", "import", path, "--yes")
    assert (done["new"], done["same"]) == (rows - there, there)
    assert len(register.find_entries(PersonQuery())) == rows
    assert register.find_entry(Person, f"NV-{rows:06}") is not None
    register.close()
