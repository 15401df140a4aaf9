"""Variations of published attacks on signed PDFs, each beside what it must not be taken for.

Shadow attacks (NDSS 2021), attacks on certification (S&P 2021), dictionary spoofing: what was
prepared before the signature, or stood beside it, is turned against the signer afterwards.
"""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from pyhanko.pdf_utils.generic import IndirectObject
from pyhanko.pdf_utils.reader import PdfFileReader
from unit.verify.test_verify_difference import CASES, changes, note, page, sig, value
from unit.verify.test_verify_forms import image
from unit.verify.test_verify_integrity import (
    FIELD,
    SECOND_SIGNATURE,
    assert_changed,
    codes,
    judged,
    look,
)
from unit.verify.verify_pki import (
    LATER,
    fresh,
    judge,
    make_pdf,
    make_world,
    sign,
    stream,
    update,
)

from verify.facts import Changes
from verify.indication import Indication
from verify.pdf import appearance, painted
from verify.pdf.appearance import find_replaced
from verify.pdf.difference import annotations, fields, pages
from verify.pdf.document import open_pdf
from verify.policy import After, default_policy

LIMITS = default_policy().limits
CATALOG = "<< /Type /Catalog /Pages 2 0 R /AcroForm 70 0 R >>"
PICTURE = stream("1 g 0 0 500 800 re f", "/Type /XObject /Subtype /Form /BBox [0 0 500 800]")
PLACE = "<< /Type /Annot /Subtype /Widget {who} /F 4 /P 10 0 R /Rect [{rect}] {more} >>"


def form_of(listed):
    return f"<< /Fields [{' '.join(listed)}] /SigFlags 3 >>"


def page_of(listed, contents="11 0 R"):
    return (
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Annots [{' '.join(listed)}]"
        f" /Resources << /Font << /F1 3 0 R >> >> /Contents {contents} >>"
    )


def place(who="/FT /Sig /T (Evil)", rect="0 0 500 800", more=""):
    return PLACE.format(who=who, rect=rect, more=more)


def prepared(objects=None):
    """Return a document whose form is an object of its own."""
    return update(make_pdf(), {1: CATALOG, 70: form_of(["4 0 R"]), **(objects or {})})


class Signed:
    """A signed document, and how it names what an update must repeat."""

    def __init__(self, objects=None):
        self.data = sign(prepared(objects))
        reader = PdfFileReader(BytesIO(self.data))
        listed = reader.root["/AcroForm"]["/Fields"]
        self.fields = [f"{each.reference.idnum} 0 R" for each in list.__iter__(listed)]
        self.value = f"{listed[-1].raw_get('/V').reference.idnum} 0 R"
        shown = reader.root["/Pages"]["/Kids"][0]["/Annots"]
        self.annotations = [f"{each.reference.idnum} 0 R" for each in list.__iter__(shown)
                            if isinstance(each, IndirectObject)]  # fmt: skip

    def updated(self, objects, *, field="", annotation=""):
        more = {}
        if field:
            more[70] = form_of([*self.fields, field])
        if annotation:
            more[10] = page_of([*self.annotations, annotation])
        return update(self.data, {**more, **objects})


def passes(data, changes=Changes.NONE):
    report = judged(data)
    return report.passed and report.signatures[0].changes_after is changes


# A field whose value stays --------------------------------------------------------------------

HEAD = "/Type /XObject /Subtype /Form /BBox {box} /Resources << /Font << /F1 3 0 R >> {more} >>"


def written(operators, *, box="[0 0 100 20]", more="", beside=""):
    return stream(operators, f"{HEAD.format(box=box, more=more)} {beside}")


