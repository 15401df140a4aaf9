"""`antin selftest invariants`: every invariant on a home that is in use."""

from __future__ import annotations

import sqlite3

import pytest

from cli.selftest.invariants import INVARIANTS
from pki.words import Language


@pytest.fixture
def register(demo_home):
    return demo_home / "register.sqlite"


def test_all_are_told_and_nothing_is_changed(antin, demo_home, register):
    before = register.read_bytes()
    ran = antin("--home", demo_home, "selftest", "invariants", "--json")
    assert ran.status == 0, ran
    found = ran.json["invariants"]
    assert ran.json["schema"] == "antin.selftest.invariants/1"
    assert [one["number"] for one in found] == list(range(1, 26))
    assert {one["number"] for one in found if one["outcome"] != "held"} == {9}
    assert register.read_bytes() == before


def test_what_is_broken_is_told_in_both_languages(antin, demo_home, register):
    with sqlite3.connect(register) as connection:
        connection.execute("DROP TRIGGER certificates_keep")
        connection.execute("UPDATE certificates SET fingerprint = '00' WHERE state = 'issued'")
    connection.close()
    for language, word in ((Language.EN, "BROKEN"), (Language.VI, "VI PHẠM")):
        ran = antin("--home", demo_home, "selftest", "invariants", language=language)
        assert ran.status == 3, ran
        told = [line for line in ran.out.splitlines() if word in line]
        assert [line[:2] for line in told] == ["10", "22"]
        assert "certificates_keep" in told[1]


def test_code_without_a_guard_is_told(antin, demo_home, monkeypatch):
    monkeypatch.setattr("pki.authority.authority.check_clock", lambda *_: None)
    ran = antin("--home", demo_home, "selftest", "invariants", "--json")
    assert ran.status == 3, ran
    broken = [one["number"] for one in ran.json["invariants"] if one["outcome"] == "broken"]
    assert broken == [23]


def test_numbers_are_those_of_the_list():
    assert [one.number for one in INVARIANTS] == list(range(1, 26))
