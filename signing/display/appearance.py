"""Draws a look: an appearance stream with the image and with real text in an embedded font.

Text that can be searched, copied and read aloud; upright on a turned page; as large on a page whose
units are not points as on any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.content import AppearanceContent, ResourceType
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.stamp import BaseStampStyle

from signing.display.image import SignatureImage
from signing.display.layout import ASCENT, TextLayout
from signing.display.look import Look
from signing.display.pdfa import is_pdfa_1
from signing.display.placement import POINTS_PER_MM

TURNS = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
"""What turns a drawing against the page's own turn (ISO 32000-1 §8.3.3)."""


@dataclass(frozen=True)
class LookStyle(BaseStampStyle):
    """What pyHanko calls a stamp style: makes the appearance once the box is known."""

    look: Look | None = None
    size: tuple[float, float] = (0.0, 0.0)
    """Width and height of the field in user space; pyHanko's own are whole numbers."""
    rotate: int = 0
    """The page's turn, clockwise in degrees."""
    units_per_point: float = 1.0
    """User-space units a point (1/UserUnit)."""

    def create_stamp(  # type: ignore[override]  # pyHanko only ever calls apply_appearance() on it
        self,
        writer: BasePdfFileWriter,
        box: BoxConstraints,  # noqa: ARG002  pyHanko's signature
        text_params: dict[str, Any],  # noqa: ARG002  as above
    ) -> Appearance | None:
        """Return the appearance; None for a field without a size, which nobody sees."""
        if self.look is None or min(self.size) <= 0:
            return None
        return Appearance(writer, self, self.look)


def frame(form: generic.StreamObject, size: tuple[float, float], rotate: int) -> None:
    """Give a form XObject its box and its turn against the page.

    A field that is prepared empty gets the same ones: whoever compares the revisions then finds
    nothing but what filling it changes.

    Args:
        form: the XObject.
        size: width and height of the field in user space, as the page sees it unturned.
        rotate: the page's turn, clockwise in degrees.
    """
    width, height = reversed(size) if rotate in (90, 270) else size
    box = (0.0, 0.0, width, height)
    form[pdf_name("/BBox")] = generic.ArrayObject(map(generic.FloatObject, box))
    turn = (*TURNS[rotate], 0, 0)
    form[pdf_name("/Matrix")] = generic.ArrayObject(map(generic.NumberObject, turn))