PLAIN = written("/Tx BMC BT /F1 10 Tf 2 5 Td (12) Tj ET EMC")
HIDDEN = {
    "not painted": "BT /F1 10 Tf 3 Tr 2 5 Td (12) Tj ET",
    "white": "1 g BT /F1 10 Tf 2 5 Td (12) Tj ET",
    "white by another model": "0 0 0 0 k BT /F1 10 Tf 2 5 Td (12) Tj ET",
    "a colour of its own": "/CS0 cs 1 scn BT /F1 10 Tf 2 5 Td (12) Tj ET",
    "a colour of five parts": "1 1 1 1 1 g BT /F1 10 Tf 2 5 Td (12) Tj ET",
    "elsewhere": "BT /F1 10 Tf 2 500 Td (12) Tj ET",
    "in another matrix": "0 0 0 0 0 0 cm BT /F1 10 Tf 2 5 Td (12) Tj ET",
    "without a font": "BT Tf 2 5 Td (12) Tj ET",
    "in a pattern on a ground": "1 g 0 0 100 20 re f /Pattern cs /P scn BT /F1 10 Tf (12) Tj ET",
    "as a remark": "BT /F1 10 Tf 2 5 Td % (12) Tj ET",
    "too small": "BT /F1 0.01 Tf 2 5 Td (12) Tj ET",
    "too narrow": "BT /F1 10 Tf 1 Tz 2 5 Td (12) Tj ET",
    "raised": "BT /F1 10 Tf 99 Ts 2 5 Td (12) Tj ET",
    "clipped away": "90 0 1 1 re W n BT /F1 10 Tf 2 5 Td (12) Tj ET",
    "clipped to nothing": "W n BT /F1 10 Tf 2 5 Td (12) Tj ET",
    "outlined": "BT /F1 10 Tf 1 Tr 1 G 2 5 Td (12) Tj ET",
    "on a ground of its colour": "0 g 0 0 100 20 re f BT /F1 10 Tf 2 5 Td (12) Tj ET",
    "under a ground": "BT /F1 10 Tf 2 5 Td (12) Tj ET 1 g 0 0 100 20 re f",
    "under a path": "BT /F1 10 Tf 2 5 Td (12) Tj ET 1 g 0 0 99 19 re f",
    "with a picture over it": "BT /F1 10 Tf 2 5 Td (12) Tj ET /I Do",
    "with an image over it": "BT /F1 10 Tf 2 5 Td (12) Tj ET BI /W 8 /H 1 /BPC 1 /CS /G ID x EI",
    "with a shading over it": "BT /F1 10 Tf 2 5 Td (12) Tj ET /S sh",
    "on a pattern": "/Pattern cs /P scn 0 0 100 20 re f BT /F1 10 Tf 2 5 Td (12) Tj ET",
    "with a number more": "BT /F1 10 Tf 2 5 Td (12) Tj (9) Tj ET",
    "in pieces that lie apart": "BT /F1 10 Tf 2 5 Td [(1) -999 (2)] TJ ET",
    "as a layer": "/OC /L BDC BT /F1 10 Tf 2 5 Td (12) Tj ET EMC",
    "transparent": "/G gs BT /F1 10 Tf 2 5 Td (12) Tj ET",
    "beyond what can be read": "BT /F1 10 Tf 2 5 Td (12) Tj ET )",
}


def of_number(number, value="12"):
    return FIELD.format(value=value, look=number)


@pytest.mark.parametrize("why", HIDDEN)
def test_a_value_that_stays_is_not_hidden_by_how_it_is_painted(why):
    data = sign(update(make_pdf(), {4: of_number(30), 30: PLAIN}))
    objects = {4: of_number(40), 40: written(HIDDEN[why])}
    assert_changed(judged(update(data, objects)), "integrity.appearance_replaced")
    assert passes(update(data, {**objects, 4: of_number(40, "99")}), Changes.FORM_FILLING)


OUTSIDE = {
    "outside its box": written("BT /F1 10 Tf 2 5 Td (12) Tj ET", box="[500 500 600 520]"),
    "turned to nothing": written("BT /F1 10 Tf 2 5 Td (12) Tj ET", beside="/Matrix [0 0 0 0 0 0]"),
    "on a layer": written(
        "BT /F1 10 Tf 2 5 Td (12) Tj ET", beside="/OC << /Type /OCG /Name (x) >>"
    ),
    "as a group": written(
        "BT /F1 10 Tf 2 5 Td (12) Tj ET", beside="/Group << /S /Transparency /K true >>"
    ),
}


@pytest.mark.parametrize("why", OUTSIDE)
def test_a_value_that_stays_is_not_hidden_by_what_holds_it(why):
    data = sign(update(make_pdf(), {4: of_number(30), 30: PLAIN}))
    assert passes(update(data, {4: of_number(40), 40: PLAIN}))
    attack = judged(update(data, {4: of_number(40), 40: OUTSIDE[why]}))
    assert_changed(attack, "integrity.appearance_replaced")


