"""Metadata after a signature: left as they were they are no change; others are looked at."""

from __future__ import annotations

import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY
from unit.verify.test_verify_integrity import GOOD, SECOND_SIGNATURE, assert_changed
from unit.verify.verify_pki import judge, make_pdf, sign, stream, update

from verify.facts import Changes
from verify.indication import Indication
from verify.pdf import changes
from verify.pdf.metadata import CHANGES_POLICY, ChangedMetadataRule

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


def test_mutant_with_pyhankos_own_policy_odd_ones_count_as_changed(monkeypatch):
    monkeypatch.setattr(changes, "CHANGES_POLICY", DEFAULT_DIFF_POLICY)
    report = judge(sign(signed(ODD_XMP), SECOND_SIGNATURE), evidence=GOOD)
    assert_changed(report, "integrity.changed_after_signing")


@pytest.mark.parametrize(("before", "after"), [(GOOD_XMP, ODD_XMP), (ODD_XMP, GOOD_XMP)])
def test_written_anew_both_must_be_metadata(before, after):
    report = judge(update(signed(before), {30: stream(after, HEAD)}), evidence=GOOD)
    assert_changed(report, "integrity.changed_after_signing")


def test_good_ones_may_be_written_anew():
    report = judge(update(signed(GOOD_XMP), {30: stream(GOOD_XMP + " ", HEAD)}), evidence=GOOD)
    assert report.indication is Indication.TOTAL_PASSED


def test_others_that_were_there_may_not_take_their_place():
    data = signed(ODD_XMP)
    catalog = data[data.rindex(b"\n1 0 obj") :].split(b"obj\n", 1)[1].split(b"\nendobj", 1)[0]
    pointed = catalog.replace(b"/Metadata 30 0 R", b"/Metadata 31 0 R").decode("latin-1")
    assert pointed != catalog.decode("latin-1")
    assert_changed(
        judge(update(data, {1: pointed}), evidence=GOOD), "integrity.changed_after_signing"
    )
    same = judge(update(data, {1: catalog.decode("latin-1")}), evidence=GOOD)
    assert same.indication is Indication.TOTAL_PASSED


def test_all_other_rules_are_pyhankos():
    """When this fails, pyHanko has other rules, and ours should be looked at."""
    ours, theirs = (
        [type(getattr(each, "rule", each)) for each in policy.global_rules]
        for policy in (CHANGES_POLICY, DEFAULT_DIFF_POLICY)
    )
    assert ours == [*theirs[:-1], ChangedMetadataRule]
    settings = [
        {key: value for key, value in vars(policy).items() if key != "global_rules"}
        for policy in (CHANGES_POLICY, DEFAULT_DIFF_POLICY)
    ]
    assert settings[0] == settings[1]