class Appearance(AppearanceContent):
    """One signature's appearance; drawn in points, whatever the page's unit."""

    def __init__(self, writer: BasePdfFileWriter, style: LookStyle, look: Look) -> None:
        # pyHanko wants whole numbers here; as_form_xobject() puts the true ones in their place.
        super().__init__(writer=writer, box=BoxConstraints(width=1, height=1))
        self._style = style
        self._look = look
        turned = style.rotate in (90, 270)
        self._width, self._height = reversed(style.size) if turned else style.size

    def render(self) -> bytes:
        """Return the drawing operators.

        Raises:
            ImageRoomError: an image of exact size does not fit the field.
            TextRoomError: text of exact size does not fit the field.
        """
        unit = self._style.units_per_point
        width, height = self._width / unit, self._height / unit
        text = self._look.text_in(width, height)
        below = text.height if text is not None else 0.0
        operators = [b"q %g 0 0 %g 0 0 cm" % (unit, unit)]
        if self._look.image is not None:
            operators += self._draw_image(self._look.image, width, height, below)
        if text is not None:
            # Without an image the words begin at the top of the box, with one they end at its foot.
            top = below if self._look.image is not None else height
            operators += self._draw_text(text, width, top)
        operators.append(b"Q")
        return b"\n".join(operators)

    def as_form_xobject(self) -> generic.StreamObject:
        """Return the form XObject, turned against the page."""
        form = super().as_form_xobject()
        frame(form, self._style.size, self._style.rotate)
        return form

    def _draw_image(
        self, image: SignatureImage, width: float, height: float, below: float
    ) -> Iterator[bytes]:
        room = height - below
        size = self._look.image_in(width / POINTS_PER_MM, room / POINTS_PER_MM)
        assert size is not None  # noqa: S101  there is an image
        wide, high = size.width_mm * POINTS_PER_MM, size.height_mm * POINTS_PER_MM
        writer = self._ensure_writer
        soft = not is_pdfa_1(writer.root)
        added = add_image(writer, image) if soft else add_stencil(writer, image)
        self.set_resource(ResourceType.XOBJECT, pdf_name("/Im1"), added)
        left, bottom = (width - wide) / 2, below + (room - high) / 2
        ink = b"%.3f %.3f %.3f rg " % tuple(band / 255 for band in image.color)
        place = (wide, high, left, bottom)
        yield b"q " + (b"" if soft else ink) + b"%.3f 0 0 %.3f %.3f %.3f cm /Im1 Do Q" % place

    def _draw_text(self, text: TextLayout, width: float, top: float) -> Iterator[bytes]:
        table, font = self._look.profile.text, self._look.font
        assert table is not None and font is not None  # noqa: S101, PT018  there are words
        self.set_resource(ResourceType.FONT, pdf_name("/F1"), font.add_to(self._ensure_writer))
        yield b"/Span <</Lang (vi)>> BDC BT"
        yield b"%s /F1 %.3f Tf" % (_fill(table.color), text.size)
        shift = {"left": 0.0, "center": 0.5, "right": 1.0}[table.align]
        baseline = top - ASCENT * text.size
        for number, line in enumerate(text.lines):
            left = shift * (width - font.width(line) * text.size)
            yield b"1 0 0 1 %.3f %.3f Tm" % (left, baseline - number * text.leading)
            yield font.encode(line) + b" Tj"
        yield b"ET EMC"


def _fill(color: tuple[float, float, float]) -> bytes:
    """Return the operator of a colour; black as a grey, which every output intent has."""
    if color[0] == color[1] == color[2]:
        return b"%g g" % color[0]
    return b"%g %g %g rg" % color


def add_image(writer: BasePdfFileWriter, image: SignatureImage) -> generic.IndirectObject:
    """Put an image into a document and return the reference to it.

    Spec: ISO 32000-1 §8.9.5, §11.6.5.3 (soft mask).
    """
    mask = writer.add_object(_image(image, "/DeviceGray", image.alpha))
    colors = _image(image, "/DeviceRGB", image.rgb)
    colors[pdf_name("/SMask")] = mask
    reference: generic.IndirectObject = writer.add_object(colors)
    return reference


def add_stencil(writer: BasePdfFileWriter, image: SignatureImage) -> generic.IndirectObject:
    """Put the shape of an image's ink into a document and return the reference to it.

    It is filled with one colour; nothing about it is transparent in the sense of PDF.

    Spec: ISO 32000-1 §8.9.6.2 (stencil masking).
    """
    stencil = _image(image, "/DeviceGray", image.stencil)
    del stencil["/ColorSpace"]
    stencil[pdf_name("/BitsPerComponent")] = generic.NumberObject(1)
    stencil[pdf_name("/ImageMask")] = generic.BooleanObject(value=True)
    reference: generic.IndirectObject = writer.add_object(stencil)
    return reference


def _image(image: SignatureImage, space: str, data: bytes) -> generic.StreamObject:
    entries = {
        "/Type": pdf_name("/XObject"),
        "/Subtype": pdf_name("/Image"),
        "/Width": generic.NumberObject(image.width_px),
        "/Height": generic.NumberObject(image.height_px),
        "/ColorSpace": pdf_name(space),
        "/BitsPerComponent": generic.NumberObject(8),
        "/Filter": pdf_name("/FlateDecode"),
    }
    return generic.StreamObject(
        {pdf_name(key): value for key, value in entries.items()}, encoded_data=data
    )