def test_what_an_appearance_asks_for_is_compared_where_it_lies():
    """The operators stay; the resource that they name becomes another."""
    operators = "/G gs BT /F1 10 Tf 2 5 Td (12) Tj ET"
    more = "/ExtGState << /G << /ca {} >> >>"
    data = sign(update(make_pdf(), {4: of_number(30), 30: written(operators, more=more.format(1))}))
    for opacity, same in ((1, True), (0, False)):
        again = {4: of_number(40), 40: written(operators, more=more.format(opacity))}
        assert judged(update(data, again)).passed is same


def test_an_image_is_not_turned_to_its_negative():
    draws = "q 9 0 0 9 0 0 cm /I Do Q"
    data = sign(
        update(
            make_pdf(),
            {4: of_number(30), 30: written(draws, more="/XObject << /I 31 0 R >>"), 31: image("x")},
        )
    )
    assert judged(update(data, {31: image("x")})).passed
    negative = image("x").replace("/Width 1", "/Decode [1 0] /Width 1")
    assert_changed(judged(update(data, {31: negative})), "integrity.appearance_replaced")


REDRAWN = {
    "the same again": "BT /F1 10 Tf 2 5 Td (12) Tj ET",
    "what is so without being said": "0 g 0 Tr 100 Tz 0 Tc BT /F1 10 Tf 2 5 Td (12) Tj ET",
    "marks and comments": "/Tx <</MCID 0>> BDC BT /F1 10 Tf 2 5 Td (12) Tj ET EMC % 9",
    "another way to say black": "0 0 0 1 k BT /F1 10 Tf 2 5 Td (12) Tj ET",
    "black by three": "0 0 0 rg 1 0 0 RG 2 w BT /F1 10 Tf 2 5 Td (12) Tj ET",
    "a border that was not there": "q 1 0 0 RG 0.5 0.5 99 19 re S Q BT /F1 10 Tf 2 5 Td (12) Tj ET",
    "a ground that was not there": "q 0.9 g 0 0 100 20 re f Q BT /F1 10 Tf 2 5 Td (12) Tj ET",
    "a ground in a colour that cannot be told": (
        "q BT ET 9 9 9 m n Q Q BT /F1 10 Tf 2 5 Td (12) Tj ET"),
}  # fmt: skip


@pytest.mark.parametrize("why", REDRAWN)
def test_what_shows_the_same_may_be_painted_anew(why):
    data = sign(update(make_pdf(), {4: of_number(30), 30: PLAIN}))
    anew = update(data, {4: of_number(40), 40: written(REDRAWN[why])})
    assert passes(anew, Changes.FORM_FILLING)


def test_mutant_that_takes_no_ground_for_one_would_refuse_what_viewers_redraw(monkeypatch):
    data = sign(update(make_pdf(), {4: of_number(30), 30: PLAIN}))
    anew = update(data, {4: of_number(40), 40: written(REDRAWN["a ground that was not there"])})
    assert judged(anew).passed
    monkeypatch.setattr(painted, "_is_ground", lambda *_: False)
    assert not judged(anew).passed


@pytest.mark.parametrize("which", ["/R", "/D"])
def test_what_shows_under_the_pointer_stays_as_it_is(which):
    data = sign(update(make_pdf(), {4: of_number(30), 30: PLAIN}))
    field = of_number(30).replace("/AP << /N 30 0 R", f"/AP << /N 30 0 R {which} 40 0 R")
    assert_changed(
        judged(update(data, {4: field, 40: look("99")})), "integrity.appearance_replaced"
    )


@pytest.mark.parametrize("key", ["/RV (99)", "/DA (1 g /F1 10 Tf)", "/MK << /BG [0] >>", "/Q 2"])
def test_what_viewers_draw_a_field_from_stays_with_its_value(key):
    data = sign(update(make_pdf(), {4: of_number(30), 30: PLAIN}))
    drawn = re.sub(r"/DA \([^)]*\)", "", of_number(30)) if "/DA" in key else of_number(30)
    attack = drawn.replace("/V (12)", f"/V (12) {key}")
    assert_changed(judged(update(data, {4: attack})), "integrity.appearance_replaced")
    filled = attack.replace("/V (12)", "/V (34)")
    assert passes(update(data, {4: filled}), Changes.FORM_FILLING)


