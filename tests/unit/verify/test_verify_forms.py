"""Form fields: what may hide a signature, be mistaken for one, or show what was not signed."""

from __future__ import annotations

import sys
from dataclasses import replace
from io import BytesIO

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from unit.verify.test_verify_integrity import (
    FIELD,
    SECOND_SIGNATURE,
    assert_changed,
    codes,
    filled,
    judged,
    look,
)
from unit.verify.verify_pki import (
    Signing,
    make_document,
    make_pdf,
    sign,
    stream,
    update,
    write_objects,
)

from verify.facts import Changes
from verify.indication import Indication, SubIndication
from verify.pdf.document import open_pdf
from verify.pdf.tail import trace_tail
from verify.policy import default_policy


def with_fields(fields, objects=None, *, data=None):
    """Return the document with these members of /Fields and these further objects."""
    catalogue = f"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [{fields}] /SigFlags 3 >> >>"
    return update(data or make_pdf(), {1: catalogue, **(objects or {})})


ODD_FIELDS = {
    "a number": ("7 4 0 R", {}),
    "the same twice": ("4 0 R 4 0 R", {}),
    "its own child": ("4 0 R 50 0 R", {50: "<< /T (a) /Kids [51 0 R] >>",
                                       51: "<< /T (b) /Kids [50 0 R] >>"}),
    "not an indirect object": ("4 0 R << /FT /Tx /T (direct) /V (1) >>", {}),
    "a number for a child": ("4 0 R 50 0 R", {50: "<< /T (a) /Kids [51 0 R] >>", 51: "7"}),
    "null for everything": ("4 0 R 50 0 R", {50: "<< /T null /FT null /Kids null /V null >>"}),
    "a child that is not there": ("4 0 R 50 0 R", {50: "<< /T (a) /Kids [77 0 R] >>"}),
    "empty signature fields": ("4 0 R 50 0 R 51 0 R 52 0 R",
                               {50: "<< /FT /Sig /T (a) >>", 51: "<< /FT /Sig /T (b) /V null >>",
                                52: "<< /FT /Sig /T (c) /V 53 0 R >>", 53: "null"}),
}  # fmt: skip


@pytest.mark.parametrize("why", ODD_FIELDS)
def test_odd_fields_are_no_signatures_and_hide_none(why):
    fields, objects = ODD_FIELDS[why]
    assert judged(with_fields(fields, objects)).sub_indication is SubIndication.NO_SIGNATURE
    signed = make_document("B-B")
    reference = PdfFileReader(BytesIO(signed)).root["/AcroForm"]["/Fields"].raw_get(1).reference
    again = with_fields(f"{fields} {reference.idnum} 0 R", objects, data=signed)
    assert [item.field for item in judged(again).signatures] == ["Signature1"]


@pytest.mark.parametrize("value", ["5", "(text)", "[1 2]", "54 0 R"])
def test_a_value_that_is_no_dictionary_is_a_broken_signature(value):
    data = with_fields("4 0 R 50 0 R", {50: f"<< /FT /Sig /T (a) /V {value} >>"})
    report = judged(data)
    assert report.sub_indication is SubIndication.FORMAT_FAILURE
    assert codes(report) == {"signature.no_byte_range"}


def test_a_signature_field_may_be_the_child_of_another():
    data = sign(make_pdf(), Signing(field="group.inner.Signature1"))
    report = judged(data)
    assert report.indication is Indication.TOTAL_PASSED
    assert [item.field for item in report.signatures] == ["group.inner.Signature1"]
    assert judged(filled(data)).signatures[0].changes_after is Changes.FORM_FILLING


def signature_in(data):
    """Return the reference of the last signature dictionary and its text in the file."""
    field = PdfFileReader(BytesIO(data)).root["/AcroForm"]["/Fields"][-1]
    reference = field.raw_get("/V").reference
    start = data.index(b"obj", data.index(f"{reference.idnum} 0 obj".encode())) + len(b"obj")
    return reference, data[start : data.index(b"endobj", start)].decode("latin-1").strip()


