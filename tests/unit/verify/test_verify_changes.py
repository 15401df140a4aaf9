"""What was changed after a signature, held against what the signature permits."""

from __future__ import annotations

import re

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm
from unit.verify.test_verify_difference import note, page, sig, text, value
from unit.verify.test_verify_integrity import (
    SECOND_SIGNATURE,
    assert_changed,
    codes,
    judged,
    with_locked_field,
)
from unit.verify.verify_pki import Signing, make_pdf, sign, stream, update

from verify.facts import Changes
from verify.finding import Severity
from verify.indication import Indication
from verify.pdf import changes
from verify.pdf.difference.change import Level
from verify.pdf.mdp import Permission, read_lock

CERTIFIED = {
    level: Signing(metadata={"certify": True, "docmdp_permissions": permission})
    for level, permission in enumerate(MDPPerm, 1)
}
NOTED = {10: page(annots="90 0 R"), 90: note()}
STAMPED = {10: page(annots="90 0 R"), 90: note(kind="Stamp", rect="0 0 500 500")}


def annotated(data, objects):
    """Append annotations to the page beside the signature's own."""
    shown = data[data.rindex(b"\n10 0 obj") :].split(b"obj\n", 1)[1].split(b"\nendobj", 1)[0]
    own = re.sub(r"/Annots\s*\[\s*4 0 R", "/Annots [4 0 R 90 0 R", shown.decode("latin-1"))
    assert own != shown.decode("latin-1")
    return update(data, {**objects, 10: own})


def test_comments_are_told_and_permitted():
    data = sign(make_pdf())
    report = judged(annotated(data, NOTED))
    assert report.indication is Indication.TOTAL_PASSED
    item = report.signatures[0]
    assert item.changes_after is Changes.ANNOTATIONS
    told = [each for each in item.findings if each.code == "integrity.annotated"]
    assert [each.severity for each in told] == [Severity.WARNING]
    assert told[0].facts["where"] == ("1",)
    what = next(each for each in item.findings if each.code == "integrity.what_changed")
    assert what.facts["what"].facts["object"] == "90 0"


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_certification_permits_comments_at_level_3(level):
    report = judged(annotated(sign(make_pdf(), CERTIFIED[level]), NOTED))
    if level == 3:
        assert report.signatures[0].changes_after is Changes.ANNOTATIONS
        assert report.indication is Indication.TOTAL_PASSED
    else:
        assert report.indication is Indication.TOTAL_FAILED
        assert "integrity.change_not_permitted" in codes(report)


def test_nothing_is_drawn_over_a_page_unless_its_author_permits_that():
    attack = annotated(sign(make_pdf()), STAMPED)
    assert_changed(judged(attack), "integrity.drawn_over")
    permitted = judged(annotated(sign(make_pdf(), CERTIFIED[3]), STAMPED))
    assert permitted.indication is Indication.TOTAL_PASSED
    assert "integrity.annotated" in codes(permitted)


def test_what_the_author_permits_holds_for_those_who_sign_later():
    once = sign(make_pdf(), CERTIFIED[3])
    twice = sign(once, SECOND_SIGNATURE)
    report = judged(annotated(twice, STAMPED))
    assert report.indication is Indication.TOTAL_PASSED
    assert [item.changes_after for item in report.signatures] == [Changes.ANNOTATIONS] * 2
    plain = judged(annotated(sign(sign(make_pdf()), SECOND_SIGNATURE), STAMPED))
    assert {"integrity.drawn_over"} <= codes(plain, 0) & codes(plain, 1)


def test_mutant_without_the_certification_later_signers_permit_less(monkeypatch):
    twice = sign(sign(make_pdf(), CERTIFIED[3]), SECOND_SIGNATURE)
    monkeypatch.setattr(changes, "_certified", lambda *_: None)
    assert not judged(annotated(twice, STAMPED)).passed


@pytest.mark.parametrize("permissions", ["", "/Perms << >>", "/Perms << /DocMDP 4 0 R >>"])
def test_permissions_that_say_nothing_permit_nothing_more(permissions):
    catalog = "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] >> {} >>"
    data = sign(update(make_pdf(), {1: catalog.format(permissions)}))
    assert judged(annotated(data, NOTED)).indication is Indication.TOTAL_PASSED
    assert_changed(judged(annotated(data, STAMPED)), "integrity.drawn_over")