LOOKLESS = of_number(30).replace("/AP << /N 30 0 R >>", "")
FIRST_LOOKS = {
    "its value": (look("12"), True),
    "its value in two octets a letter": (
        written("BT /F1 10 Tf <00310032> Tj ET"), True),
    "nothing": (stream("/Tx BMC EMC", "/Subtype /Form /BBox [0 0 9 9]"), True),
    "another value": (look("99"), False),
    "its value and a line": (
        written("BT /F1 10 Tf (12) Tj ET 0 0 m 9 9 l S"), False),
    "what cannot be read": (written("("), False),
}  # fmt: skip


@pytest.mark.parametrize("why", FIRST_LOOKS)
def test_a_field_without_a_look_gets_that_of_its_value(why):
    drawn, good = FIRST_LOOKS[why]
    report = judged(update(sign(update(make_pdf(), {4: LOOKLESS})), {4: of_number(40), 40: drawn}))
    assert report.passed is good
    assert ("integrity.appearance_replaced" in codes(report)) is not good


def test_a_button_without_a_look_gets_one_for_a_state_it_is_not_in():
    button = "<< /FT /Btn /T (a) /Subtype /Widget /P 10 0 R /Rect [50 50 60 60] {} >>"
    data = sign(update(make_pdf(), {4: button.format("")}))
    off = button.format("/AP << /N << /Yes 40 0 R >> >>")
    assert passes(update(data, {4: off, 40: look("x")}), Changes.FORM_FILLING)
    on = button.format("/AS /Yes /AP << /N << /Yes 40 0 R >> >>")
    assert_changed(judged(update(data, {4: on, 40: look("x")})), "integrity.appearance_replaced")


def test_two_fields_of_one_name_do_not_hide_each_other():
    other = "<< /FT /Tx /T (number) /V (other) >>"
    before = Signed({70: form_of(["4 0 R", "80 0 R"]), 80: other})
    assert judged(before.data).passed
    attack = judged(before.updated({4: of_number(90), 90: look("99")}))
    assert_changed(attack, "integrity.appearance_replaced")
    assert passes(before.updated({4: of_number(90, "99"), 90: look("99")}), Changes.FORM_FILLING)


WIDGET = FIELD.replace("/FT /Tx /T (number) /V ({value})", "/Parent 80 0 R")


@pytest.mark.parametrize("kids", ["4 0 R", "4 0 R 81 0 R", "4 0 R << /T (c) >>"])
def test_a_widget_shows_the_value_of_the_field_it_is_in(kids):
    """Also where other kids of that field are fields of their own."""
    parent = "<< /FT /Tx /T (a) /V ({}) /Kids [{}] >>"
    before = Signed(
        {70: form_of(["80 0 R"]), 80: parent.format("12", kids), 4: WIDGET.format(look=5),
         81: "<< /T (b) /Parent 80 0 R >>"}
    )  # fmt: skip
    assert judged(before.data).passed
    shown = {4: WIDGET.format(look=90), 90: look("99")}
    attack = judged(before.updated(shown))
    assert_changed(attack, "integrity.appearance_replaced")
    honest = before.updated({**shown, 80: parent.format("99", kids)})
    assert passes(honest, Changes.FORM_FILLING)


def test_fields_deeper_than_any_form_inherit_nothing():
    chain = {80 + n: f"<< /T (a) /V (12) /Kids [{81 + n} 0 R] >>" for n in range(70)}
    deep = {**chain, 150: FIELD.format(value="", look=5).replace("/V ()", "")}
    before = Signed({70: form_of(["80 0 R"]), **deep, 4: "null", 10: page_of([])})
    shown = {150: deep[150].replace("5 0 R", "160 0 R"), 160: look("99")}
    filled = before.updated({80: chain[80].replace("12", "34"), **shown})
    assert "integrity.appearance_replaced" in codes(judged(filled))


def test_a_field_is_no_string_afterwards_and_none_that_cannot_be_read(monkeypatch):
    data = sign(update(make_pdf(), {4: of_number(30), 30: PLAIN}))
    same = open_pdf(update(data, {4: of_number(30, "34")}), name="a.pdf", limits=LIMITS)
    assert not find_replaced(same, same.revisions - 2)
    monkeypatch.setattr(appearance, "_dictionary", lambda *_: {}["nothing"])
    assert [each.code for each in find_replaced(same, same.revisions - 2)] == [
        "integrity.appearance_replaced"
    ]
    assert_changed(judged(Signed().updated({4: "(12)"})), "integrity.changed_after_signing")


