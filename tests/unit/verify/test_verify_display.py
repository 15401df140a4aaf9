"""What a signature shows, read from hostile bytes: bounded, and never by running anything."""

from __future__ import annotations

import zlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    NumberObject,
    StreamObject,
    pdf_name,
)
from unit.verify.verify_pki import make_document, make_pdf, stream, update

from verify.display.budget import MOST_BYTES, MOST_DEPTH, MOST_STREAMS, Budget
from verify.display.fonts import MOST_CODES, Font, read_cmap
from verify.display.grade import with_display
from verify.display.ink import Ink, ink_of
from verify.display.matrix import SAME, box_of, into, times
from verify.display.place import PageIndex, find_place, seen_from
from verify.display.rules import display_rules
from verify.display.seen import Seen, folded, see
from verify.display.shown import Shown, ShownText, matrix_in, read_shown
from verify.document import verify_document
from verify.errors import MalformedObjectError
from verify.facts import Changes, Kind
from verify.guard import foreign
from verify.identifiers import identifiers_of, units_of
from verify.indication import Indication
from verify.pdf.document import open_pdf
from verify.pdf.geometry import PageGeometry, Rectangle
from verify.pdf.operations import MOST_OPERANDS, read_operations
from verify.policy import default_policy
from verify.report import SignatureReport
from verify.trust import TrustStore

LIMITS = default_policy().limits
PAGE = PageGeometry((0, 0, 595.276, 841.89), 0, 1.0)


def operations(content):
    return [(each.name, each.operands) for each in read_operations(content)]


def plain(entries=None, content=b""):
    return StreamObject(
        {pdf_name(key): value for key, value in (entries or {}).items()}, encoded_data=content
    )


def flate(content, **entries):
    keys = {f"/{key}": value for key, value in entries.items()}
    return plain({"/Filter": pdf_name("/FlateDecode"), **keys}, zlib.compress(content))


def dictionary(**entries):
    return DictionaryObject({pdf_name(f"/{key}"): value for key, value in entries.items()})


# Syntax


def test_operators_come_with_their_operands():
    content = b"q 1 0 0 -1.5 .5 +2 cm /Im1 Do (a\\(b\\)\\n(c)) Tj <48 6> Tj [(x) -20 <79>] TJ\nQ"
    assert operations(content) == [
        ("q", ()),
        ("cm", (1.0, 0.0, 0.0, -1.5, 0.5, 2.0)),
        ("Do", ("/Im1",)),
        ("Tj", (b"a(b)\n(c)",)),
        ("Tj", (b"H`",)),
        ("TJ", ((b"x", -20.0, b"y"),)),
        ("Q", ()),
    ]


def test_marks_comments_escapes_and_inline_images_are_passed_over():
    content = (
        b"% a comment (\n/Span <</Lang (vi) /Deep <</X 1>> >> BDC (\\101\\\r\n\\\n\\7b\\z) Tj\n"
        b"BI /W 1 /H 1 ID \x00EI( EI\nf* >> ] T* "
    )
    assert operations(content) == [
        ("BDC", ("/Span",)),
        ("Tj", (b"A\x07bz",)),
        ("BI", ()),
        ("f*", ()),
        ("T*", ()),
    ]


@pytest.mark.parametrize(
    "content", [b"(", b"(\\", b"<4", b"BI /W 1", b"}", b"<zz>", b"1 " * (MOST_OPERANDS + 1)]
)
def test_what_is_no_content_stream(content):
    with pytest.raises(MalformedObjectError):
        list(read_operations(content))


def test_an_array_is_bounded_too():
    with pytest.raises(MalformedObjectError):
        list(read_operations(b"[" + b"1 " * (MOST_OPERANDS + 1) + b"] TJ"))
    assert operations(b"[" + b"1 " * MOST_OPERANDS + b"] TJ")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_malformed(content):
    try:
        with foreign("content"):
            read_shown(plain(content=content), SAME, Budget())
    except MalformedObjectError:
        pass


PIECES = st.sampled_from(
    [b"q", b"Q", b"BT", b"ET", b"/F1", b"/X", b"12", b"-3.5", b"0", b"1", b"Tf", b"Tj", b"TJ",
     b"(ab)", b"<61>", b"[(a)]", b"Td", b"TD", b"Tm", b"T*", b"'", b'"', b"cm", b"rg", b"g", b"k",
     b"scn", b"Do", b"Tz", b"TL", b"Ts", b"Tr", b"<<", b">>"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=60))
