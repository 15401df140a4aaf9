"""Encrypted documents on the command line: passwords from a source, never from an argument."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from cli_runs import run_antin, serving
from unit.signing.encrypted_documents import OWNER, USER, encrypt


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A demonstration home of this module's own, its services running."""
    home = tmp_path_factory.mktemp("served") / "home"
    assert run_antin("--home", home, "init", "--demo").status == 0
    with serving(home):
        yield home


@pytest.fixture
def locked(peer, letter, tmp_path) -> Path:
    """The letter, which only its password opens; whoever has the user's may not change it."""
    path = tmp_path / "locked.pdf"
    path.write_bytes(encrypt(peer, tmp_path, letter.read_bytes(), "aes-256", "--modify=none"))
    return path


@pytest.fixture
def source(tmp_path) -> str:
    path = tmp_path / "password.txt"
    path.write_text(OWNER + "\n", encoding="utf-8")
    path.chmod(0o600)
    return f"file:{path}"


def test_it_is_signed_raised_listed_and_judged_with_its_password(
    antin, served, locked, source, tmp_path
):
    signed, raised = tmp_path / "signed.pdf", tmp_path / "raised.pdf"
    password = ("--password-source", source)
    ran = antin("--home", served, "sign", locked, "-o", signed, "--level", "B-B", *password)
    assert ran.status == 0, ran
    ran = antin("--home", served, "extend", signed, "-o", raised, *password)
    assert ran.status == 0, ran
    listed = antin("--home", served, "fields", raised, "--json", *password).json
    assert all(each["signed"] for each in listed["fields"])
    for more in ((), ("--offline",)):
        judged = antin("--home", served, "verify", raised, "--json", *more, *password).json
        assert judged["indication"] == "TOTAL-PASSED"
        assert judged["signatures"][0]["level"] == "B-LTA"
    assert OWNER not in f"{ran.out}{ran.err}"


@pytest.mark.parametrize("command", ["sign", "verify", "extend", "fields"])
def test_without_a_password_or_with_a_wrong_one_it_is_said(
    antin, served, locked, monkeypatch, command
):
    monkeypatch.setenv("MAT_KHAU", "sai")
    for options, status, code in (
        ((), 5, "verify.pdf_encrypted"),
        (("--password-source", "env:MAT_KHAU"), 3, "verify.password_wrong"),
        (("--password-source", "sai"), 5, "cli.bad_option"),
        (("--password-source", "env:KHONG_CO"), 4, "cli.document_password"),
    ):
        ran = antin("--home", served, command, locked, *options)
        assert (ran.status, ran.code) == (status, code), ran
        assert "hint: " in ran.err


def test_its_author_may_forbid_signing(antin, demo_home, locked, monkeypatch, tmp_path):
    monkeypatch.setenv("MAT_KHAU", USER)
    target = tmp_path / "out.pdf"
    command = ("sign", locked, "-o", target, "--password-source", "env:MAT_KHAU", "--level", "B-B")
    ran = antin("--home", demo_home, *command)
    assert (ran.status, ran.code) == (3, "signing.new_field_forbidden")
    assert not target.exists()


def test_a_person_is_asked_once_for_all(antin, demo_home, locked, tmp_path, monkeypatch):
    again = tmp_path / "again.pdf"
    again.write_bytes(locked.read_bytes())
    folder = tmp_path / "out"
    folder.mkdir()
    prompt = ("--password-source", "prompt")
    signing = ("sign", locked, again, "-o", folder, "--level", "B-B", *prompt)
    asked = []
    monkeypatch.setattr(typer, "prompt", lambda question, **_: asked.append(question) or OWNER)
    ran = antin("--home", demo_home, *signing)
    assert ran.status == 0, ran
    assert asked == ["Password of the document"]
    assert len(list(folder.glob("*.pdf"))) == 2
    assert OWNER not in ran.out + ran.err


def test_workers_read_the_password_themselves(antin, demo_home, locked, source, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    signing = ("sign", locked, "-o", folder, "--level", "B-B", "--workers", "2")
    for kind in ("prompt", "fd:0"):
        ran = antin("--home", demo_home, *signing, "--password-source", kind)
        assert (ran.status, ran.code) == (5, "cli.bad_option")
    ran = antin("--home", demo_home, *signing, "--password-source", source)
    assert ran.status == 0, ran


def test_nothing_is_queued_that_could_not_be_opened_later(antin, demo_home, locked, source):
    signing = ("sign", locked, "--level", "B-T", "--password-source", source)
    ran = antin("--home", demo_home, *signing, "--later")
    assert (ran.status, ran.code) == (5, "cli.bad_option")
