"""What a signature shows: lines that fit, images in their size, made once for many documents."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from fontTools.ttLib import TTFont
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PdfFileWriter
from unit.signing.signing_pages import handwriting, seal
from unit.signing.signing_world import NOW, World

from signing.display.fonts import embed_font, find_font
from signing.display.layout import fit_text, flow_text
from signing.display.look import prepare_look
from signing.display.pdfa import is_pdfa_1
from signing.display.png import parse_image
from signing.display.profile import load_display, parse_display
from signing.display.tables import TextTable
from signing.errors.display import (
    ImageInkError,
    ImageNeededError,
    ImageNotShownError,
    ImageRoomError,
    TextRoomError,
)

WORLD = World()
KY = parse_image(handwriting(), "ky.png")
DAU = parse_image(seal(), "dau.png")
LETTERS = frozenset("Nguyễn Văn Đức ơưỳ")
TEXT = TextTable(lines=("x",))


@pytest.fixture(scope="module")
def font():
    return embed_font(find_font(), LETTERS)


def look(profile: str, **more: object):
    return prepare_look(load_display(profile), WORLD.certificate, NOW, **more)


def test_a_text_is_as_wide_as_the_font_says(font):
    with TTFont(find_font()) as whole:
        cmap, advances, em = whole.getBestCmap(), whole["hmtx"], whole["head"].unitsPerEm
        wide = sum(advances[cmap[ord(letter)]][0] for letter in "Đức") / em
    assert font.width("Đức") == pytest.approx(wide)


def test_the_font_of_one_set_of_letters_is_made_once(font):
    assert embed_font(find_font(), frozenset(sorted(LETTERS, reverse=True))) is font
    assert look("text").font is look("text").font


def test_what_is_embedded_says_which_letter_each_glyph_is(font):
    writer = PdfFileWriter()
    writer.root["/Font"] = font.add_to(writer)
    out = BytesIO()
    writer.write(out)
    embedded = PdfFileReader(out).root["/Font"]
    told = dict(
        re.findall(
            rb"<([0-9a-f]{4})> <([0-9a-f]{4})>",
            embedded["/ToUnicode"].data.partition(b"endcodespacerange")[2],
        )
    )
    assert {bytes.fromhex(code.decode()).decode("utf-16-be") for code in told.values()} == LETTERS
    for glyph, code in told.items():
        letter = bytes.fromhex(code.decode()).decode("utf-16-be")
        assert font.encode(letter) == b"<%s>" % glyph
    descendant = embedded["/DescendantFonts"][0]
    with TTFont(BytesIO(descendant["/FontDescriptor"]["/FontFile2"].data)) as program:
        assert {chr(code) for code in program.getBestCmap()} == LETTERS
    assert re.fullmatch(r"/[A-Z]{6}\+[\w-]+", descendant["/BaseFont"])


def test_lines_are_broken_between_words_and_grow_downwards(font):
    flowed = flow_text(("Nguyễn Văn Đức",), TEXT, font, width=40)
    assert " ".join(flowed.lines) == "Nguyễn Văn Đức"
    assert len(flowed.lines) > 1
    assert all(font.width(line) * flowed.size <= 40 for line in flowed.lines)
    assert flowed.height == pytest.approx(12 * len(flowed.lines))
    assert flow_text(("Nguyễn Văn Đức",), TEXT, font, width=400).lines == ("Nguyễn Văn Đức",)


def test_letters_are_made_smaller_only_where_that_is_allowed(font):
    lines = ("Nguyễn Văn Đức",)
    small = fit_text(lines, TEXT, font, width=20, height=12)
    assert small.size < 10
    assert max(font.width(line) for line in small.lines) * small.size <= 20.1
    assert small.height <= 12.1
    exact = TEXT.model_copy(update={"exact": True})
    with pytest.raises(TextRoomError) as caught:
        fit_text(lines, exact, font, width=20, height=12)
    assert caught.value.facts["size_pt"] == "10"
    assert fit_text(lines, exact, font, width=200, height=12).size == 10


def test_nothing_to_say_fits_anywhere(font):
    assert fit_text((), TEXT, font, width=0, height=0).lines == ()


@pytest.mark.parametrize(
    ("profile", "image", "error"),
    [
        ("person", None, ImageNeededError),
        ("person", DAU, ImageInkError),
        ("agency", KY, ImageInkError),
        ("agency", parse_image(handwriting((0, 0, 0)), "x"), ImageInkError),
        ("copy-sao-y", DAU, ImageNotShownError),
        ("text", KY, ImageNotShownError),
    ],
)
def test_an_image_that_is_not_the_rules_is_refused(profile, image, error):
    with pytest.raises(error) as caught:
        look(profile, image=image)
    assert caught.value.facts["profile"] == profile


def test_a_handwriting_keeps_its_proportions():
    natural = look("person", image=KY).natural
    assert (natural.width_mm, natural.height_mm) == pytest.approx((45, 22.5))
    shrunk = look("person", image=KY).shrunk_into(45, 10)
    assert (shrunk.width_mm, shrunk.height_mm) == pytest.approx((20, 10))


def test_a_seal_has_its_real_size_or_is_refused():
    agency = look("agency", image=DAU)
    assert (agency.natural.width_mm, agency.natural.height_mm) == pytest.approx((36, 36))
    for room in ((60, 60), (36, 36), (35.7, 35.7)):
        found = agency.image_in(*room)
        assert found is not None
        assert found.width_mm == pytest.approx(36)
    with pytest.raises(ImageRoomError) as caught:
        agency.image_in(30, 60)
    assert caught.value.facts["room_width_mm"] == "30.0"
    with pytest.raises(ImageRoomError):
        agency.shrunk_into(60, 30)


def test_a_profile_of_ones_own_may_have_an_image_above_its_words():
    own = parse_display(
        """
        name = "own"
        visible = true
        [image]
        width_mm = 40
        height_mm = 20
        [text]
        lines = ["{name}", "{time}"]
        width_mm = 60
        [place]
        by = "corner"
        """,
        "own",
    )
    made = prepare_look(own, WORLD.certificate, NOW, image=KY)
    assert made.natural.width_mm == 60
    assert made.natural.height_mm == pytest.approx(20 + 2 * 12 * 25.4 / 72)
    assert not made.exact
    assert made.image_in(10, 10).height_mm == pytest.approx(5)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("xmp", "claims"),
    [
        (b"<pdfaid:part>1</pdfaid:part>", True),
        (b"<x pdfaid:part='1' pdfaid:conformance='B'/>", True),
        (b'<x pdfaid:part = "1"/>', True),
        (b"<pdfaid:part>2</pdfaid:part>", False),
        (b"<x pdfaid:part='10'/>", False),
        (b"", False),
    ],
)
def test_a_document_says_in_its_metadata_that_it_is_pdfa_1(xmp, claims):
    root = generic.DictionaryObject()
    assert not is_pdfa_1(root)
    root[pdf_name("/Metadata")] = generic.StreamObject(stream_data=xmp)
    assert is_pdfa_1(root) is claims
    packed = {pdf_name("/Filter"): pdf_name("/FlateDecode")}
    root[pdf_name("/Metadata")] = generic.StreamObject(packed, encoded_data=xmp)
    assert not is_pdfa_1(root), "PDF/A does not allow packed metadata"


def test_without_image_or_words_there_is_nothing_to_place():
    assert look("text").image_in(10, 10) is None
    assert look("agency", image=DAU).text_in(10, 10) is None
