"""Each display as a renderer nobody here wrote shows it: place, size, colour, overlap, letters."""

from __future__ import annotations

import subprocess
import unicodedata
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from fpdf import FPDF
from PIL import Image, ImageChops
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from unit.signing.signing_pages import TITLE_FOOT_MM, handwriting, letter, seal
from unit.signing.signing_world import NOW, SIGNER_NAME, TSA_URL, World, change_page

from signing.display.look import prepare_look
from signing.display.placement import Placement, Rectangle, read_box, read_geometry
from signing.display.png import parse_image
from signing.display.profile import load_display, parse_display
from signing.display.tables import SignerPlace
from signing.errors.display import ImageRoomError, TextRoomError
from signing.errors.placing import (
    NoRoomForSignerError,
    NoTextError,
    OutsidePageError,
    PersonFieldNotFoundError,
    PersonNotSignedError,
    PlaceAmbiguousError,
    SignerNameNotFoundError,
    TitleNotFoundError,
)
from signing.options import Level, SigningOptions
from signing.pages import pages_of
from signing.sign import sign_document

DPI = 200
MM = 25.4 / DPI
NEAR_MM = 0.5
KY = parse_image(handwriting(), "ky.png")
DAU = parse_image(seal(), "dau.png")
WORLD = World()
AGENCY = WORLD.issue_signer(common_name="Ủy ban nhân dân xã Hòa Bình")


def sign(data: bytes, profile: str, *, certificate: object = None, **options: object) -> bytes:
    wishes = SigningOptions(display=load_display(profile))
    done = sign_document(
        data,
        signer=WORLD.signer(certificate),
        options=replace(wishes, **options),
        services=WORLD.services(),
    )
    findings = [one.code for each in done.report.signatures for one in each.findings]
    assert not [code for code in findings if code.startswith("integrity.")]
    return done.data


def by_person(data: bytes, **options: object) -> bytes:
    return sign(data, "person", **{"image": KY, **options})


def by_agency(data: bytes, **options: object) -> bytes:
    return sign(data, "agency", certificate=AGENCY, **{"image": DAU, **options})


def blank_pages(pages: int) -> bytes:
    """Return pages with nothing on them: all ink is the signature's."""
    pdf = FPDF()
    for _ in range(pages):
        pdf.add_page()
    return bytes(pdf.output())


class Page:
    """One page as poppler 22 shows it, which takes a unit for a point whatever /UserUnit says."""

    def __init__(self, peer, folder: Path, data: bytes, number: int = 1, unit: float = 1.0) -> None:
        path = folder / "page.pdf"
        path.write_bytes(data)
        command = ["-r", str(DPI * unit), "-png", "-singlefile", "-cropbox", "-f", str(number)]
        subprocess.run([peer("pdftoppm"), *command, path, folder / "page"], check=True)
        with Image.open(folder / "page.png") as image:
            self.image = image.convert("RGB")

    def ink(self, band: str) -> tuple[float, float, float, float]:
        """Return left, top, width and height in mm of what is blue or red, or of all ink."""
        red, green, blue = self.image.split()
        found = {
            "blue": ImageChops.subtract(blue, red),
            "red": ImageChops.subtract(red, blue),
            "any": ImageChops.invert(green),
        }[band]
        box = found.point(lambda value: 255 if value > 70 else 0).getbbox()
        assert box is not None
        left, top, right, bottom = (side * MM for side in box)
        return left, top, right - left, bottom - top

    def mean(self, band: str) -> tuple[int, ...]:
        """Return the commonest colour among what is blue or red."""
        red, _, blue = self.image.split()
        pair = (blue, red) if band == "blue" else (red, blue)
        mask = ImageChops.subtract(*pair).point(lambda value: 255 if value > 70 else 0)
        inks = Image.composite(self.image, Image.new("RGB", self.image.size, "white"), mask)
        counted = inks.getcolors(1 << 24)
        assert counted is not None
        return max(each for each in counted if each[1] != (255, 255, 255))[1]


@pytest.fixture
def seen(peer, tmp_path):
    return lambda data, number=1, unit=1.0: Page(peer, tmp_path, data, number, unit)


@pytest.fixture
def read(peer, tmp_path):
    def text_of(data: bytes) -> str:
        (tmp_path / "text.pdf").write_bytes(data)
        command = [peer("pdftotext"), "-layout", tmp_path / "text.pdf", "-"]
        return subprocess.run(command, check=True, capture_output=True).stdout.decode()

    return text_of