def test_any_operators_are_read_or_malformed(pieces):
    form = plain({"/Resources": resources()}, b" ".join(pieces))
    try:
        shown = read_shown(form, SAME, Budget())
    except MalformedObjectError:
        return
    assert all(isinstance(each.text, str) for each in shown.texts)


# Fonts


def font(**entries):
    return dictionary(Type=pdf_name("/Font"), Subtype=pdf_name("/Type1"), **entries)


def resources(**images):
    times_roman = font(BaseFont=pdf_name("/ABCDEF+TimesNewRomanPSMT"))
    return dictionary(Font=dictionary(F1=times_roman), XObject=dictionary(**images))


def test_the_letters_of_a_cmap():
    cmap = (
        b"2 beginbfchar <01> <0041> <0002> <D83DDE00> endbfchar\n"
        b"3 beginbfrange <10> <12> <0061> <20> <21> [<0078> <1EC5>] <30> <2f> <0061> endbfrange"
    )
    found = read_cmap(cmap)
    assert found == {1: "A", 2: "😀", 16: "a", 17: "b", 18: "c", 32: "x", 33: "ễ"}
    assert (
        Font("T", wide=True, letters=found).read(b"\0\x01\0\x21\x99\x99")
        == "Aễ\N{REPLACEMENT CHARACTER}"
    )
    assert Font("T", letters=found).read(b"\x01z\x81") == "Az\N{REPLACEMENT CHARACTER}"


def test_a_cmap_is_bounded():
    blocks = b"".join(
        b"beginbfrange <%08x> <%08x> <0041> endbfrange " % (n << 16, (n << 16) + 0xFFFF)
        for n in range(50)
    )
    assert len(read_cmap(blocks)) <= 3 * MOST_CODES
    assert read_cmap(b"beginbfrange <00> <ffffffff> <0041> endbfrange") == {}


# Drawing


def drawn(content, entries=None, matrix=SAME):
    form = plain({"/Resources": entries or resources()}, content)
    return read_shown(form, matrix, Budget())


SEEN = (1.0, 0.0, 0.0, -1.0, 0.0, 0.0)
"""Millimetres as seen: y grows downwards."""


def test_text_has_size_font_colour_and_place():
    shown = drawn(
        b"q 2 0 0 2 0 0 cm BT 1 0 0 rg /F1 5 Tf 1 0 0 1 10 20 Tm (ab) Tj ET Q", matrix=SEEN
    )
    (text,) = shown.texts
    assert text.text == "ab"
    assert text.font == "TimesNewRomanPSMT"
    assert text.size_pt == pytest.approx(10 * 72 / 25.4)
    assert text.color == (1.0, 0.0, 0.0)
    assert text.place == (20.0, -40.0)
    assert text.upright


@pytest.mark.parametrize(
    ("content", "upright"),
    [
        (b"BT /F1 5 Tf (a) Tj ET", True),
        (b"BT /F1 5 Tf 0 1 -1 0 0 0 Tm (a) Tj ET", False),
        (b"BT /F1 5 Tf -1 0 0 1 0 0 Tm (a) Tj ET", False),
        (b"BT /F1 5 Tf 1 0 .3 1 0 0 Tm (a) Tj ET", False),
    ],
)
def test_letters_that_lean_or_turn(content, upright):
    assert [each.upright for each in drawn(content, matrix=SEEN).texts] == [upright]


def test_lines_advance_as_the_standard_says():
    content = (
        b"BT /F1 5 Tf 50 Tz 6 TL 2 Ts (a) Tj T* (b) Tj 1 -9 TD (c) Tj (d) '"
        b' 0 0 (e) " 3 -1 Td (f) Tj'
        b" 3 Tr (hidden) Tj 0 Tr () Tj [(g) -50 (h)] TJ ET"
    )
    shown = drawn(content + b" BT /F1 1 Tf ET")
    assert [(each.text, each.place) for each in shown.texts] == [
        ("a", (0, 2)),
        ("b", (0, -4)),
        ("c", (1, -13)),
        ("d", (1, -22)),
        ("e", (1, -31)),
        ("f", (4, -32)),
        ("gh", (4, -32)),
    ]