def test_a_page_that_shows_something_else_has_its_name():
    report = judged(update(sign(make_pdf()), {11: stream("BT /F1 24 Tf (Other) Tj ET")}))
    assert_changed(report, "integrity.page_replaced")
    found = [each for each in report.signatures[0].findings if each.severity is Severity.ERROR]
    assert [each.facts.get("page") for each in found] == [None, "1"]


def test_a_locked_field_has_its_name():
    data = sign(with_locked_field(make_pdf()))
    report = judged(update(data, {4: text(value="34")}))
    assert_changed(report, "integrity.locked_field_changed")
    assert "integrity.changed_after_signing" in codes(report)


def test_mutant_without_locks_the_level_alone_would_say(monkeypatch):
    data = sign(with_locked_field(make_pdf()))
    monkeypatch.setattr(changes, "_is_locked", lambda *_: False)
    report = judged(update(data, {4: text(value="34")}))
    assert "integrity.locked_field_changed" not in codes(report)


def test_a_signature_that_shows_another_picture_has_its_name():
    base = sign(make_pdf())
    number = int(base.split(b"/T (Signature1)")[0].rsplit(b" 0 obj", 1)[0].rsplit(b"\n", 1)[1])
    body = base.split(b"\n%d 0 obj\n" % number, 1)[1].split(b"\nendobj", 1)[0].decode("latin-1")
    drawn = body.replace("/Type /Annot", "/Type /Annot /AP << /N 5 0 R >>", 1)
    assert drawn != body
    report = judged(update(base, {number: drawn}))
    assert_changed(report, "integrity.signature_field_changed")


def test_a_new_place_on_the_page_is_no_filling_in():
    """Even with level 2 nobody may put a signature where there was no place for one."""
    field = {90: sig(rect="0 0 99 99", more="/V 91 0 R"), 91: value()}
    for level, permitted in ((2, False), (3, True)):
        data = sign(make_pdf(), CERTIFIED[level])
        catalog = data[data.rindex(b"\n1 0 obj") :].split(b"obj\n", 1)[1].split(b"\nendobj", 1)[0]
        own = re.sub(r"/Fields\s*\[", "/Fields [ 90 0 R ", catalog.decode("latin-1"))
        report = judged(update(data, {**field, 1: own}))
        assert [item.field for item in report.signatures] == ["Signature1", "S"]
        assert ("integrity.change_not_permitted" in codes(report)) is not permitted


def test_unreadable_permissions_permit_nothing():
    data = sign(make_pdf(), CERTIFIED[3])
    spoiled = data.replace(b"/P 3", b"/P/x")
    assert spoiled != data
    report = judged(annotated(spoiled, NOTED))
    assert "integrity.changes_unreadable" in codes(report)


def test_levels_are_those_of_the_standard():
    assert [each.value for each in MDPPerm] == [Level.EVIDENCE, Level.FORM, Level.ANNOTATION]
    assert [(each.name, each.value) for each in MDPPerm] == [
        (each.name, each.value) for each in Permission
    ]


@pytest.mark.parametrize("action", FieldMDPAction)
@pytest.mark.parametrize("fields", [[], ["a"], ["a.b"], ["a", "c"], ["số"]])
def test_a_lock_locks_what_pyhanko_says_it_locks(action, fields):
    theirs = FieldMDPSpec(action, fields)
    ours = read_lock(theirs.as_transform_params())
    for name in ("a", "a.b", "a.b.c", "ab", "c", "số", "số.1", ""):
        assert ours.is_locked(name) is theirs.is_locked(name)


@pytest.mark.parametrize(
    "spoil",
    [
        {"/Fields": generic.NumberObject(7)},
        {"/Fields": generic.ArrayObject([generic.NumberObject(7)])},
        {"/Fields": generic.ArrayObject([generic.ByteStringObject(b"\xff")])},
        {"/Fields": generic.TextStringObject("number")},
        {"/Fields": None},
        {"/Action": None},
        {"/Action": generic.NameObject("/Some")},
    ],
)
def test_a_lock_that_cannot_be_read_is_not_taken_for_one(spoil):
    lock = FieldMDPSpec(FieldMDPAction.INCLUDE, ["number"]).as_transform_params()
    assert read_lock(lock).is_locked("number")
    for key, other in spoil.items():
        del lock[key]
        if other is not None:
            lock[generic.NameObject(key)] = other
    with pytest.raises((KeyError, TypeError, ValueError)):
        read_lock(lock)