def test_a_null_hides_no_signature():
    data = make_document("B-B")
    reference, _ = signature_in(data)
    odd = f"<< /FT /Sig /T (Signature1) /Kids null /Lock null /V {reference.idnum} 0 R >>"
    report = judged(with_fields("4 0 R 50 0 R", {50: odd}, data=data))
    assert [item.field for item in report.signatures] == ["Signature1"]


def test_a_copy_of_the_signature_in_a_later_revision_is_not_the_signature():
    """The copy has the same range and contents, and could claim another name or reason."""
    data = make_document("B-B")
    _, body = signature_in(data)
    assert judged(data).passed
    direct = with_fields(f"4 0 R << /FT /Sig /T (Signature1) /V {body} >>", data=data)
    assert codes(judged(direct)) == {"integrity.gap_is_not_contents"}
    indirect = with_fields(
        "4 0 R 50 0 R", {50: "<< /FT /Sig /T (Signature1) /V 51 0 R >>", 51: body}, data=data
    )
    assert codes(judged(indirect)) == {"integrity.gap_is_not_contents"}


def test_a_signature_reached_by_a_detour_is_judged_where_it_stands():
    """The field names an object that only leads on to another, which holds the dictionary."""
    base = sign(make_pdf(), Signing(stamped=None))
    reference, body = signature_in(base)
    detour = with_fields(
        "4 0 R 50 0 R",
        {50: f"<< /FT /Sig /T (Signature1) /V {reference.idnum} 0 R >>",
         reference.idnum: "51 0 R", 51: body},
        data=base,
    )  # fmt: skip
    report = judged(detour)
    assert not report.passed
    assert codes(report) == {"integrity.gap_is_not_contents"}


def test_a_signature_dictionary_in_an_object_stream_covers_nothing():
    """Compressed, it can have no gap of its own: the gap is that of another object."""
    writer = copy_into_new_writer(
        PdfFileReader(BytesIO(make_pdf())), writer_kwargs={"stream_xrefs": True}
    )
    out = BytesIO()
    writer.write(out)
    data = sign(out.getvalue(), Signing(stamped=None))
    assert judged(data).passed
    later = BytesIO(data)
    update_ = IncrementalPdfFileWriter(later)
    field = update_.root["/AcroForm"]["/Fields"][-1]
    packed = update_.prepare_object_stream()
    copy = generic.DictionaryObject(dict(dict.items(field["/V"])))
    field["/V"] = update_.add_object(copy, obj_stream=packed)
    update_.mark_update(field.container_ref)
    update_.write_in_place()
    assert codes(judged(later.getvalue())) == {"integrity.gap_is_not_contents"}


def whole_in_one(end=None):
    """Return a document of a single revision with a signature that covers it up to `end`."""
    _, body = signature_in(make_document("B-B"))
    contents = body[body.index("/Contents <") :].split(">")[0] + ">"

    def write(numbers):
        shown = " ".join(f"{number:06d}" for number in numbers)
        value = (
            f"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached"
            f" /ByteRange [{shown}] {contents} /Reason (startxref 9 %%EOF) >>"
        )
        objects = {
            1: "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] /SigFlags 3 >> >>",
            2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
            4: "<< /FT /Sig /T (Signature1) /V 5 0 R >>",
            5: value,
        }
        return write_objects(b"%PDF-1.7\n", objects)

    data = write((0, 0, 0, 0))
    first = data.index(b"/Contents <") + len(b"/Contents ")
    second = data.index(b">", first) + 1
    stop = data.index(end) + len(end) if end else len(data)
    return write((0, first, second, stop - second))


def test_an_end_of_file_in_a_text_ends_no_revision():
    whole = judged(whole_in_one())
    assert "integrity.not_a_whole_revision" not in codes(whole)
    assert whole.signatures[0].covers_whole_document
    report = judged(whole_in_one(b"(startxref 9 %%EOF"))
    assert "integrity.not_a_whole_revision" in codes(report)
    assert not report.signatures[0].covers_whole_document
    assert report.indication is Indication.TOTAL_FAILED