# Signatures that nobody gave there -------------------------------------------------------------


def test_a_signature_counts_for_the_field_it_was_given_in():
    before = Signed()
    spoof = {90: place(more=f"/V {before.value} /AP << /N 91 0 R >>"), 91: PICTURE}
    report = judged(before.updated(spoof, field="90 0 R", annotation="90 0 R"))
    assert_changed(report, "integrity.signature_field_changed")
    assert judged(sign(before.data, SECOND_SIGNATURE)).passed


def test_an_empty_field_is_not_filled_with_a_signature_that_is_there():
    approval = {80: place("/FT /Sig /T (Approval)", "10 10 60 40")}
    before = Signed(
        {**approval, 70: form_of(["4 0 R", "80 0 R"]), 10: page_of(["4 0 R", "80 0 R"])}
    )
    assert judged(before.data).passed
    spoof = {80: place("/FT /Sig /T (Approval)", "10 10 60 40", f"/V {before.value}")}
    assert_changed(judged(before.updated(spoof)), "integrity.signature_field_changed")


WITH_WIDGET = {
    70: form_of(["4 0 R", "80 0 R"]), 10: page_of(["4 0 R", "81 0 R"]),
    80: "<< /FT /Sig /T ({}) /Kids [81 0 R] >>", 81: place("/Parent 80 0 R", "10 10 60 40"),
}  # fmt: skip


def with_widget(name):
    return {**WITH_WIDGET, 80: WITH_WIDGET[80].format(name)}


def test_the_widget_of_a_signature_stays_with_it():
    before = Signed(with_widget("Signature1"))
    assert judged(before.data).passed
    for more in ("/AP << /N 91 0 R >>", "/AP << /N 91 0 R >> /V << /Type /DocTimeStamp >>"):
        attack = {81: place("/Parent 80 0 R", "10 10 60 40", more), 91: PICTURE}
        assert_changed(judged(before.updated(attack)), "integrity.signature_field_changed")


def test_a_signature_drawn_anew_as_it_was_is_no_change_where_anything_is_permitted():
    """iText holds it for one where nothing is (ISO 32000-2 Table 257); what is seen is the same."""
    before = Signed(with_widget("Signature1")).data
    number = int(re.findall(rb"/N (\d+) 0 R", before)[-1])
    drawn = before[before.rindex(b"\n%d 0 obj" % number) :].split(b"obj", 1)[1]
    again = update(before, {number: drawn[: drawn.index(b"\nendobj")].decode("latin-1").strip()})
    for level in (None, 3, 2, 1):
        policy = default_policy().model_copy(update={"after": After(permitted=level)})
        given = {"evidence": fresh(make_world(), LATER), "policy": policy}
        assert judge(before, **given).passed
        report = judge(again, **given)
        assert report.passed is (level != 1)
        assert ("integrity.change_not_permitted" in codes(report)) is (level == 1)


def test_a_policy_permits_no_more_than_it_says():
    commented = Signed().updated({90: note()}, annotation="90 0 R")
    filled = Signed().updated({4: of_number(5, "34")})
    for data, needed in ((filled, 2), (commented, 3)):
        for level in (1, 2, 3):
            policy = default_policy().model_copy(update={"after": After(permitted=level)})
            report = judge(data, policy=policy, evidence=fresh(make_world(), LATER))
            assert report.passed is (level >= needed), (needed, level, report.findings)


def test_the_widget_of_an_empty_field_is_drawn_when_that_is_signed_and_not_before():
    before = Signed(with_widget("Signature2"))
    signed = judged(sign(before.data, SECOND_SIGNATURE))
    assert signed.passed
    assert signed.signatures[0].changes_after is Changes.NONE
    picture = {81: place("/Parent 80 0 R", "10 10 60 40", "/AP << /N 91 0 R >>"), 91: PICTURE}
    assert not judged(before.updated(picture)).passed
    own = {81: place("/Parent 80 0 R", "10 10 60 40", f"/V {before.value}"),
           80: f"<< /FT /Sig /T (Signature2) /Kids [81 0 R] /V {before.value} >>"}  # fmt: skip
    assert not judged(before.updated(own)).passed