@pytest.mark.parametrize(
    ("operator", "color"),
    [
        (b"0.5 g", (0.5,) * 3),
        (b"0 0 1 rg", (0, 0, 1)),
        (b"0 1 1 0 k", (1, 0, 0)),
        (b"0 0 0 1 k", (0, 0, 0)),
        (b"7 -2 1 sc", (1, 0, 1)),
        (b"/P1 scn", None),
        (b"/CS0 cs", None),
        (b"1 2 g", (0, 0, 0)),
    ],
)
def test_colours(operator, color):
    (text,) = drawn(operator + b" BT /F1 5 Tf (a) Tj ET").texts
    assert text.color == color


def test_what_has_no_font_or_no_number_is_not_written():
    assert drawn(b"BT (a) Tj /F9 5 Tf (b) Tj ET").texts == []
    huge = b"1000000 0 0 1000000 0 0 cm " * 3
    assert (
        drawn(huge + b"BT /F1 5 Tf (a) Tj ET /Im Do", resources(Im=image(b"\xff\0\0"))) == Shown()
    )


def image(pixels, size=(1, 1), **entries):
    more = {
        "Subtype": pdf_name("/Image"),
        "Width": NumberObject(size[0]),
        "Height": NumberObject(size[1]),
        "BitsPerComponent": NumberObject(8),
        "ColorSpace": pdf_name("/DeviceRGB"),
        **entries,
    }
    return flate(pixels, **more)


def test_an_image_is_as_large_as_it_is_painted():
    shown = drawn(b"q 36 0 0 30 5 6 cm /Im Do Q /No Do", resources(Im=image(b"\xe0\x10\x10")))
    (found,) = shown.images
    assert found.box == (5, 6, 41, 36)
    assert (found.width_mm, found.height_mm, found.ink) == (36, 30, Ink.RED)


def test_forms_within_forms_and_their_resources():
    inner = plain(
        {"/Matrix": ArrayObject(map(NumberObject, (2, 0, 0, 2, 0, 0)))},
        b"BT /F1 5 Tf (deep) Tj ET",
    )
    (text,) = drawn(b"3 0 0 3 0 0 cm /Fm Do", resources(Fm=inner)).texts
    assert text.size_pt == pytest.approx(30 * 72 / 25.4)
    assert drawn(b"/Fm Do", dictionary(XObject=NumberObject(1))) == Shown()
    assert drawn(b"/Fm Do", NumberObject(1)) == Shown()


def test_forms_that_paint_themselves_end():
    form = plain(content=b"/Fm Do /Fm Do")
    form[pdf_name("/Resources")] = resources(Fm=form)
    with pytest.raises(MalformedObjectError):
        read_shown(form, SAME, Budget())
    once = plain(content=b"/Fm Do")
    once[pdf_name("/Resources")] = resources(Fm=once)
    with pytest.raises(MalformedObjectError) as caught:
        read_shown(once, SAME, Budget())
    assert caught.value.facts["reason"] == "forms too deep"
    assert MOST_DEPTH < MOST_STREAMS