def test_a_trailer_too_deep_for_the_stack_is_not_explained():
    data = sign(make_pdf())
    later = update(data, {30: "<< >>"})
    depth = 60
    deep = later.replace(b"/Root 1 0 R /Prev", b"/Root 1 0 R /X " + b"[" * depth + b"]" * depth
                         + b" /Prev")  # fmt: skip
    assert deep != later
    assert judged(deep).indication is Indication.TOTAL_PASSED
    pdf = open_pdf(deep, name="deep.pdf", limits=default_policy().limits)
    assert not trace_tail(pdf, len(data))
    usual = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(_frames() + depth)
        traces = trace_tail(pdf, len(data))
    finally:
        sys.setrecursionlimit(usual)
    assert "integrity.unreached_bytes" in {trace.finding.code for trace in traces}


def _frames():
    frame, count = sys._getframe(), 0
    while frame is not None:
        frame, count = frame.f_back, count + 1
    return count


def test_a_field_that_leads_nowhere_leads_nowhere_as_before():
    """A reference to nothing is null (ISO 32000-2 §7.3.10): a later signature changes nothing."""

    def document(more):
        field = FIELD.format(value="12", look=5).replace("/DA", f"{more} /DA")
        data = update(make_pdf(), {4: field, 90: "null"}).replace(b"/Size 91", b"/Size 50")
        writer = IncrementalPdfFileWriter(BytesIO(data), strict=False)
        append_signature_field(writer, SigFieldSpec("Signature2", box=(10, 10, 60, 40)))
        out = BytesIO()
        writer.write(out)
        once = sign(out.getvalue(), Signing(strict=False))
        return sign(once, replace(SECOND_SIGNATURE, strict=False))

    for more in ("", "/MK << /R 99 0 R >>"):
        report = judged(document(more))
        assert report.indication is Indication.TOTAL_PASSED
        assert report.signatures[0].changes_after is Changes.NONE


BOX = (
    "<< /Type /Annot /Subtype /Widget /FT /Btn /T (agree) /V /{value} /AS /{state} /F 4 /P 10 0 R"
    " /Rect [50 50 70 70] /AP << /N << /Yes {yes} 0 R >> >> >>"
)


def box(*, value="Yes", state="Yes", yes=30):
    return BOX.format(value=value, state=state, yes=yes)


def test_a_button_may_be_pressed_but_not_shown_otherwise():
    data = sign(update(make_pdf(), {4: box(), 30: look("I agree")}))
    assert judged(data).indication is Indication.TOTAL_PASSED
    pressed = update(data, {4: box(value="Off", state="Off")})
    assert judged(pressed).signatures[0].changes_after is Changes.FORM_FILLING
    assert judged(pressed).indication is Indication.TOTAL_PASSED
    for attack in ({4: box(state="Off")}, {4: box(yes=40), 40: look("I refuse")}):
        assert_changed(judged(update(data, attack)), "integrity.appearance_replaced")


def form(inner, more="/XObject << /Inner {} 0 R >>"):
    head = "/Type /XObject /Subtype /Form /BBox [0 0 100 20]"
    return stream("/Inner Do", f"{head} /Resources << {more.format(inner)} >>")


def image(pixel):
    return stream(
        pixel,
        "/Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8"
        " /ColorSpace /DeviceGray",
    )


def encoded(text):
    return stream(
        f"{text}\x80", "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Filter /RunLengthDecode"
    )


LETTER = (
    "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [0.1 0 0 0.1 0 0] {more} >>"
)


def letter(glyph, differences="[49 /one 50 /two]", font=None):
    """Return a font whose glyphs are drawn by the object of that number."""
    drawn = f"/CharProcs << /one {glyph} 0 R /two {glyph} 0 R >>"
    encoding = f"/Encoding << /Differences {differences} >> /Again {font or glyph} 0 R"
    return LETTER.format(more=f"{drawn} {encoding}")