def test_nobody_answers_for_the_picture_of_a_time_stamp(monkeypatch):
    """Anybody gets a time-stamp from a public authority, for whatever it shows."""
    form = CASES["a time-stamp"][1][1]
    stamp = value(kind="DocTimeStamp", sub="ETSI.RFC3161")
    shown = sig(rect="0 0 9 9", more="/V 41 0 R /AP << /N 5 0 R >>")
    added = {1: form, 10: page(annots="40 0 R"), 40: shown, 41: stamp}
    assert changes({}, added) == {"drawn_over"}
    empty = {1: form, 40: sig(rect="0 0 9 9"), 10: page(annots="40 0 R")}
    assert changes(empty, {40: shown, 41: stamp}) == {"drawn_over"}
    assert changes(empty, {40: shown, 41: value()}) == {"signed"}
    unseen = sig(rect="0 0 9 9", more="/V 41 0 R")
    assert changes(empty, {40: unseen, 41: stamp}) == {"timestamped"}
    monkeypatch.setattr(fields, "_draws", lambda *_: False)
    assert changes(empty, {40: shown, 41: stamp}) == {"timestamped"}


# Pages and what lies on them -------------------------------------------------------------------

TREE = "<< /Type /Pages /Kids [{kids}] /Count {count} {more} >>"
TREES = {
    "fewer pages counted": (TREE.format(kids="10 0 R 12 0 R", count=1, more=""), {}),
    "more pages counted": (TREE.format(kids="10 0 R 12 0 R", count=9, more=""), {}),
    "no pages counted": (TREE.format(kids="10 0 R 12 0 R", count="null", more=""), {}),
    "a node that is none": (
        TREE.format(kids="10 0 R 12 0 R", count=2, more="").replace("/Pages", "/Page"), {}),
    "something above the root": (
        TREE.format(kids="10 0 R 12 0 R", count=2, more="/Parent 90 0 R"),
        {90: TREE.format(kids="2 0 R", count=2, more="/Rotate 90")}),
    "a page twice": (TREE.format(kids="10 0 R 12 0 R 10 0 R", count=2, more=""), {}),
}  # fmt: skip


@pytest.mark.parametrize("why", TREES)
def test_the_tree_of_pages_stays_as_it_is(why):
    before = Signed()
    assert passes(before.updated({2: TREE.format(kids="10 0 R 12 0 R", count=2, more="")}))
    root, more = TREES[why]
    assert judged(before.updated({2: root, **more})).indication is Indication.TOTAL_FAILED


def test_mutant_that_only_looks_at_what_is_inherited_would_miss_a_hidden_page(monkeypatch):
    attack = Signed().updated({2: TREES["fewer pages counted"][0]})
    monkeypatch.setattr(pages, "_TREE", ())
    assert judged(attack).passed


OTHER = FIELD.format(value="99", look=30).replace("(number)", "(other)")


def test_what_lies_over_each_other_stays_so():
    """Two fields in one place: the one that comes later is seen."""
    both = ["4 0 R", "80 0 R"]
    before = Signed({70: form_of(both), 80: OTHER, 30: look("99"), 10: page_of(both)})
    first, second, *others = before.annotations
    assert passes(before.updated({10: page_of([first, second, *others])}))
    for order in ([second, first, *others], [first, second, *others, first]):
        assert_changed(judged(before.updated({10: page_of(order)})), "integrity.drawn_over")


def test_an_annotation_without_a_number_lies_where_it_lay():
    square = "<< /Type /Annot /Subtype /Square /Rect [50 50 99 99] >>"
    before = Signed({10: page_of([square, "4 0 R"])})
    others = [each for each in before.annotations if each != "4 0 R"]
    assert passes(before.updated({10: page_of([square, "4 0 R", *others])}))
    turned = judged(before.updated({10: page_of(["4 0 R", square, *others])}))
    assert_changed(turned, "integrity.drawn_over")
    note = "<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents ({}) >>"
    noted = Signed({10: page_of([square, note.format("a"), "4 0 R"])})
    others = [each for each in noted.annotations if each != "4 0 R"]
    other_words = noted.updated({10: page_of([square, note.format("b"), "4 0 R", *others])})
    assert "integrity.drawn_over" in codes(judged(other_words))


