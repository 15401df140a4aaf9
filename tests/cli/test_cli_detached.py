"""`antin verify` on signatures apart (`--signature`) and on files inside a signature (.p7m)."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_runs import run_antin
from cryptography.hazmat.primitives.serialization import Encoding
from unit.verify.cms_world import CONTENT, at_level, cms, pem, signer_info, stamp
from unit.verify.verify_pki import LATER, make_document, make_world

AT = LATER.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home of this module's own."""
    home = tmp_path_factory.mktemp("detached") / "home"
    assert run_antin("--home", home, "init").status == 0
    return home


@pytest.fixture
def verify(antin, home, tmp_path):
    """Run `antin verify` in a folder with a document, its signature, and the trust anchor."""
    anchor = make_world().root.certificate.public_bytes(Encoding.PEM)
    (tmp_path / "root.pem").write_bytes(anchor)
    (tmp_path / "plan.docx").write_bytes(CONTENT)
    (tmp_path / "plan.docx.p7s").write_bytes(at_level("B-LTA"))
    (tmp_path / "plan.docx.p7m").write_bytes(at_level("B-LTA", content=CONTENT))

    def run(*arguments: object):
        named = [tmp_path / one if (tmp_path / str(one)).exists() else one for one in arguments]
        trust = ("--trust", tmp_path / "root.pem", "--offline", "--at", AT)
        return antin("--home", home, "--lang", "en", "verify", *named, *trust)

    return run


def test_a_signature_apart_is_judged_over_its_file(verify, tmp_path):
    ran = verify("plan.docx", "--signature", "plan.docx.p7s", "--json")
    assert ran.status == 0
    assert ran.json["indication"] == "TOTAL-PASSED"
    assert ran.json["document"]["name"] == "plan.docx"
    assert ran.json["document"]["size"] == len(CONTENT)
    assert [one["level"] for one in ran.json["signatures"]] == ["B-LTA"]
    (tmp_path / "plan.docx").write_bytes(CONTENT + b" ")
    spoiled = verify("plan.docx", "--signature", "plan.docx.p7s")
    assert spoiled.status == 10
    assert "[integrity.content_differs]" in spoiled.out


def test_pem_will_do(verify, tmp_path):
    (tmp_path / "plan.sig").write_bytes(pem(at_level("B-B")))
    assert verify("plan.docx", "--signature", "plan.sig").status == 11
    (tmp_path / "plan.sig").write_bytes(pem(at_level("B-LTA")))
    assert verify("plan.docx", "--signature", "plan.sig").status == 0


def test_a_file_inside_its_signature_is_judged_and_taken_out(verify, tmp_path):
    ran = verify("plan.docx.p7m", "--extract-signed", tmp_path / "out.docx", "--json")
    assert (ran.status, ran.json["document"]["name"]) == (0, "plan.docx.p7m")
    assert (tmp_path / "out.docx").read_bytes() == CONTENT
    folder = tmp_path / "many"
    folder.mkdir()
    ran = verify("plan.docx.p7m", "plan.docx.p7m", "--extract-signed", folder)
    assert [each.name for each in folder.iterdir()] == ["plan.docx"]


def test_what_was_signed_apart_is_taken_out_as_it_is(verify, tmp_path):
    out = ("--extract-signed", tmp_path / "out")
    assert verify("plan.docx", "--signature", "plan.docx.p7s", *out).status == 0
    assert (tmp_path / "out").read_bytes() == CONTENT


@pytest.mark.parametrize("what", ["spoiled", "missing", "broken", "none", "stamp"])
def test_what_nobody_signed_is_not_taken_out(verify, tmp_path, what):
    made = {
        "spoiled": cms(signer_info(CONTENT), content=b"other"),
        "missing": at_level("B-B"),
        "broken": at_level("B-B")[:-9],
        "none": cms(content=CONTENT),
        "stamp": stamp(CONTENT),
    }
    (tmp_path / "in.p7m").write_bytes(made[what])
    ran = verify("in.p7m", "--extract-signed", tmp_path / "out")
    assert ran.status == 3
    assert "[cli.nothing_signed]" in ran.err
    assert not (tmp_path / "out").exists()


def test_pdf_and_signature_files_may_be_judged_together(verify, tmp_path):
    (tmp_path / "a.pdf").write_bytes(make_document("B-LTA"))
    ran = verify("a.pdf", "plan.docx.p7m", "--json-lines")
    assert ran.status == 0
    assert len(ran.out.splitlines()) == 2


def test_of_a_folder_what_has_signatures_inside_is_judged(verify, tmp_path):
    folder = tmp_path / "mail"
    folder.mkdir()
    (folder / "a.pdf").write_bytes(make_document("B-LTA"))
    (folder / "b.P7M").write_bytes(at_level("B-LTA", content=CONTENT))
    (folder / "c.p7s").write_bytes(at_level("B-LTA"))
    ran = verify("mail", "--json")
    assert ran.status == 0
    assert [one["document"]["name"] for one in ran.json["documents"]] == ["a.pdf", "b.P7M"]


def test_a_signature_apart_goes_with_one_file(verify, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.pdf").write_bytes(make_document("B-B"))
    for files in (("plan.docx", "root.pem"), ("folder",)):
        ran = verify(*files, "--signature", "plan.docx.p7s")
        assert ran.status == 5
        assert "[cli.bad_option]" in ran.err


def test_what_is_no_signature_is_refused(verify):
    ran = verify("plan.docx", "--signature", "root.pem")
    assert ran.status == 5
    assert "[verify.not_a_signature]" in ran.err
    missing = verify("plan.docx", "--signature", Path("missing.p7s"))
    assert missing.status == 5


def test_a_page_is_written_of_it(verify, tmp_path):
    for kind in ("html", "etsi"):
        page = tmp_path / kind
        ran = verify("plan.docx", "--signature", "plan.docx.p7s", "--report", f"{kind}={page}")
        assert ran.status == 0
        assert b"plan.docx" in page.read_bytes() or kind == "etsi"