def set_in(font, before="", after="", text="(12)", box="/BBox [0 0 100 20]"):
    head = f"/Type /XObject /Subtype /Form {box} /Resources << /Font << /F1 {font} >> >>"
    return stream(f"{before} BT /F1 10 Tf {text} Tj ET {after}", head)


def drawn(shape):
    return stream(f"9 0 d0 {shape} f")


SQUARE, BAR = drawn("0 0 5 5 re"), drawn("0 0 1 9 re")
GROUND = "0 0 100 20 re f 1 1 98 18 re S"
LINE = "1 0 0 1 0 0 cm 0 9 m 50 9 l S"
REPLACED = {
    "a glyph of its font": (
        {30: set_in("31 0 R"), 31: letter(32, font=31), 32: SQUARE},
        {40: set_in("41 0 R"), 41: letter(42, font=41), 42: BAR},
    ),
    "the order of its font's letters": (
        {30: set_in("31 0 R"), 31: letter(32), 32: SQUARE},
        {40: set_in("41 0 R"), 41: letter(32, "[49 /two 50 /one]")},
    ),
    "its font, which is another standard one": (
        {30: set_in("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")},
        {40: set_in("<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>")},
    ),
    "its font, which cannot be read": (
        {30: set_in("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")},
        {40: set_in("41 0 R"), 41: letter(42), 42: stream("x", "/Filter /None")},
    ),
    "its font, which has no end": (
        {30: set_in("31 0 R"), 31: letter(32), 32: SQUARE},
        {40: set_in(f"<< /Encoding << /Differences [{'1 ' * 5000}] >> >>")},
    ),
    "a line that is drawn": ({30: set_in("3 0 R")}, {40: set_in("3 0 R", before=LINE)}),
    "a line elsewhere": (
        {30: set_in("3 0 R", before=f"q {LINE} Q")},
        {40: set_in("3 0 R", before=f"q {LINE.replace('9 l', '8 l')} Q Q")},
    ),
    "a cover over it": ({30: set_in("3 0 R")}, {40: set_in("3 0 R", after=GROUND)}),
    "a ground of a form without size": (
        {30: set_in("3 0 R", box="")},
        {40: set_in("3 0 R", before=GROUND, box="")},
    ),
    "a rectangle that is none": (
        {30: set_in("3 0 R")},
        {40: set_in("3 0 R", before="0 0 100 re f")},
    ),
    "a text in a form within": ({30: form(31), 31: look("12")}, {40: form(41), 41: look("99")}),
    "an image": ({30: form(31), 31: image("x")}, {40: form(41), 41: image("y")}),
    "a text in a form that draws itself": (
        {30: form(31), 31: form(30), 32: look("1")},
        {40: form(41, "/XObject << /I {} 0 R /J 40 0 R /K 7 >>"), 41: look("99")},
    ),
    "no text before": ({30: stream("")}, {40: look("99")}),
    "an encoding that is not known": ({30: look("12")}, {40: encoded("12")}),
    "unreadable afterwards": ({30: look("12")}, {40: form(5, "/XObject 4")}),
}


@pytest.mark.parametrize("why", REPLACED)
def test_what_a_field_shows_is_compared_in_its_depth(why):
    before, after = REPLACED[why]
    base = update(make_pdf(), {4: FIELD.format(value="12", look=30), **before})
    data = sign(base)
    assert judged(data).indication is Indication.TOTAL_PASSED
    honest = {4: FIELD.format(value="99", look=40), **after}
    report = judged(update(data, honest))
    assert report.indication is Indication.TOTAL_PASSED
    assert report.signatures[0].changes_after is Changes.FORM_FILLING
    attack = {4: FIELD.format(value="12", look=40), **after}
    assert_changed(judged(update(data, attack)), "integrity.appearance_replaced")