def field_of(data: bytes, name: str = "Signature1") -> Rectangle:
    """Return a field's rectangle as it is seen."""
    for field in PdfFileReader(BytesIO(data)).root["/AcroForm"]["/Fields"]:
        widget = field.get_object()
        if widget["/T"] == name:
            box = read_box(widget["/Rect"])
            assert box is not None
            return read_geometry(widget["/P"]).to_seen(box)
    raise AssertionError(name)


def middle(box: tuple[float, float, float, float]) -> tuple[float, float]:
    return box[0] + box[2] / 2, box[1] + box[3] / 2


def test_a_person_signs_in_blue_half_way_between_title_and_name(seen):
    page = seen(by_person(letter()))
    left, top, width, height = page.ink("blue")
    assert (width, height) == pytest.approx((45, 22.5), abs=NEAR_MM)
    across, down = middle((left, top, width, height))
    assert across == pytest.approx(110 + 80 / 2, abs=NEAR_MM)
    title_foot, name_head = gap_of(seen(letter()), across)
    assert down == pytest.approx((title_foot + name_head) / 2, abs=1.5)
    assert page.mean("blue") == (20, 60, 170)


def gap_of(page: Page, across: float) -> tuple[float, float]:
    """Return where ink ends above and begins below the room, in the column of the signer."""
    column = page.image.convert("L").crop(
        (round((across - 15) / MM), 0, round((across + 15) / MM), page.image.height)
    )
    rows = [
        column.crop((0, y, column.width, y + 1)).getextrema()[0] < 128 for y in range(column.height)
    ]
    at = round((TITLE_FOOT_MM + 15) / MM)
    above = next(y for y in range(at, 0, -1) if rows[y])
    below = next(y for y in range(at, column.height) if rows[y])
    return above * MM, below * MM


def test_the_text_below_a_signature_is_seen_through_it(seen):
    """The ground is transparent: between the strokes the page shows."""
    place = Placement(1, Rectangle(30, 60, 45, 22.5))  # over the first paragraph
    before, after = seen(letter()), seen(by_person(letter(), placement=place))
    box = tuple(round(side / MM) for side in (31.5, 60, 74, 72))
    dark = [page.image.crop(box).convert("L").histogram()[:100] for page in (before, after)]
    assert sum(dark[1]) > 0.9 * sum(dark[0]) > 0


def test_less_room_makes_the_signature_smaller_and_leaves_it_in_the_middle(seen):
    page = seen(by_person(letter(room_mm=18)))
    _, _, width, height = page.ink("blue")
    assert width == pytest.approx(2 * height, abs=2 * NEAR_MM)
    assert height < 18


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("unit", [1.0, 2.0], ids=["points", "user-unit"])
@pytest.mark.parametrize("crop", [None, [-20, 30, 560, 800]], ids=["whole", "cropped"])
def test_a_place_in_millimetres_is_one_on_any_page(seen, rotate, unit, crop):
    entries = {"Rotate": rotate, "UserUnit": unit, **({"CropBox": crop} if crop else {})}
    entries |= {"MediaBox": [-40, -10, 600, 850]}
    data = change_page(blank_pages(1), **entries)
    page = seen(by_person(data, placement=Placement(1, corner_mm=(30, 40))), unit=unit)
    assert page.ink("blue") == pytest.approx((30, 40, 45, 22.5), abs=NEAR_MM)


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, [20, 30, 560, 800]], ids=["whole", "cropped"])
def test_title_and_name_are_found_however_the_page_is_turned(rotate, crop):
    upright = field_of(by_person(letter()))
    entries = {"Rotate": rotate, **({"CropBox": crop} if crop else {})}
    page = read_geometry(PdfFileReader(BytesIO(letter())).root["/Pages"]["/Kids"][0])
    if rotate == 0:
        cut = Rectangle(0, 0, 0, 0) if crop is None else page.to_seen(tuple(crop))
        found = field_of(by_person(change_page(letter(), **entries)))
        assert found.left_mm == pytest.approx(upright.left_mm - cut.left_mm, abs=NEAR_MM)
        assert found.top_mm == pytest.approx(upright.top_mm - cut.top_mm, abs=NEAR_MM)
        return
    # What is written upright on a page that is turned reads sideways: the lines are not lines.
    with pytest.raises((SignerNameNotFoundError, TitleNotFoundError)):
        by_person(change_page(letter(), **entries))


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_a_page_that_was_written_turned_is_read_as_it_is_seen(seen, rotate):
    """As scanners and plotters do it: the content lies on its side, /Rotate sets it upright."""
    data = turned(letter(), rotate)
    page = seen(by_person(data))
    expected = seen(by_person(letter())).ink("blue")
    assert page.ink("blue") == pytest.approx(expected, abs=NEAR_MM)