def test_what_is_filled_in_is_not_as_large_as_the_page(monkeypatch):
    large = FIELD.replace("[50 50 150 70]", "[0 0 595 {high}]")
    for high, good in ((300, True), (842, False)):
        empty = large.replace("/AP << /N {look} 0 R >>", "").format(value="", high=high)
        before = Signed({4: empty})
        attack = before.updated({4: large.format(value="x", look=91, high=high), 91: PICTURE})
        assert judged(attack).passed is good
        if not good:
            assert_changed(judged(attack), "integrity.drawn_over")
    monkeypatch.setattr(pages, "_LARGE", 2)
    assert passes(attack, Changes.FORM_FILLING)


@pytest.mark.parametrize(
    ("inherited", "good"),
    [("/MediaBox [0 0 2000 2000]", True), ("/MediaBox [0 0 /x 9]", False), ("", False)],
)
def test_the_size_of_a_page_may_be_inherited(inherited, good):
    tree = TREE.format(kids="10 0 R 12 0 R", count=2, more=inherited)
    plain = page_of(["4 0 R"]).replace("/MediaBox [0 0 595 842]", "")
    large = FIELD.replace("[50 50 150 70]", "[0 0 595 842]")
    data = sign(prepared({2: tree, 10: plain, 4: large.format(value="12", look=5)}))
    filled = update(data, {4: large.format(value="34", look=90), 90: look("34")})
    assert judged(filled).passed is good


LINK = "<< /Type /Annot /Subtype /Link /Rect [0 0 99 99] {} >>"
RUNS = "<< /S /JavaScript /JS (x) >>"
ACTIONS = {
    "leads to an address": (LINK.format("/A << /S /URI /URI (https://a.example) >>"), True),
    "leads nowhere": (LINK.format(""), True),
    "runs a script": (LINK.format(f"/A {RUNS}"), False),
    "runs a script afterwards": (LINK.format(f"/A << /S /URI /URI (x) /Next {RUNS} >>"), False),
    "runs a script when it is seen": (LINK.format(f"/AA << /PV {RUNS} >>"), False),
    "hides a field": (LINK.format("/A << /S /Hide /T (number) >>"), False),
}  # fmt: skip


@pytest.mark.parametrize("why", ACTIONS)
def test_a_comment_may_lead_somewhere_and_do_nothing_else(why):
    link, good = ACTIONS[why]
    before = Signed()
    assert judged(before.updated({90: link}, annotation="90 0 R")).passed is good
    assert judged(before.updated({}, annotation=link)).passed is good
    plain = Signed({10: page_of(["4 0 R", "80 0 R"]), 80: LINK.format("/X 1")})
    assert judged(plain.updated({80: link})).passed is good


def test_a_script_that_was_signed_may_stay(monkeypatch):
    """What the signer saw is nobody's later doing, also beside a comment that is changed."""
    scripted = LINK.format(f"/A {RUNS} /Contents (a)")
    before = Signed({10: page_of(["4 0 R", "80 0 R", scripted]), 80: scripted})
    assert passes(before.updated({80: scripted.replace("(a)", "(b)")}), Changes.ANNOTATIONS)
    attack = Signed().updated({90: LINK.format(f"/A {RUNS}")}, annotation="90 0 R")
    monkeypatch.setattr(annotations, "acts", lambda *_: False)
    assert judged(attack).passed


def test_a_place_to_sign_runs_nothing():
    before = Signed()
    quiet = {90: place(rect="0 0 0 0")}
    assert judged(before.updated(quiet, field="90 0 R", annotation="90 0 R")).passed
    script = {90: place(rect="0 0 0 0", more=f"/AA << /PO {RUNS} >>")}
    report = judged(before.updated(script, field="90 0 R", annotation="90 0 R"))
    assert report.indication is Indication.TOTAL_FAILED


# Where readers differ --------------------------------------------------------------------------


def test_what_is_a_field_and_a_drawing_is_compared_as_both():
    both = "/Type /XObject /Subtype /Form /BBox [0 0 500 800] /FT /Tx /T (x) /V ({})"
    drawn = page_of(["4 0 R"]).replace("/Font <<", "/XObject << /P 80 0 R >> /Font <<")
    before = Signed(
        {70: form_of(["4 0 R", "80 0 R"]), 80: stream("BT (ok) Tj ET", both.format("1")),
         11: stream("/P Do"), 10: drawn}
    )  # fmt: skip
    assert judged(before.data).passed
    assert judged(before.updated({80: stream("BT (ok) Tj ET", both.format("1"))})).passed
    evil = before.updated({80: stream("BT (evil) Tj ET", both.format("1"))})
    assert judged(evil).indication is Indication.TOTAL_FAILED


