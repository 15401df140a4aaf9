"""`antin copy`: copies of documents, signed by the agency that copies; no services are running."""

from __future__ import annotations

import json

import pytest
from test_cli_outgoing import issue_agency
from unit.signing.copying_world import scan
from unit.signing.encrypted_documents import USER, encrypt
from unit.signing.signing_pages import letter

from cli.documents.copies import read_pages
from cli.errors import BadOptionError

TAKEN_ON = "--accept-unknown-status"


@pytest.fixture
def office(antin, demo_home, tmp_path):
    """Sign as a person and as an agency, and say how an agency signs."""
    agency = issue_agency(antin, demo_home, tmp_path)
    (tmp_path / "draft.pdf").write_bytes(letter(pages=3))

    def run(*words, json=True):
        return antin("--home", demo_home, *words, *(("--json",) if json else ()))

    signed = run("sign", tmp_path / "draft.pdf", "-o", tmp_path / "signed.pdf")
    assert signed.status == 0, signed
    alone = ("--display", "none", *agency)
    done = run("sign", tmp_path / "signed.pdf", "-o", tmp_path / "qd.pdf", *alone)
    assert done.status == 0, done
    return run, agency


@pytest.fixture
def copy(office, tmp_path):
    run, agency = office

    def of(name, target, kind, *options, signer=agency, json=True):
        words = ("copy", tmp_path / name, "-o", tmp_path / target, "--kind", kind)
        ran = run(*words, *signer, *options, json=json)
        assert (tmp_path / target).exists() == (ran.status == 0), ran
        return ran

    return of


def test_a_copy_is_made_told_and_named_by_verify(copy, office, tmp_path):
    run, _ = office
    made = copy("qd.pdf", "sao.pdf", "sao-y", TAKEN_ON, "--number", "12/SY-UBND").json
    assert made["schema"] == "antin.copy/1"
    assert (made["kind"], made["number"], made["pages"]) == ("sao-y", "12/SY-UBND", [1, 2, 3])
    assert made["source"]["form"] == "original"
    assert made["source"]["told"] == "found"
    assert made["source"]["indication"] == "INDETERMINATE"
    assert len(made["source"]["status_unknown"]) == 2
    codes = [each["code"] for each in made["warnings"]]
    assert codes[-1] == "signing.copy_status_unknown"
    judged = run("verify", tmp_path / "sao.pdf").json
    assert [each["kind"] for each in judged["signatures"]] == ["seal"]
    kept = run("evidence", "list").json["records"]
    assert [each["occasion"] for each in kept] == ["signed", "signed", "judged", "judged", "signed"]


def test_of_a_full_copy_another_is_made_and_extracts_of_the_original(copy):
    assert copy("qd.pdf", "sao.pdf", "sao-y", TAKEN_ON).status == 0
    assert copy("sao.pdf", "luc.pdf", "sao-luc", TAKEN_ON).json["source"]["form"] == "copy"
    part = copy("qd.pdf", "trich.pdf", "trich-sao", TAKEN_ON, "--pages", "2, 3", json=False)
    assert "trich.pdf" in part.out
    assert "Art. 25.3" in part.out, "the head of the document is missing"


@pytest.mark.parametrize(
    ("name", "kind", "options", "status", "code"),
    [
        ("qd.pdf", "sao-y", (), 3, "signing.copy_source_undecided"),
        ("draft.pdf", "sao-y", (), 3, "signing.copy_source_unsigned"),
        ("signed.pdf", "sao-y", (TAKEN_ON,), 3, "signing.copy_without_seal"),
        ("qd.pdf", "sao-luc", (TAKEN_ON,), 3, "signing.copy_of_original"),
        ("qd.pdf", "sao-y", ("--pages", "1"), 5, "signing.copy_whole"),
        ("qd.pdf", "trich-sao", (), 5, "signing.copy_pages_needed"),
        ("qd.pdf", "trich-sao", (TAKEN_ON, "--pages", "9"), 5, "signing.copy_page_missing"),
        ("qd.pdf", "trich-sao", ("--pages", "3-1"), 5, "cli.bad_option"),
        ("qd.pdf", "sao-y", ("--from", "paper"), 3, "signing.copy_paper_signed"),
        ("qd.pdf", "sao-y", ("--from", "copy", TAKEN_ON), 3, "signing.copy_of_copy"),
    ],
)
def test_each_refusal_has_a_code_and_says_what_to_do(copy, name, kind, options, status, code):
    refused = copy(name, "no.pdf", kind, *options)
    assert (refused.status, refused.code) == (status, code)
    assert refused.json["error"]["hint"]


