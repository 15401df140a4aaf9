"""`antin selftest invariants`: every invariant on a home that is in use."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from pki_postgres import PostgresServer

from cli.selftest.invariants import INVARIANTS
from pki.register.sql import create_register
from pki.words import Language


@pytest.fixture
def register(demo_home):
    return demo_home / "register.sqlite"


def test_all_are_told_and_nothing_is_changed(antin, demo_home, register):
    before = register.read_bytes()
    ran = antin("--home", demo_home, "selftest", "invariants", "--json")
    assert ran.status == 0, ran
    assert (ran.json["sandboxes"], ran.json["sandboxes_instead"]) == ("sqlite", None)
    found = ran.json["invariants"]
    assert ran.json["schema"] == "antin.selftest.invariants/1"
    assert [one["number"] for one in found] == list(range(1, 26))
    assert {one["outcome"] for one in found} == {"held"}
    assert register.read_bytes() == before


@pytest.fixture(scope="module")
def server():
    made = PostgresServer()
    yield made
    made.remove()


@pytest.fixture
def database(server):
    url = server.new_database()
    yield url
    server.drop(url)


def schemas(server, url):
    database = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    return server.run("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'antin%'", database)


def test_a_home_in_postgresql_is_tried_in_postgresql(antin, database, server, tmp_path):
    home, made = tmp_path / "home", []
    assert antin("--home", home, "init", "--register", database).status == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "cli.selftest.sandbox.create_register",
            lambda where, clock: made.append(where) or create_register(where, clock),
        )
        ran = antin("--home", home, "selftest", "invariants", "--json")
    assert ran.status == 0, ran
    assert (ran.json["sandboxes"], ran.json["sandboxes_instead"]) == ("postgresql", None)
    outcomes = {one["number"]: one["outcome"] for one in ran.json["invariants"]}
    assert outcomes == dict.fromkeys(range(1, 26), "held")
    assert len(set(made)) > 25, "each trial has a register of its own"
    assert all(str(one).startswith("postgresql://") for one in made)
    assert not schemas(server, database)
    assert antin("--home", home, "audit", "verify").status == 0


def test_where_no_schema_may_be_made_the_other_engine_is_named(
    antin, database, server, tmp_path, monkeypatch
):
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    server.run("CREATE ROLE scribe LOGIN")
    server.run("CREATE SCHEMA scribe AUTHORIZATION scribe", name)
    # What is tried is the same everywhere; here it is where.
    monkeypatch.setattr("cli.selftest.check.INVARIANTS", INVARIANTS[:2])
    home = tmp_path / "home"
    url = database.replace("antin@", "scribe@")
    assert antin("--home", home, "init", "--register", url).status == 0
    ran = antin("--home", home, "selftest", "invariants", "--json")
    assert ran.status == 0, ran
    assert ran.json["sandboxes"] == "sqlite"
    assert ran.json["sandboxes_instead"]["code"] == "pki.scratch_forbidden"
    said = antin("--home", home, "selftest", "invariants")
    assert "the sandboxes were in SQLite\nthe account of the register" in said.out
    assert "GRANT CREATE ON DATABASE" in said.out
    server.run(f'GRANT CREATE ON DATABASE "{name}" TO scribe')
    said = antin("--home", home, "selftest", "invariants")
    assert "PostgreSQL" in said.out
    assert "SQLite" not in said.out
    assert not schemas(server, database)
    for words in (f'REVOKE ALL ON DATABASE "{name}" FROM scribe', "DROP OWNED BY scribe"):
        server.run(words, name)
    server.run("DROP ROLE scribe")


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
    monkeypatch.setattr("pki.authority.authority.present", lambda _, clock: clock.now())
    ran = antin("--home", demo_home, "selftest", "invariants", "--json")
    assert ran.status == 3, ran
    broken = [one["number"] for one in ran.json["invariants"] if one["outcome"] == "broken"]
    assert broken == [23]


def test_numbers_are_those_of_the_list():
    assert [one.number for one in INVARIANTS] == list(range(1, 26))


def test_no_pin_and_no_personal_number_is_told_or_kept(antin, demo_home, tmp_path):
    """Invariant 25, over a day of the program: in what it says, and in the log it keeps."""
    number, pins = "001099012345", [one.read_text().strip() for one in demo_home.glob("pins/*")]
    assert pins
    csr = tmp_path / "a.csr"
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    made = request.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    csr.write_bytes(made.public_bytes(Encoding.PEM))
    pairs = ("C=VN", "O=UBND", "CN=Lê Hai", f"UID=CCCD:{number}")
    subject = [word for pair in pairs for word in ("--set", pair)]
    wanted = ("--ca", "issuing", "--profile", "official", "--csr", csr, "-o", tmp_path / "a.pem")
    said = [
        antin("--home", demo_home, "--verbose", *words)
        for words in (
            ("cert", "issue", *wanted, *subject),
            ("cert", "issue", *wanted, "--set", "C=VN", "--set", "O=UBND", "--set", "CN=Lê Ba"),
            ("crl", "issue", "--ca", "issuing"),
            ("ca", "show", "issuing"),
            ("audit", "show"),
        )
    ]
    assert [one.status for one in said] == [0, 3, 0, 0, 0], said
    told = "".join(one.out + one.err for one in said)
    assert not [one for one in pins if one in told]
    # A certificate that was asked for is shown whole; errors and asides name nobody.
    assert number not in "".join(one.err for one in said) + said[1].out
    log = antin("--home", demo_home, "audit", "show", "--limit", "1000").out
    assert log
    assert not [one for one in (*pins, number) if one in log]
