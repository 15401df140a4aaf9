"""Files that do not open as a whole: what in them was signed is judged, and nothing is refused."""

from __future__ import annotations

import pytest
from unit.verify.test_verify_integrity import codes, judged
from unit.verify.verify_pki import make_pdf, sign

from pki.words import Language
from verify import document
from verify.errors import BrokenPDFError
from verify.indication import Indication, SubIndication
from verify.pdf import recovery
from verify.pdf.document import open_pdf
from verify.pdf.recovery import open_for_judging, signed_ends
from verify.policy import default_policy
from verify.render.html import render_html
from verify.render.text import render_text

LIMITS = default_policy().limits
HIDDEN = b"2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\nstartxref\n99999999\n%%EOF\n"


def test_a_spoilt_end_leaves_what_was_signed_to_be_judged():
    """Viewers repair such a file, and show the second object 2 (incremental saving attack)."""
    data = sign(make_pdf())
    assert judged(data).indication is Indication.TOTAL_PASSED
    with pytest.raises(BrokenPDFError):
        open_pdf(data + HIDDEN, name="a.pdf", limits=LIMITS)
    report = judged(data + HIDDEN)
    assert report.indication is Indication.TOTAL_FAILED
    assert "integrity.unreached_bytes" in codes(report)
    assert report.size == len(data + HIDDEN)
    assert not report.signatures[0].covers_whole_document
    assert "verdict.not_strictly_readable" in {each.code for each in report.findings}


def test_the_last_signature_that_can_be_read_is_where_it_begins():
    once = sign(make_pdf())
    ends = signed_ends(once + HIDDEN + b"/ByteRange [0 1 2 7] /ByteRange [0 5 6 99999999]")
    assert ends == [len(once), 9]
    later = b"%% /ByteRange [0 1 2 %08d]\n"  # up to the last byte but one: that opens neither
    whole = once + later % 0 + HIDDEN
    whole = once + later % (len(whole) - 3) + HIDDEN
    assert signed_ends(whole)[0] == len(whole) - 1
    assert "integrity.unreached_bytes" in codes(judged(whole))


def test_without_a_signature_it_is_no_document():
    assert open_for_judging(make_pdf(), name="a.pdf", limits=LIMITS).strict
    with pytest.raises(BrokenPDFError):
        judged(make_pdf() + HIDDEN)


def test_what_only_looks_signed_is_told_as_what_cannot_be_read():
    """The part that opens has no signature in it: it is not judged for the whole."""
    looks = make_pdf()
    more = b"\n%% /ByteRange [0 1 2 %d]\n" % (len(looks) - 2)
    report = judged(looks + more + HIDDEN)
    assert report.indication is Indication.TOTAL_FAILED
    assert codes(report) == {"integrity.document_unreadable"}


@pytest.mark.parametrize("cut", [30, 60])
def test_a_signed_file_cut_short_is_a_verdict(cut):
    data = sign(make_pdf())
    report = judged(data[:-cut])
    assert report.indication is Indication.TOTAL_FAILED
    assert report.sub_indication is SubIndication.FORMAT_FAILURE
    assert codes(report) == {"integrity.document_unreadable"}
    assert report.pages is None
    for language in Language:
        assert render_text(report, language)
        assert render_html(report, language)


def test_mutant_without_it_an_attack_is_refused_by_luck(monkeypatch):
    attack = sign(make_pdf()) + HIDDEN
    assert judged(attack).indication is Indication.TOTAL_FAILED
    monkeypatch.setattr(document, "open_for_judging", open_pdf)
    with pytest.raises(BrokenPDFError):
        judged(attack)


@pytest.mark.parametrize("bound", ["MAX_TRIES", "MAX_COPIED"])
def test_it_is_not_tried_for_ever(monkeypatch, bound):
    attack = sign(make_pdf()) + HIDDEN
    monkeypatch.setattr(recovery, bound, 0)
    assert codes(judged(attack)) == {"integrity.document_unreadable"}
