"""Metadata after a signature: left as they were they are no change; others are looked at."""

from __future__ import annotations

import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from unit.verify.test_verify_integrity import GOOD, SECOND_SIGNATURE, assert_changed
from unit.verify.verify_pki import judge, make_pdf, sign, stream, update

from verify.facts import Changes
from verify.indication import Indication

CATALOG = "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] >> /Metadata 30 0 R >>"
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">{}'
    '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></x:xmpmeta>'
)
GOOD_XMP = XMP.format("")
ODD_XMP = XMP.format("M\0S")
HEAD = "/Type /Metadata /Subtype /XML"


@pytest.fixture(autouse=True)
def _pyhanko_leaves_metadata_alone(monkeypatch):
    """It would write them anew, and stumbles over the odd ones."""
    monkeypatch.setattr(IncrementalPdfFileWriter, "_update_meta", lambda _: None)


def signed(xmp):
    return sign(update(make_pdf(), {1: CATALOG, 30: stream(xmp, HEAD), 31: stream(xmp, HEAD)}))


@pytest.mark.parametrize("xmp", [GOOD_XMP, ODD_XMP])
def test_a_second_signature_leaves_them_as_they_are(xmp):
    report = judge(sign(signed(xmp), SECOND_SIGNATURE), evidence=GOOD)
    assert [each.changes_after for each in report.signatures] == [Changes.NONE, Changes.NONE]
    assert report.indication is Indication.TOTAL_PASSED


@pytest.mark.parametrize(("before", "after"), [(GOOD_XMP, ODD_XMP), (ODD_XMP, GOOD_XMP)])
def test_they_may_be_written_anew(before, after):
    report = judge(update(signed(before), {30: stream(after, HEAD)}), evidence=GOOD)
    assert report.indication is Indication.TOTAL_PASSED
    assert report.signatures[0].changes_after is Changes.NONE


@pytest.mark.parametrize("head", ["", "/Type /XObject /Subtype /Form"])
def test_written_anew_they_must_be_metadata(head):
    report = judge(update(signed(GOOD_XMP), {30: stream(GOOD_XMP, head)}), evidence=GOOD)
    assert_changed(report, "integrity.changed_after_signing")