def turned(data: bytes, rotate: int) -> bytes:
    """Return the document with its content turned and its pages turned back."""
    writer = IncrementalPdfFileWriter(BytesIO(data))
    page = writer.find_page_for_modification(0)[0].get_object()
    width, height = 595.28, 841.89
    matrix, box = {
        90: (f"0 1 -1 0 {height} 0", [0, 0, height, width]),
        180: (f"-1 0 0 -1 {width} {height}", [0, 0, width, height]),
        270: (f"0 -1 1 0 0 {width}", [0, 0, height, width]),
    }[rotate]
    content = page["/Contents"].data
    stream = generic.StreamObject(stream_data=f"q {matrix} cm\n".encode() + content + b"\nQ")
    page[pdf_name("/Contents")] = writer.add_object(stream)
    page[pdf_name("/MediaBox")] = generic.ArrayObject(map(generic.FloatObject, box))
    page[pdf_name("/Rotate")] = generic.NumberObject(rotate)
    writer.update_container(page)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def test_the_seal_covers_the_left_third_of_the_person_in_its_real_size(seen):
    person = by_person(letter())
    page = seen(by_agency(person))
    blue, red = seen(person).ink("blue"), page.ink("red")
    assert red[2:] == pytest.approx((36, 36), abs=NEAR_MM)
    covered = red[0] + red[2] - blue[0]
    assert covered == pytest.approx(blue[2] / 3, abs=NEAR_MM)
    assert middle(red)[1] == pytest.approx(middle(blue)[1], abs=NEAR_MM)
    assert page.mean("red") == (205, 20, 30)


def test_a_seal_of_another_size_is_said_so(seen):
    placement = Placement(width_mm=42, height_mm=42)
    red = seen(by_agency(by_person(letter()), placement=placement)).ink("red")
    assert red[2:] == pytest.approx((42, 42), abs=NEAR_MM)


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ("annex", ["12/QĐ-UBND", "2026-11-21T21:00:00+07:00"]),
        ("copy-sao-y", ["Sao y", "Ủy ban nhân dân xã Hòa Bình", "2026-11-21T21:00:00+07:00"]),
        ("copy-sao-luc", ["Sao lục", "Ủy ban nhân dân xã Hòa Bình", "2026-11-21T21:00:00+07:00"]),
        (
            "copy-trich-sao",
            ["Trích sao", "Ủy ban nhân dân xã Hòa Bình", "2026-11-21T21:00:00+07:00"],
        ),
        ("digitised", ["Ủy ban nhân dân xã Hòa Bình", "2026-11-21T21:00:00+07:00"]),
        ("archive-copy", ["BẢN SAO"]),
    ],
)
def test_words_stand_top_right_of_the_first_page(seen, read, profile, words):
    empty = blank_pages(2)
    data = sign(empty, profile, certificate=AGENCY, number="12/QĐ-UBND")
    left, top, width, height = seen(data).ink("any")
    assert left + width == pytest.approx(210 - 15, abs=NEAR_MM)
    lines = len(words)
    # From the head of the first line's capitals to the foot of the last line's letters.
    assert 5 <= top < 5 + 12 * 25.4 / 72
    assert top + height <= 5 + lines * 12 * 25.4 / 72 + NEAR_MM
    assert top + height > 5 + (lines - 1) * 12 * 25.4 / 72
    colors = {color for _, color in seen(data).image.getcolors(1 << 24)}
    assert (0, 0, 0) in colors
    assert all(max(color) - min(color) < 12 for color in colors), "black on white, nothing else"
    found = [line.strip() for line in read(data).split("\f")[0].splitlines() if line.strip()]
    assert found == words
    assert all(unicodedata.is_normalized("NFC", line) for line in found)