def test_bombs_are_not_inflated():
    bomb = flate(b"q " * (MOST_BYTES // 2 + 1))
    with pytest.raises(MalformedObjectError) as caught:
        read_shown(bomb, SAME, Budget())
    assert caught.value.facts["reason"] == "too many data"
    for content in (b"q " * 60_000, b"BT /F1 5 Tf " + b"(%s) Tj " % (b"a" * 9000) * 3):
        with pytest.raises(MalformedObjectError):
            drawn(content)
    many = resources(Im=image(b"\xff\0\0"))
    with pytest.raises(MalformedObjectError):
        drawn(b"/Im Do " * (MOST_STREAMS + 1), many)


def test_another_filter_is_not_unpacked():
    for entries in (
        {"/Filter": pdf_name("/LZWDecode")},
        {"/Filter": ArrayObject([pdf_name("/FlateDecode"), pdf_name("/FlateDecode")])},
        {
            "/Filter": pdf_name("/FlateDecode"),
            "/DecodeParms": dictionary(Predictor=NumberObject(15)),
        },
    ):
        with pytest.raises(MalformedObjectError):
            read_shown(plain(entries, b"q"), SAME, Budget())
    listed = plain({"/Filter": ArrayObject([pdf_name("/FlateDecode")])}, zlib.compress(b"q"))
    assert read_shown(listed, SAME, Budget()) == Shown()


# Ink

RED, BLUE, GREY, WHITE = b"\xd0\x10\x20", b"\x20\x30\xc0", b"\x40\x40\x40", b"\xff\xff\xff"


@pytest.mark.parametrize(
    ("pixels", "ink"),
    [
        (RED * 3 + WHITE * 5, Ink.RED),
        (BLUE * 3 + WHITE * 5, Ink.BLUE),
        (GREY * 3 + WHITE * 5, Ink.OTHER),
        (b"\x10\xd0\x20" * 8, Ink.OTHER),
        (RED * 3 + GREY * 5, Ink.OTHER),
        (WHITE * 8, None),
    ],
)
def test_the_ink_of_an_image(pixels, ink):
    assert ink_of(image(pixels, (4, 2)), None, Budget()) is ink


def test_a_mask_says_what_is_ink():
    pixels = RED * 2 + BLUE * 6
    mask = image(b"\xff\xff" + b"\0" * 6, (4, 2), ColorSpace=pdf_name("/DeviceGray"))
    assert ink_of(image(pixels, (4, 2)), None, Budget()) is Ink.BLUE
    assert ink_of(image(pixels, (4, 2), SMask=mask), None, Budget()) is Ink.RED
    for odd in (
        image(b"\xff", (1, 1)),
        image(b"\xff", (4, 2)),
        image(b"\xff" * 8, (4, 2), BitsPerComponent=NumberObject(1)),
        image(b"\xff" * 8, (4, 2), Filter=pdf_name("/DCTDecode")),
    ):
        assert ink_of(image(pixels, (4, 2), SMask=odd), None, Budget()) is Ink.BLUE


def test_a_stencil_has_the_colour_it_is_filled_with():
    stencil = image(b"\0", ImageMask=generic.BooleanObject(value=True))
    assert ink_of(stencil, (0.8, 0.1, 0.1), Budget()) is Ink.RED
    assert ink_of(stencil, None, Budget()) is None
    no = image(BLUE, ImageMask=generic.BooleanObject(value=False))
    assert ink_of(no, (1, 0, 0), Budget()) is Ink.BLUE


def test_colour_spaces_that_are_read_and_that_are_not():
    profile = flate(b"", N=NumberObject(3))
    odd = flate(b"", N=NumberObject(4))

    def of(space, pixels=BLUE):
        return ink_of(image(pixels, ColorSpace=space), None, Budget())

    icc = pdf_name("/ICCBased")
    assert of(ArrayObject([icc, profile])) is Ink.BLUE
    assert of(ArrayObject([icc, odd])) is None
    assert of(ArrayObject([icc, NumberObject(3)])) is None
    assert of(ArrayObject([pdf_name("/CalRGB"), dictionary()])) is Ink.BLUE
    assert of(ArrayObject()) is None
    assert of(pdf_name("/DeviceCMYK")) is None
    assert of(pdf_name("/DeviceGray"), b"\x20") is Ink.OTHER


@pytest.mark.parametrize(
    "entries",
    [
        {"BitsPerComponent": NumberObject(1)},
        {"Filter": pdf_name("/DCTDecode")},
        {"Width": NumberObject(5)},
        {"Width": NumberObject(0)},
        {"Width": NumberObject(-1), "Height": NumberObject(-1)},
        {"Height": pdf_name("/one")},
    ],
)
def test_an_image_whose_colour_cannot_be_told(entries):
    assert ink_of(image(RED, **entries), None, Budget()) is None
    assert ink_of(image(RED), None, Budget()) is Ink.RED


# Places


def test_matrices():
    assert times((2, 0, 0, 3, 1, 1), (1, 0, 0, 1, 5, 6)) == (2, 0, 0, 3, 6, 7)
    assert box_of((0, 0, 1, 2), (0, 1, -1, 0, 0, 0)) == (-2, 0, 0, 1)
    assert into((0, 0, 2, 2), (10, 10, 14, 12)) == (2, 0, 0, 1, 10, 10)
    assert into((0, 0, 0, 2), (10, 10, 14, 12)) is None
    assert into((0, 0, 1e9, 2), (10, 10, 14, 12)) is None
    assert matrix_in(None) == SAME
    assert matrix_in(ArrayObject([NumberObject(10**9)] * 6)) == SAME


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_a_page_as_seen(rotate):
    geometry = PageGeometry((10, 20, 410, 620), rotate, 2.0)
    seen = geometry.to_seen((50, 60, 90, 160))
    box = box_of((50, 60, 90, 160), seen_from(geometry))
    assert box == pytest.approx((seen.left_mm, seen.top_mm, seen.right_mm, seen.bottom_mm))


def placed(widget, objects=None, annotations="[50 0 R]", page_more=""):
    """Return where a field of a document made by hand is found."""
    page = (
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Annots {annotations} {page_more}>>"
    )
    catalogue = "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [50 0 R] /SigFlags 3 >> >>"
    form = stream("q", "/Type /XObject /Subtype /Form /BBox [0 0 10 10]")
    made = {
        1: catalogue,
        2: "<< /Type /Pages /Kids [60 0 R] /Count 1 >>",
        50: widget,
        51: form,
        60: page,
        **(objects or {}),
    }
    pdf = open_pdf(update(make_pdf(), made), name="a.pdf", limits=LIMITS)
    field = pdf.reader.root["/AcroForm"]["/Fields"][0]
    return find_place(field, PageIndex(pdf))


WIDGET = "<< /FT /Sig /T (a) /Rect [100 700 200 750] /AP << /N 51 0 R >> {} >>"


def test_a_field_is_found_on_the_page_that_lists_it():
    found = placed(WIDGET.format("/P 9 0 R"))
    assert (found.page, found.pages) == (0, 1)
    assert found.box == Rectangle(
        pytest.approx(100 / 72 * 25.4),
        pytest.approx(92 / 72 * 25.4),
        pytest.approx(35.28, abs=0.01),
        pytest.approx(17.64, abs=0.01),
    )
    assert placed(WIDGET.format("/F 4")) is not None
    states = WIDGET.format("/AS /On").replace("51 0 R", "<< /On 51 0 R >>")
    assert placed(states) is not None


@pytest.mark.parametrize(
    ("widget", "more"),
    [
        (WIDGET.format(""), {"annotations": "[]"}),
        (WIDGET.format(""), {"annotations": "7"}),
        (WIDGET.format(""), {"annotations": "[<< >>]"}),
        (WIDGET.format("/F 2"), {}),
        (WIDGET.format("/F 32"), {}),
        (WIDGET.format("").replace("51 0 R", "<< /On 51 0 R >>"), {}),
        (WIDGET.format("").replace("/AP << /N 51 0 R >>", ""), {}),
        (WIDGET.format("").replace("[100 700 200 750]", "[1 2]"), {}),
        (WIDGET.format("").replace("[100 700 200 750]", "[100 700 100 750]"), {}),
        (WIDGET.format("").replace("[100 700 200 750]", "[0 0 99999999 1]"), {}),
        (WIDGET.format(""), {"objects": {51: stream("q", "/BBox [0 0 0 10]")}}),
        (WIDGET.format(""), {"objects": {51: stream("q", "")}}),
        (WIDGET.format(""), {"page_more": "/UserUnit 100000 "}),
        ("<< /FT /Sig /T (a) /Kids [7 << >> 60 0 R] >>", {}),
    ],
)
def test_a_field_that_is_seen_nowhere(widget, more):
    assert placed(widget, **more) is None


def test_a_field_with_a_widget_of_its_own():
    kid = {52: "<< /Rect [100 700 200 750] /AP << /N 51 0 R >> >>"}
    assert placed("<< /FT /Sig /T (a) /Kids [52 0 R] >>", kid, "[52 0 R]") is not None


def test_page_trees_that_lead_round_or_deep_end():
    loop = {2: "<< /Type /Pages /Kids [2 0 R 60 0 R 7] /Count 1 >>"}
    assert placed(WIDGET.format(""), loop) is not None
    deep = {number: f"<< /Type /Pages /Kids [{number + 1} 0 R] >>" for number in range(100, 150)}
    deep |= {2: "<< /Type /Pages /Kids [100 0 R] >>", 150: "<< /Type /Pages /Kids [60 0 R] >>"}
    assert placed(WIDGET.format(""), deep) is None


# Signatures


def item(kind=Kind.SIGNATURE, **changes):
    made = SignatureReport(
        field="S",
        kind=kind,
        indication=Indication.TOTAL_PASSED,
        sub_indication=None,
        level=None,
        signer=None,
        claimed_signing_time=None,
        best_signature_time=None,
        algorithm=None,
        covers_whole_document=True,
        changes_after=Changes.NONE,
        findings=(),
        sub_filter="",
        revision=1,
        revisions=1,
    )
    return replace(made, **changes)


def written(*lines, size=10.0, font="TimesNewRomanPSMT"):
    return Shown(
        [],
        [
            ShownText(line, size, font, (0, 0, 0), upright=True, place=(0.0, 5.0 * number))
            for number, line in enumerate(lines)
        ],
    )


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (("SAO Y", "UBND"), "copy"),
        (("Sao lục",), "copy"),
        (("Trích sao",), "copy"),
        (("Bản sao",), "archive-copy"),
        (("Số: 12/QĐ-UBND", "2026-11-21T21:00:00+07:00"), "annex"),
        (("05a/NQ-HĐND",), "annex"),
        (("UBND xã Hòa Bình", "2026-11-21T21:00:00+07:00"), "digitised"),
        (("  ",), "agency"),
        ((), "agency"),
    ],
)
def test_which_rule_a_seal_falls_under(lines, kind):
    assert Seen(item(Kind.SEAL), None, written(*lines)).kind == kind
    assert Seen(item(Kind.SIGNATURE), None, written(*lines)).kind == "person"


