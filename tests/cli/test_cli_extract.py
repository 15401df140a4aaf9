"""`antin verify --extract-signed`, and files that do not open as a whole."""

from __future__ import annotations

import pytest
from cli_runs import run_antin
from unit.verify.verify_pki import LATER, add_timestamp, make_document, make_pdf, sign


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A demonstration home of this module's own."""
    home = tmp_path_factory.mktemp("extract") / "home"
    assert run_antin("--home", home, "init", "--demo").status == 0
    return home


def test_the_signed_revision_is_taken_out_byte_for_byte(antin, home, tmp_path):
    signed = sign(make_pdf())
    document, target = tmp_path / "in.pdf", tmp_path / "signed.pdf"
    document.write_bytes(add_timestamp(signed, LATER))
    verify = ("--home", home, "verify", document, "--offline", "--extract-signed", target)
    ran = antin(*verify)
    assert ran.status == 11
    assert target.read_bytes() == signed
    again = antin(*verify)
    assert again.status == 3  # what is there stays
    folder = tmp_path / "many"
    folder.mkdir()
    antin(*verify[:-1], folder, document.with_name("signed.pdf"))
    assert sorted(each.name for each in folder.iterdir()) == ["in.pdf", "signed.pdf"]


def test_many_documents_do_not_go_into_one_file(antin, home, tmp_path):
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).write_bytes(make_document("B-B"))
    ran = antin(
        "--home", home, "verify", tmp_path, "--offline", "--extract-signed", tmp_path / "c.pdf"
    )
    assert ran.status == 5
    assert "[cli.bad_option]" in ran.err


@pytest.mark.parametrize("spoilt", [False, True])
def test_what_nobody_signed_is_not_taken_out(antin, home, tmp_path, spoilt):
    data = sign(make_pdf()).replace(b"595 842", b"595 841", 1) if spoilt else make_pdf()
    document = tmp_path / "in.pdf"
    document.write_bytes(data)
    target = tmp_path / "out.pdf"
    ran = antin("--home", home, "verify", document, "--offline", "--extract-signed", target)
    assert ran.status == 3
    assert "[cli.nothing_signed]" in ran.out + ran.err
    assert not target.exists()


def test_a_spoilt_end_is_a_verdict(antin, home, tmp_path):
    document = tmp_path / "in.pdf"
    document.write_bytes(sign(make_pdf()) + b"startxref\n99999999\n%%EOF\n")
    ran = antin("--home", home, "verify", document, "--offline", "--json")
    assert ran.status == 10
    assert "integrity.dead_pointer" in str(ran.json)