def test_a_length_that_stands_elsewhere_cuts_nothing_off():
    body = "BT /F1 24 Tf 72 720 Td (Page 1) Tj ET 1 0 0 rg 0 0 9 9 re f"
    content = re.sub(r"/Length \d+", "/Length 75 0 R", stream(body))
    before = Signed({11: content, 75: f"{len(body)}"})
    assert passes(before.updated({75: f"{len(body)}"}))
    for length in (0, 20, 500):
        assert judged(before.updated({75: f"{length}"})).indication is Indication.TOTAL_FAILED


@pytest.mark.parametrize("order", ["11 0 R /Contents 90 0 R", "90 0 R /Contents 11 0 R"])
def test_a_key_that_stands_twice_is_not_read_once(order):
    before = Signed()
    assert passes(before.updated({10: page_of(before.annotations)}))
    twice = before.updated({10: page_of(before.annotations, order), 90: stream("BT (evil) Tj ET")})
    assert judged(twice).indication is Indication.TOTAL_FAILED


def loosely(data):
    """Return a document that only a lax reading opens: /Size says less than there is."""
    return re.sub(rb"/Size \d+(?=(?:(?!/Size).)*\Z)", b"/Size 50", data, flags=re.DOTALL)


@pytest.mark.parametrize("order", ["11 0 R /Contents 90 0 R", "90 0 R /Contents 11 0 R"])
def test_a_key_that_stands_twice_is_not_read_once_in_a_loose_document(order):
    """Readers differ on which of the two counts, and pyHanko's lax one says nothing."""
    before = Signed()
    evil = {90: stream("BT (evil) Tj ET")}
    honest = loosely(before.updated({10: page_of(before.annotations), **evil}))
    assert not open_pdf(honest, name="a.pdf", limits=LIMITS).strict
    assert passes(honest)
    twice = loosely(before.updated({10: page_of(before.annotations, order), **evil}))
    assert judged(twice).indication is Indication.TOTAL_FAILED


def packed(data, text):
    """Append a revision that has the field, as this text, in an object stream, and Size is odd."""
    reader = PdfFileReader(BytesIO(data))
    size, previous = int(reader.trailer["/Size"]), reader.last_startxref
    inside = f"4 0 {text}"
    held = stream(inside, f"/Type /ObjStm /N 1 /First {len('4 0 ')}")
    body = data + b"%d 0 obj\n%s\nendobj\n" % (size, held.encode("latin-1"))
    start = len(body)
    rows = ((4, 2, size, 0), (size, 1, len(data), 0), (size + 1, 1, start, 0))
    index = " ".join(f"{number} 1" for number, *_ in rows)
    table = "".join(f"{kind:02x}{place:08x}{more:02x}" for _, kind, place, more in rows)
    head = (
        f"/Type /XRef /W [1 4 1] /Index [{index}] /Size 5 /Root 1 0 R /Prev {previous}"
        " /Filter /ASCIIHexDecode"
    )
    body += b"%d 0 obj\n%s\nendobj\n" % (size + 1, stream(f"{table}>", head).encode("latin-1"))
    return body + b"startxref\n%d\n%%%%EOF\n" % start


def test_a_key_that_stands_twice_in_an_object_stream_is_not_read_once():
    data = sign(update(make_pdf(), {4: of_number(30), 30: PLAIN}))
    again = of_number(30)
    honest = packed(data, again)
    assert not open_pdf(honest, name="a.pdf", limits=LIMITS).strict
    assert judged(honest).passed
    twice = packed(
        data,
        again.replace("/AP <<", "/AP << /N 31 0 R >> /AP <<").replace(
            "/AP << /N 31 0 R >> /AP << /N 30 0 R >>", "/AP << /N 30 0 R >> /AP << /N 31 0 R >>"
        ),
    )
    report = judged(twice)
    assert report.indication is Indication.TOTAL_FAILED
    assert "integrity.object_misplaced" in codes(report)