def test_letters_of_one_line_are_one_line():
    first, second = written("Sao").texts[0], written("Sao").texts[0]
    shown = Shown([], [first, replace(second, text=" y", place=(9.0, 0.1))])
    assert Seen(item(), None, shown).lines == ("Sao y",)
    hostile = Seen(item(), None, written("a\u202eb"))
    assert hostile.lines == ("a\N{REPLACEMENT CHARACTER}b",)
    assert folded("Đỗ Quyên, 12") == "doquyen12"


def test_a_field_that_is_not_there_and_one_that_breaks():
    index = PageIndex(open_pdf(make_pdf(), name="a.pdf", limits=LIMITS))
    assert see(item(), None, index).shown is None
    pdf = open_pdf(make_document("B-B"), name="a.pdf", limits=LIMITS)
    field = pdf.reader.root["/AcroForm"]["/Fields"][0]
    field[pdf_name("/F")] = pdf_name("/odd")
    page = pdf.reader.root["/Pages"]["/Kids"][0]
    page[pdf_name("/Annots")] = ArrayObject([pdf.reader.root["/AcroForm"]["/Fields"].raw_get(0)])
    assert see(item(), field, PageIndex(pdf)).unreadable is not None


VISIBLE = WIDGET.format("")


def graded(widget=VISIBLE, objects=None, limit=None, **changes):
    """Return the grade of one made-up official signature in a made-up field."""
    catalogue = "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [50 0 R] /SigFlags 3 >> >>"
    page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Annots [50 0 R] >>"
    form = stream("q", "/Type /XObject /Subtype /Form /BBox [0 0 100 50]")
    made = {
        1: catalogue,
        2: "<< /Type /Pages /Kids [60 0 R] /Count 1 >>",
        50: widget.replace("/T (a)", "/T (S) /V << /Type /Sig >>"),
        51: form,
        60: page,
        **(objects or {}),
    }
    pdf = open_pdf(update(make_pdf(), made), name="a.pdf", limits=LIMITS)
    policy = default_policy()
    if limit is not None:
        policy = policy.model_copy(
            update={"limits": LIMITS.model_copy(update={"signatures": limit})}
        )
    signed = item(for_duty=True, **changes)
    report = report_with(signed)
    found = with_display(report, pdf, policy).display
    return found.grades[0]


