"""`antin sign --main`: annexes in files of their own refer to the document that was issued."""

from __future__ import annotations

from io import BytesIO

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from test_cli_outgoing import issue_agency
from unit.signing.outgoing_world import draft
from unit.signing.signing_pages import letter

ANNEX = ("--display", "annex")


@pytest.fixture
def office(antin, demo_home, tmp_path):
    """An issued document of number 15, one that the agency has not signed, and an annex."""
    agency = issue_agency(antin, demo_home, tmp_path)
    (tmp_path / "draft.pdf").write_bytes(draft(number="Số: 15/QĐ-UBND"))
    (tmp_path / "pl.pdf").write_bytes(letter())

    def run(*words):
        return antin("--home", demo_home, *words, "--json")

    first = run("sign", tmp_path / "draft.pdf", "-o", tmp_path / "signed.pdf")
    last = ("-o", tmp_path / "qd.pdf", "--display", "none", *agency)
    assert (first.status, run("sign", tmp_path / "signed.pdf", *last).status) == (0, 0)

    def annex(main, *options):
        words = ("sign", tmp_path / "pl.pdf", "-o", tmp_path / "out.pdf", "--main", tmp_path / main)
        ran = run(*words, *agency, *options)
        assert (tmp_path / "out.pdf").exists() == (ran.status == 0), ran
        return ran

    return annex


def signature_in(path):
    return PdfFileReader(BytesIO(path.read_bytes())).embedded_signatures[0].sig_object


def test_an_annex_shows_the_number_of_the_main_document_and_refers_to_it(office, tmp_path):
    assert office("qd.pdf").status == 0
    reason = str(signature_in(tmp_path / "out.pdf")["/Reason"])
    assert reason.startswith("Văn bản kèm theo văn bản số 15/QĐ-UBND (SHA-256: ")


@pytest.mark.parametrize(
    ("options", "reason"),
    [(("--reason", "khác"), "khác"), (("--commitment", "origin"), None)],
)
def test_a_reason_of_ones_own_is_kept(office, tmp_path, options, reason):
    assert office("qd.pdf", *ANNEX, *options).status == 0
    found = signature_in(tmp_path / "out.pdf")
    assert (str(found["/Reason"]) if "/Reason" in found else None) == reason


@pytest.mark.parametrize(
    ("main", "options", "code"),
    [
        ("signed.pdf", (), "signing.annex_main_refused"),
        ("pl.pdf", (), "signing.annex_main_refused"),
        ("qd.pdf", ("--require-status",), "signing.annex_main_refused"),
        ("qd.pdf", ("--number", "16/QĐ-UBND"), "signing.annex_number_differs"),
        ("qd.pdf", ("--display", "text"), "cli.bad_option"),
        ("none.pdf", (), "signing.unreadable"),
    ],
)
def test_an_annex_of_what_was_not_issued_is_refused(office, main, options, code):
    refused = office(main, *options)
    assert refused.code == code
    assert refused.json["error"]["hint"]


def test_why_the_main_document_is_refused_is_said_in_words(office):
    said = office("signed.pdf").json["error"]["message"]
    assert "signed.pdf" in said
    assert "Art. 5.1" in said