def test_words_are_10_pt_high_in_a_font_of_times_new_romans_metrics(peer, tmp_path):
    data = sign(blank_pages(1), "digitised", certificate=AGENCY)
    (tmp_path / "a.pdf").write_bytes(data)
    told = subprocess.run(
        [peer("pdftotext"), "-bbox", tmp_path / "a.pdf", "-"], check=True, capture_output=True
    ).stdout.decode()
    words = {
        line.split(">")[1].split("<")[0]: line for line in told.splitlines() if "<word" in line
    }
    box = {part.split("=")[0]: float(part.split('"')[1]) for part in words["dân"].split()[1:5]}
    # Times New Roman: d 500, â 444, n 500 thousandths of the size.
    assert box["xMax"] - box["xMin"] == pytest.approx(14.44, abs=0.05)


def test_a_page_of_large_units_has_its_signature_too(peer, tmp_path):
    """A unit of 100 mm: the whole signature is less than one unit wide."""
    unit = 100 / 25.4 * 72
    data = change_page(blank_pages(1), UserUnit=unit, MediaBox=[0, 0, 2.1, 2.97])
    signed = by_person(data, placement=Placement(1, corner_mm=(30, 40)))
    page = Page(peer, tmp_path, signed, unit=unit)
    assert page.ink("blue") == pytest.approx((30, 40, 45, 22.5), abs=NEAR_MM)


def test_a_field_without_a_size_stays_unseen():
    data = with_field(blank_pages(1), (100, 400, 100, 400))
    widget = PdfFileReader(BytesIO(by_person(data, field_name="O"))).root["/AcroForm"]["/Fields"][0]
    assert "/AP" not in widget or not widget["/AP"]["/N"].data.strip()


@pytest.mark.parametrize(("align", "share"), [("left", 0.0), ("center", 0.5), ("right", 1.0)])
def test_a_profile_of_ones_own_has_its_colour_corner_and_alignment(seen, align, share):
    own = parse_display(
        f"""
        name = "own"
        visible = true
        [text]
        lines = ["IIIII"]
        color = [0.8, 0.0, 0.2]
        font_size_pt = 20
        width_mm = 60
        align = "{align}"
        [place]
        by = "corner"
        page = 1
        corner = "bottom-left"
        margin_x_mm = 30
        margin_y_mm = 40
        """,
        "own",
    )
    page = seen(sign(blank_pages(1), "text", display=own))
    left, top, width, height = page.ink("red")
    assert left == pytest.approx(30 + share * (60 - width), abs=NEAR_MM)
    assert 297 - 40 - 24 * 25.4 / 72 < top < top + height < 297 - 40
    assert page.mean("red") == (204, 0, 51)


def test_the_first_page_is_the_first_and_the_last_the_last():
    reader = PdfFileReader(BytesIO(sign(blank_pages(3), "digitised", certificate=AGENCY)))
    assert "/Annots" in reader.root["/Pages"]["/Kids"][0]
    reader = PdfFileReader(BytesIO(sign(blank_pages(3), "text")))
    assert "/Annots" in reader.root["/Pages"]["/Kids"][2]


def test_pages_of_different_sizes_have_their_own_margins(seen):
    data = change_page(blank_pages(2), MediaBox=[0, 0, 1190.55, 841.89])  # the last one is A3
    left, _, width, _ = seen(sign(data, "text"), 2).ink("any")
    assert 420 - 15 - 80 - NEAR_MM <= left < left + width <= 420 - 15


def test_a_screen_reader_is_told_whose_it_is():
    data = by_agency(by_person(letter()))
    fields = [
        each.get_object() for each in PdfFileReader(BytesIO(data)).root["/AcroForm"]["/Fields"]
    ]
    assert [str(each["/TU"]) for each in fields] == [
        f"Chữ ký số của {SIGNER_NAME}",
        "Dấu, chữ ký số của Ủy ban nhân dân xã Hòa Bình",
    ]


def with_field(data: bytes, box: tuple[float, ...]) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(data))
    append_signature_field(writer, SigFieldSpec("O", box=box))
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">%s</rdf:Description></rdf:RDF></x:xmpmeta>"""