def report_with(*signatures):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    made = verify_document(make_pdf(), policy=default_policy(), trust=TrustStore(), at=at)
    return replace(made, signatures=signatures)


def codes(grade):
    return {each.finding.code for each in grade.deviations}


def words_of(*lines, more=""):
    texts = " ".join(f"1 0 0 1 5 {40 - 9 * n} Tm ({line}) Tj" for n, line in enumerate(lines))
    content = f"BT /F1 10 Tf {more} {texts} ET"
    fonts = "/Resources << /Font << /F1 << /Subtype /Type1 /BaseFont /{} >> >> >>"
    return content, fonts


@pytest.mark.parametrize(
    ("font", "expected"),
    [
        ("Times-Roman", set()),
        ("TimesNewRomanPS-ItalicMT", {"display.not_upright"}),
        ("Arial", {"display.font"}),
        ("", {"display.font"}),
    ],
)
def test_the_font_of_a_copy(font, expected):
    content, fonts = words_of("Sao y")
    form = stream(content, f"/BBox [0 0 100 50] {fonts.format(font)}")
    widget = WIDGET.format("").replace("[100 700 200 750]", "[400 780 500 830]")
    found = graded(widget, {51: form}, kind=Kind.SEAL)
    assert found.kind == "copy"
    assert codes(found) == expected | {"display.no_time", "display.no_name"}


