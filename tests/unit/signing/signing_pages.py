"""Pages as offices write them, and images as signers bring them."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import Literal
from unicodedata import normalize

from fpdf import FPDF
from PIL import Image, ImageDraw
from unit.signing.signing_world import NOW, SIGNER_NAME

from signing.display.fonts import find_font

BLUE = (20, 60, 170)
RED = (205, 20, 30)
TITLE_FOOT_MM = 200.0
"""Where the title's line ends, about."""


@cache
def letter(
    *,
    pages: int = 1,
    title: tuple[str, ...] = ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"),
    name: str = SIGNER_NAME,
    room_mm: float = 30.0,
    times: int = 1,
    everywhere: bool = False,
    form: Literal["NFC", "NFD"] = "NFC",
    spacing: float = 0.0,
    stretching: float = 100.0,
    xmp: str = "",
) -> bytes:
    """Return a decision with "Nơi nhận:" on the left of its last page, title and name on the right.

    Args:
        pages: how many.
        title: its lines.
        name: below it.
        room_mm: between them.
        times: how often they stand below each other.
        everywhere: they stand on every page.
        form: how accents are written.
        spacing: between letters, in points.
        stretching: of letters, in hundredths.
        xmp: metadata.
    """
    pdf = FPDF(format="A4")
    pdf.set_creation_date(NOW)
    pdf.set_auto_page_break(auto=False)
    pdf.add_font("serif", fname=str(find_font()))
    if xmp:
        pdf.set_xmp_metadata(xmp)
    pdf.set_char_spacing(spacing)
    pdf.set_stretching(stretching)
    title, name = (tuple(normalize(form, each) for each in title), normalize(form, name))
    for number in range(pages):
        pdf.add_page()
        pdf.set_font("serif", size=13)
        _at(pdf, 30, 25, "ỦY BAN NHÂN DÂN XÃ HÒA BÌNH")
        _at(pdf, 30, 60, f"Điều {number + 1}. Giao ông {SIGNER_NAME}, Chủ tịch, tổ chức thực hiện,")
        _at(pdf, 30, 67, f"và báo cáo kết quả với ông {SIGNER_NAME}")
        if number == pages - 1 or everywhere:
            for time in range(times):
                _foot(pdf, TITLE_FOOT_MM - 90 * time, title, name, room_mm)
    return bytes(pdf.output())


def _foot(pdf: FPDF, foot: float, title: tuple[str, ...], name: str, room_mm: float) -> None:
    _at(pdf, 30, foot - 5, "Nơi nhận:")
    _at(pdf, 30, foot + 1, f"- Ông {SIGNER_NAME};")
    _at(pdf, 30, foot + 7, "- Lưu: VT.")
    for line, text in enumerate(reversed(title)):
        _centred(pdf, foot - 6 * (line + 1), text)
    _centred(pdf, foot + room_mm, name)


def _at(pdf: FPDF, x: float, y: float, text: str) -> None:
    pdf.set_xy(x, y)
    pdf.cell(text=text, h=6)


def _centred(pdf: FPDF, y: float, text: str) -> None:
    pdf.set_xy(110, y)
    pdf.cell(w=80, h=6, text=text, align="C")


def png(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@cache
def handwriting(ink: tuple[int, int, int] = BLUE, *, ground: int = 0) -> bytes:
    """Return a stroke from edge to edge of the ink's box, 400 by 200 pixels, with wide margins."""
    image = Image.new("RGBA", (600, 400), (255, 255, 255, ground))
    draw = ImageDraw.Draw(image)
    draw.line([(105, 295), (180, 105), (260, 290), (340, 110), (420, 280), (494, 105)], ink, 11)
    draw.rectangle((100, 290, 499, 299), ink)
    draw.rectangle((100, 100, 109, 299), ink)
    draw.rectangle((490, 100, 499, 299), ink)
    draw.rectangle((100, 100, 499, 109), ink)
    return png(image)


@cache
def seal(ink: tuple[int, int, int] = RED) -> bytes:
    """Return a round seal, 500 pixels across, in the middle of 600."""
    image = Image.new("RGBA", (600, 600), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.ellipse((50, 50, 549, 549), outline=ink, width=24)
    draw.ellipse((110, 110, 489, 489), outline=ink, width=8)
    draw.regular_polygon((300, 300, 120), 5, fill=ink)
    return png(image)