HELVETICA = "<< /Type /Font /Subtype /Type1 /BaseFont /{}Helvetica /Widths [{}] >>"
SAME = {
    "a font that lies elsewhere": (
        {30: set_in("31 0 R"), 31: HELVETICA.format("", 1)},
        {40: set_in(HELVETICA.format("ABCDEF+", 2))},
    ),
    "a font with the same glyphs": (
        {30: set_in("31 0 R"), 31: letter(32), 32: SQUARE},
        {40: set_in("41 0 R"), 41: letter(42), 42: SQUARE},
    ),
    "another ground and border": (
        {30: set_in("3 0 R")},
        {40: set_in("3 0 R", before=f"/Tx BMC q 0.5 g {GROUND} Q EMC 1 1 98 18 re W n % 1 m\n")},
    ),
    "a font of the page's": (
        {30: stream("/F1 1 Tf (12) Tj", "/BBox [0 0 9 9]")},
        {40: stream("/F1 1 Tf (12) Tj", "/BBox [0 0 9 9] /Resources << /Font 3 >>")},
    ),
}


@pytest.mark.parametrize("why", SAME)
def test_what_looks_the_same_may_be_drawn_anew(why):
    before, after = SAME[why]
    data = sign(update(make_pdf(), {4: FIELD.format(value="12", look=30), **before}))
    anew = judged(update(data, {4: FIELD.format(value="12", look=40), **after}))
    assert anew.indication is Indication.TOTAL_PASSED


def test_a_glyph_is_not_drawn_otherwise_in_its_place():
    before = {30: set_in("31 0 R"), 31: letter(32), 32: SQUARE}
    data = sign(update(make_pdf(), {4: FIELD.format(value="12", look=30), **before}))
    assert judged(update(data, {32: SQUARE})).indication is Indication.TOTAL_PASSED
    assert_changed(judged(update(data, {32: BAR})), "integrity.appearance_replaced")


def test_a_field_without_appearance_may_get_one():
    plain = FIELD.format(value="12", look=5).replace("/AP << /N 5 0 R >>", "")
    data = sign(update(make_pdf(), {4: plain}))
    drawn = update(data, {4: FIELD.format(value="12", look=30), 30: look("12")})
    assert judged(drawn).indication is Indication.TOTAL_PASSED


def test_a_value_that_cannot_be_read_is_not_taken_for_a_new_one():
    broken = FIELD.format(value="12", look=5).replace("/V (12)", "/V 77 0 R")
    data = sign(update(make_pdf(), {4: broken}))
    assert judged(data).indication is Indication.TOTAL_PASSED
    attack = judged(update(data, {4: broken.replace("5 0 R", "30 0 R"), 30: look("99")}))
    assert_changed(attack, "integrity.appearance_replaced")


def test_later_signatures_leave_odd_appearances_alone():
    data = update(make_pdf(), {4: box(state="Other"), 30: look("I agree")})
    report = judged(sign(sign(data), SECOND_SIGNATURE))
    assert report.indication is Indication.TOTAL_PASSED
    assert [item.changes_after for item in report.signatures] == [Changes.NONE] * 2


def test_an_appearance_that_cannot_be_found_is_not_the_one_that_was_signed():
    data = sign(make_pdf())
    lost = update(data, {4: FIELD.format(value="12", look=77)})
    assert judged(data).indication is Indication.TOTAL_PASSED
    assert_changed(judged(lost), "integrity.appearance_replaced")


def test_a_document_without_a_form_has_no_signature():
    data = update(make_pdf(), {1: "<< /Type /Catalog /Pages 2 0 R >>"})
    assert judged(data).sub_indication is SubIndication.NO_SIGNATURE


def test_contents_that_are_no_string_are_no_signature():
    data = whole_in_one()
    start = data.index(b"/Contents <")
    end = data.index(b">", start) + 1
    spoiled = data[:start] + b"/Contents 7".ljust(end - start) + data[end:]
    assert codes(judged(data)) != {"signature.no_contents"}
    assert codes(judged(spoiled)) == {"signature.no_contents"}