def test_words_outside_the_field_are_not_seen():
    content, fonts = words_of("Sao y", more="1 0 0 1 500 500 cm")
    form = stream(content, f"/BBox [0 0 100 50] {fonts.format('Times-Roman')}")
    assert codes(graded(objects={51: form})) == {"display.nothing_shown"}


def test_an_appearance_that_cannot_be_read_is_told():
    broken = graded(objects={51: stream("(", "/BBox [0 0 100 50]")})
    assert codes(broken) == {"display.unreadable"}
    assert broken.spot is not None
    assert codes(graded(limit=0)) == {"display.unreadable"}
    assert codes(graded()) == {"display.nothing_shown"}


def test_a_page_tree_that_cannot_be_read_is_told():
    pdf = open_pdf(make_pdf(), name="a.pdf", limits=LIMITS)
    del pdf.reader.root["/Pages"]
    report = report_with(item(for_duty=True))
    found = with_display(report, pdf, default_policy()).display
    assert codes(found.grades[0]) == {"display.unreadable"}


def test_an_annex_on_the_second_page():
    content, fonts = words_of("12/QD-UBND", "2026-11-21T21:00:00+07:00")
    form = stream(content, f"/BBox [0 0 100 50] {fonts.format('Times-Roman')}")
    pages = {
        2: "<< /Type /Pages /Kids [61 0 R 60 0 R] /Count 2 >>",
        61: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
        51: form,
    }
    found = graded(objects=pages, kind=Kind.SEAL)
    assert found.kind == "annex"
    assert codes(found) == {"display.not_first_page"}


def test_an_image_whose_colour_nobody_can_read():
    form = stream(
        "100 0 0 50 0 0 cm /Im Do",
        "/BBox [0 0 100 50] /Resources << /XObject << /Im 53 0 R >> >>",
    )
    jpeg = stream("x", "/Subtype /Image /Width 1 /Height 1 /Filter /DCTDecode")
    widget = WIDGET.format("").replace("[100 700 200 750]", "[400 300 500 350]")
    assert codes(graded(widget, {51: form, 53: jpeg})) == {"display.ink_unknown"}


def test_rules_are_read_once_and_speak_both_languages():
    rules = display_rules()
    assert rules is display_rules()
    for kind in rules.kinds.values():
        assert kind.article.words.vi != kind.article.words.en


# Certificates of Vietnam


def subject(*pairs):
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in pairs])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("CCCD:001085012345", ("CCCD:*********345",)),
        ("CMND:012345678", ("CMND:******678",)),
        ("MST:0100109106", ("MST:0100109106",)),
        ("MST:0100109106-001", ("MST:0100109106-001",)),
        ("MST:001085012345", ("MST:*********345",)),
        ("HC: B1234567", ("HC:*****567",)),
        ("PID:12345", ("PID:*****",)),
        ("nguyenvana", ()),
        ("CCCD:<script>", ()),
        ("CCCD:" + "1" * 41, ()),
    ],
)
def test_numbers_in_certificates_are_masked_where_they_are_people_s(value, shown):
    assert identifiers_of(subject((NameOID.USER_ID, value))) == shown


def test_several_numbers_and_units():
    name = subject(
        (NameOID.USER_ID, "CCCD:001085012345"),
        (NameOID.USER_ID, "MST:0100109106"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "Sở Nội vụ"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "Văn phòng"),
    )
    assert identifiers_of(name) == ("CCCD:*********345", "MST:0100109106")
    assert units_of(name) == ("Sở Nội vụ", "Văn phòng")


def test_a_copy_that_shows_the_seal_is_told():
    content, fonts = words_of("Sao y", more="q 36 0 0 36 0 0 cm /Im Do Q")
    look = f"/BBox [0 0 100 50] {fonts.format('Times-Roman')}"
    look = look.replace("/Resources <<", "/Resources << /XObject << /Im 53 0 R >>")
    jpeg = stream("x", "/Subtype /Image /Width 1 /Height 1 /Filter /DCTDecode")
    widget = VISIBLE.replace("[100 700 200 750]", "[400 780 500 830]")
    found = graded(widget, {51: stream(content, look), 53: jpeg}, kind=Kind.SEAL)
    assert found.kind == "copy"
    assert "display.image_shown" in codes(found)