def test_a_person_copies_nothing_and_nothing_is_overwritten_unasked(copy, tmp_path):
    refused = copy("qd.pdf", "no.pdf", "sao-y", TAKEN_ON, signer=())
    assert (refused.status, refused.code) == (3, "signing.copy_needs_agency")
    assert copy("qd.pdf", "sao.pdf", "sao-y", TAKEN_ON).status == 0
    before = (tmp_path / "sao.pdf").read_bytes()
    words = ("qd.pdf", "sao.pdf", "sao-y", TAKEN_ON)
    with pytest.raises(AssertionError, match=r"pki\.output_exists"):
        copy(*words)
    assert (tmp_path / "sao.pdf").read_bytes() == before
    assert copy(*words, "--overwrite").status == 0
    assert (tmp_path / "sao.pdf").read_bytes() != before


def test_a_home_that_takes_no_unknown_status_takes_none_on_a_word(copy, demo_home):
    settings = demo_home / "antin.toml"
    text = settings.read_text("utf-8")
    assert 'unknown_status = "warn"' in text
    settings.write_text(text.replace('"warn"', '"refuse"'), "utf-8")
    assert copy("qd.pdf", "no.pdf", "sao-y", TAKEN_ON).code == "cli.bad_option"


def test_many_documents_are_copied_into_a_folder_and_again(office, tmp_path):
    run, agency = office
    folder, out = tmp_path / "scans", tmp_path / "out"
    for place in (folder, out):
        place.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.pdf").write_bytes(scan())
    (folder / "c.pdf").write_bytes(b"not a document")
    words = ("copy", folder, "--kind", "sao-y", "--from", "paper", *agency)
    ran = run(*words, "-o", out, "--json-lines")
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert [("error" in line) for line in lines] == [False, False, True]
    assert ran.status == 5
    assert sorted(each.name for each in out.iterdir()) == ["a-sao-y.pdf", "b-sao-y.pdf"]
    (folder / "c.pdf").unlink()
    assert run(*words).status == 0
    again = run(*words, "--overwrite").json["documents"]
    assert len(again) == 2, "copies are not copied"
    refused = run(*words, "-o", tmp_path / "one.pdf")
    assert refused.code == "cli.bad_option"


def test_two_documents_of_one_name_do_not_become_one(office, tmp_path):
    run, agency = office
    paths = []
    for name in ("x", "y", "out"):
        (tmp_path / name).mkdir()
        paths.append(tmp_path / name / "a.pdf")
        paths[-1].write_bytes(scan())
    words = ("--kind", "sao-y", "--from", "paper", "-o", tmp_path / "out", *agency)
    assert run("copy", *paths[:2], *words).code == "cli.bad_option"


@pytest.mark.parametrize(
    ("text", "pages"),
    [("2-3,5", ((2, 3), (5, 5))), (" 1 ", ((1, 1),)), ("4 - 4", ((4, 4),))],
)
def test_pages_are_read(text, pages):
    assert read_pages(text) == pages


@pytest.mark.parametrize("text", ["", "0", "3-2", "1,", "a", "1-2-3", "-1", "1;2", "9999999"])
def test_pages_that_are_none_are_refused(text):
    with pytest.raises(BadOptionError):
        read_pages(text)


def test_an_encrypted_scan_is_copied_with_its_password(peer, copy, tmp_path, monkeypatch):
    (tmp_path / "scan.pdf").write_bytes(encrypt(peer, tmp_path, scan()))
    monkeypatch.setenv("DOCUMENT", USER)
    paper = ("--from", "paper")
    refused = copy("scan.pdf", "a.pdf", "sao-y", *paper)
    assert (refused.status, refused.json["error"]["code"]) == (5, "verify.pdf_encrypted")
    made = copy("scan.pdf", "a.pdf", "sao-y", *paper, "--password-source", "env:DOCUMENT").json
    assert [each["code"] for each in made["warnings"]][-1] == "signing.copy_open"
