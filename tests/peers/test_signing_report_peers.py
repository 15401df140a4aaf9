"""The report on paper before others: qpdf, poppler and veraPDF judge it, sealed and not."""

from __future__ import annotations

import subprocess

import pytest
from peers.maven import made, run
from peers.test_signing_verapdf import sign, with_script
from unit.verify.verify_pki import judge, make_document

from pki.words import Language, harmless
from signing.display.profile import load_display
from signing.reporting.pdf import render_pdf
from verify.render.view import Speaker

SIGNER = ("Nguyễn Văn A", "Sở Nội vụ", "Giám đốc")


def report():
    return judge(make_document("B-LTA"))


def output(*command):
    return subprocess.run(
        [str(word) for word in command], capture_output=True, encoding="utf-8", check=True
    ).stdout


@pytest.mark.parametrize("language", list(Language))
def test_poppler_and_qpdf_find_the_words_the_font_and_no_fault(tmp_path, peer, language):
    path = tmp_path / "report.pdf"
    path.write_bytes(render_pdf(report(), language))
    assert "No syntax or stream encoding errors" in output(peer("qpdf"), "--check", path)
    text = output(peer("pdftotext"), path, "-")
    state = Speaker(language).state(report().indication, None).headline
    assert all(word in text for word in (state, *SIGNER))
    assert harmless(report().sha256) in text
    fonts = output(peer("pdffonts"), path).splitlines()[2:]
    assert fonts
    assert all(line.split()[-5:-2] == ["yes", "yes", "yes"] for line in fonts)


def test_verapdf_finds_pdfa_2a_before_and_after_it_is_sealed(tmp_path, peer):
    command = made("verapdf", peer)
    data = render_pdf(report(), Language.VI)
    sealed = sign(data, display=load_display("none"))
    for name, each in (("report", data), ("sealed", sealed), ("scripted", with_script(data))):
        (tmp_path / f"{name}.pdf").write_bytes(each)
    done = run(command, "Conformance", str(tmp_path))
    assert not done.returncode, done.stderr
    told = {
        name: (flavour, bool(broken))
        for name, flavour, broken in (line.split("\t") for line in done.stdout.splitlines())
    }
    assert told["report.pdf"] == ("2a", False)
    assert told["scripted.pdf"] == ("2a", True)
    assert told["sealed.pdf"] == ("2a", False)