@pytest.mark.parametrize(
    ("said", "stencil"),
    [
        ("<pdfaid:part>1</pdfaid:part>", True),
        ("<pdfaid:part>2</pdfaid:part>", False),
        ("<pdfaid:part>12</pdfaid:part>", False),
    ],
)
def test_a_document_of_pdfa_1_gets_nothing_transparent(seen, said, stencil):
    data = by_person(letter(xmp=XMP % said))
    assert (b"/SMask" in data, b"/ImageMask" in data) == (not stencil, stencil)
    usual, page = seen(by_person(letter())), seen(data)
    assert page.ink("blue") == pytest.approx(usual.ink("blue"), abs=NEAR_MM)
    assert page.mean("blue") == usual.mean("blue")


def test_the_seal_on_a_document_of_pdfa_1_lets_the_signature_be_seen(seen):
    data = letter(xmp=XMP % "<pdfaid:part>1</pdfaid:part>")
    sealed = by_agency(by_person(data))
    assert b"/SMask" not in sealed
    page = seen(sealed)
    usual = seen(by_agency(by_person(letter())))
    for ink in ("blue", "red"):
        assert page.ink(ink) == pytest.approx(usual.ink(ink), abs=NEAR_MM)


def test_a_field_that_is_there_gets_the_look_in_its_middle(seen):
    data = with_field(blank_pages(1), (100, 400, 300, 510))
    red = seen(by_agency(data, field_name="O")).ink("red")
    assert red[2:] == pytest.approx((36, 36), abs=NEAR_MM)
    assert middle(red)[0] == pytest.approx(200 * 25.4 / 72, abs=NEAR_MM)


def test_a_field_too_small_for_a_seal_or_for_10_pt_is_refused():
    data = with_field(blank_pages(1), (100, 400, 160, 420))
    with pytest.raises(ImageRoomError):
        by_agency(data, field_name="O")
    with pytest.raises(TextRoomError):
        sign(data, "copy-sao-y", certificate=AGENCY, field_name="O")
    assert sign(data, "text", field_name="O")


@pytest.mark.parametrize(
    ("data", "options", "error"),
    [
        (letter(name="Trần Thị Bình"), {}, SignerNameNotFoundError),
        (letter(title=("GIÁM ĐỐC",)), {}, TitleNotFoundError),
        (letter(room_mm=3), {}, TitleNotFoundError),
        (letter(times=2), {}, PlaceAmbiguousError),
        (letter(pages=2, everywhere=True), {}, PlaceAmbiguousError),
        (blank_pages(1), {}, NoTextError),
        (letter(), {"placement": Placement(name="Trần Thị Bình")}, SignerNameNotFoundError),
        (letter(), {"placement": Placement(1, corner_mm=(180, 10))}, OutsidePageError),
    ],
)
def test_a_place_that_is_not_to_be_found_is_refused(data, options, error):
    with pytest.raises(error):
        by_person(data, **options)


def test_what_an_ambiguity_tells_can_be_said_back(seen):
    with pytest.raises(PlaceAmbiguousError) as caught:
        by_person(letter(pages=2, everywhere=True))
    first, second = caught.value.facts["places"]
    assert first.startswith("page=2,")
    assert second.startswith("page=1,")
    data = by_person(letter(pages=2, everywhere=True), placement=Placement(1))
    x, y = (float(part.split("=")[1][:-2]) for part in second.split(",")[1:])
    assert seen(data).ink("blue")[:2] == pytest.approx((x, y), abs=1)


@pytest.mark.parametrize(
    "written",
    [
        {"form": "NFD"},
        {"spacing": 3.0},
        {"stretching": 75.0},
        {"stretching": 70.0, "spacing": -0.5},  # no gap is left between words
        {"title": ("Chủ tịch",)},
        {"name": f"Đại tá {SIGNER_NAME}"},
        {"name": "TS. NGUYỄN VĂN ĐỨC"},
    ],
    ids=str,
)
def test_title_and_name_are_found_however_they_are_written(written):
    place, usual = (field_of(by_person(letter(**each))) for each in (written, {}))
    assert place.left_mm == pytest.approx(usual.left_mm, abs=4)  # letter-spacing shifts the lines
    assert place.top_mm == pytest.approx(usual.top_mm, abs=NEAR_MM)


def test_the_document_may_write_title_and_name_in_another_way():
    data = letter(title=("TM. ỦY BAN NHÂN DÂN", "PHÓ CHỦ TỊCH"), name="NGUYỄN VĂN ĐỨC")
    with pytest.raises(TitleNotFoundError):
        by_person(data)
    assert by_person(data, placement=Placement(title="Phó Chủ tịch"))


