"""What a signature leaves alone, and what it adds for PDF/A-1; veraPDF is asked by the peers."""

from __future__ import annotations

import zlib
from io import BytesIO

import pytest
from fontTools.ttLib import TTFont
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from unit.signing.outgoing_world import LEADER, WORLD, by_agency, by_leader, draft, prepared
from unit.signing.outgoing_world import numbered as with_number
from unit.signing.signing_world import TSA_URL

from signing.display.profile import load_display
from signing.options import Level, SigningOptions
from signing.sign import sign_document

NONE, TEXT = load_display("none"), load_display("text")
LTA = {"level": Level.B_LTA, "tsa_url": TSA_URL}


def sign(data: bytes, **options: object) -> bytes:
    wishes = SigningOptions(**{"display": NONE, **options})
    services = WORLD.services()
    return sign_document(data, signer=WORLD.signer(), options=wishes, services=services).data


def read(data: bytes) -> PdfFileReader:
    return PdfFileReader(BytesIO(data))


def fields_of(data: bytes) -> list[generic.DictionaryObject]:
    return [each.get_object() for each in read(data).root["/AcroForm"]["/Fields"]]


def metadata_of(data: bytes) -> tuple[object, ...]:
    """Return where the metadata stand and their octets, and whether there is an /Info."""
    reader = read(data)
    where = reader.root.raw_get("/Metadata").reference
    return where, where.get_object().encoded_data, "/Info" in reader.trailer_view


@pytest.fixture(scope="module")
def archived() -> bytes:
    return draft(pdfa="2B")


def test_metadata_stay_to_the_octet(archived):
    before = metadata_of(archived)
    assert metadata_of(sign(archived)) == before
    assert metadata_of(sign(archived, display=TEXT, placement=LEADER, **LTA)) == before
    ready = prepared(pdfa="2B")
    assert metadata_of(by_agency(with_number(by_leader(ready).data).data, **LTA).data) == before


def test_pyhankos_own_writer_changes_them(archived):
    """The twin: what the test above looks at does change where nobody keeps it."""
    writer = IncrementalPdfFileWriter(BytesIO(archived))
    writer.update_root()
    out = BytesIO()
    writer.write(out)
    assert metadata_of(out.getvalue()) != metadata_of(archived)


def test_a_document_without_metadata_gets_none():
    data = draft()
    assert "/Metadata" not in read(data).root
    signed = read(sign(data, **LTA))
    assert "/Metadata" not in signed.root
    assert "/CreationDate" in signed.trailer_view["/Info"]
    assert "/ModDate" not in signed.trailer_view["/Info"]


@pytest.mark.parametrize(("part", "looks"), [("1B", True), ("2B", False)])
def test_a_field_that_nobody_sees_has_a_look_in_pdfa_1_alone(part, looks):
    fields = fields_of(sign(draft(pdfa=part), **LTA))
    assert len(fields) == 2
    assert all(("/AP" in field) is looks for field in fields)
    if looks:
        drawn = {field["/AP"].raw_get("/N").reference for field in fields}
        assert len(drawn) == 1, "the time-stamp's field takes the look that is there"
        assert drawn.pop().get_object().data == b""


def test_a_printed_date_has_a_look_in_pdfa_1_and_holds_after_the_seal():
    for part in ("1B", "2B"):
        ready = prepared(day="Hòa Bình, ngày        tháng        năm 2026", pdfa=part)
        (date,) = (each for each in fields_of(ready) if "/Kids" in each)
        year = date["/Kids"][2]
        assert ("/AP" in year) is (part == "1B")
        sealed = by_agency(with_number(by_leader(ready).data).data, **LTA)
        assert sealed.data


@pytest.mark.parametrize("rotate", [0, 90, 270])
def test_the_seals_empty_field_has_the_frame_that_the_seal_gets(rotate):
    """Whoever compares revisions finds no other box: EU DSS would warn of it."""
    empty = prepared(rotate=rotate)
    sealed = by_agency(with_number(by_leader(empty).data).data).data
    before, after = (frame_of(data, "CoQuan") for data in (empty, sealed))
    assert before == after


def frame_of(data: bytes, name: str) -> tuple[list[float], list[float]]:
    (field,) = (each for each in fields_of(data) if each.get("/T") == name)
    look = field["/AP"]["/N"]
    return list(look["/BBox"]), list(look["/Matrix"])


@pytest.mark.parametrize("part", ["1B", "2B"])
def test_a_font_says_which_glyphs_it_has_in_pdfa_1_alone(part):
    data = sign(draft(pdfa=part), display=TEXT, placement=LEADER)
    (field,) = fields_of(data)
    (font,) = field["/AP"]["/N"]["/Resources"]["/Font"].values()
    (descendant,) = font.get_object()["/DescendantFonts"]
    descriptor = descendant.get_object()["/FontDescriptor"]
    assert ("/CIDSet" in descriptor) is (part == "1B")
    if part == "1B":
        with TTFont(BytesIO(descriptor["/FontFile2"].data)) as program:
            count = program["maxp"].numGlyphs
        bits = "".join(
            f"{octet:08b}" for octet in zlib.decompress(descriptor["/CIDSet"].encoded_data)
        )
        assert bits.rstrip("0") == "1" * count
        assert len(bits) - count < 8