def test_a_rule_may_leave_no_room():
    wide = load_display("person")
    assert isinstance(wide.place, SignerPlace)
    wide = wide.model_copy(update={"place": wide.place.model_copy(update={"clearance_mm": 20.0})})
    with pytest.raises(NoRoomForSignerError):
        by_person(letter(), display=wide)


def test_archive_time_stamps_are_no_persons(seen):
    archived = by_person(letter(), level=Level.B_LTA, tsa_url=TSA_URL)
    red = seen(by_agency(archived)).ink("red")
    assert red[2:] == pytest.approx((36, 36), abs=NEAR_MM)


@pytest.mark.parametrize(
    "change", ["none", "no /P", "a /P of its own", "no page at all", "below", "ring"]
)
def test_a_persons_widget_is_looked_for_on_the_pages(change):
    data = by_person(letter())
    writer = IncrementalPdfFileWriter(BytesIO(data))
    reference = list.__getitem__(writer.root["/AcroForm"]["/Fields"], 0)
    field = reference.get_object()
    page = writer.find_page_for_modification(0)[0].get_object()
    if change == "no /P":
        del field["/P"]
    elif change == "a /P of its own":
        field[pdf_name("/P")] = generic.DictionaryObject()
    elif change == "ring":
        tree = writer.root["/Pages"]
        tree["/Kids"].insert(0, writer.root.raw_get("/Pages"))
        tree["/Kids"].insert(0, generic.NullObject())
        odd = generic.DictionaryObject({pdf_name("/Type"): pdf_name("/Odd")})
        tree["/Kids"].insert(0, writer.add_object(odd))
        writer.update_container(tree)
        field[pdf_name("/P")] = writer.root.raw_get("/Pages")
    elif change == "below":
        kid = generic.DictionaryObject({pdf_name("/Subtype"): pdf_name("/Widget")})
        kid[pdf_name("/Rect")] = field["/Rect"]
        del field["/Rect"]
        below = writer.add_object(kid)
        field[pdf_name("/Kids")] = generic.ArrayObject([below])
        page[pdf_name("/Annots")] = generic.ArrayObject([below])
        writer.update_container(page)
    elif change == "no page at all":
        del page["/Annots"]
        writer.update_container(page)
    writer.mark_update(reference)
    out = BytesIO()
    writer.write(out)
    found = pages_of(IncrementalPdfFileWriter(out)).signed_fields()
    assert [one.page for one in found] == ([] if change == "no page at all" else [0])


def test_a_seal_waits_for_a_person_to_sign():
    with pytest.raises(PersonNotSignedError):
        by_agency(letter())
    hidden = sign(letter(), "none")
    with pytest.raises(PersonNotSignedError):
        by_agency(hidden)


def test_of_two_persons_the_one_is_named(seen):
    first = by_person(letter(times=2), placement=Placement(1, corner_mm=(60, 120)))
    both = by_person(first, placement=Placement(1, corner_mm=(120, 210)))
    with pytest.raises(PlaceAmbiguousError) as caught:
        by_agency(both)
    assert caught.value.facts["places"] == ("over=Signature1", "over=Signature2")
    with pytest.raises(PersonFieldNotFoundError):
        by_agency(both, placement=Placement(over="Signature9"))
    red = seen(by_agency(both, placement=Placement(over="Signature2"))).ink("red")
    assert red[0] + red[2] == pytest.approx(120 + 15, abs=NEAR_MM)


def test_the_seal_goes_to_the_persons_page():
    person = by_person(letter(pages=2), placement=Placement(1, corner_mm=(60, 120)))
    sealed = PdfFileReader(BytesIO(by_agency(person)))
    assert len(sealed.root["/Pages"]["/Kids"][0]["/Annots"]) == 2
    with pytest.raises(PersonNotSignedError):
        by_agency(person, placement=Placement(2))


def test_time_is_the_only_difference_between_two_documents_of_a_batch():
    """Image and font are encoded once: their bytes are the same in each document."""
    look = prepare_look(load_display("text"), WORLD.certificate, NOW)
    later = prepare_look(load_display("text"), WORLD.certificate, NOW + timedelta(hours=1))
    assert look.lines != later.lines
    assert look.font is later.font
    assert look.font is not None
    assert sign(letter(), "text").count(look.font.file) == 1
    assert by_person(letter()).count(KY.rgb) == by_person(letter()).count(KY.alpha) == 1
