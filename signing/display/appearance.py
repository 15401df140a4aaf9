"""Draws the words of a visible signature: an appearance stream with an embedded font.

Real text with ToUnicode and ActualText, so that it can be searched, copied and read aloud; upright
on a turned page; lines too long for the box are broken between words, and only then made smaller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.content import AppearanceContent, ResourceType
from pyhanko.pdf_utils.font.opentype import GlyphAccumulator
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.stamp import BaseStampStyle

LEADING = 1.2
"""Distance from line to line, in font sizes."""
PADDING_PT = 2.0
SMALLEST_STEP = 0.95
ASCENT = 0.891
"""Ascender of Times New Roman and its equals, in font sizes."""

TURNS = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
"""What turns a drawing against the page's own turn (ISO 32000-1 §8.3.3)."""


@dataclass(frozen=True)
class TextBlockStyle(BaseStampStyle):
    """What pyHanko calls a stamp style: makes the appearance once the box is known."""

    lines: tuple[str, ...] = ()
    font: bytes = b""
    font_size_pt: float = 10.0
    color: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rotate: int = 0
    """The page's turn, clockwise in degrees."""
    units_per_point: float = 1.0
    """User-space units a point (1/UserUnit)."""

    def create_stamp(  # type: ignore[override]  # pyHanko only ever calls apply_appearance() on it
        self,
        writer: BasePdfFileWriter,
        box: BoxConstraints,
        text_params: dict[str, Any],  # noqa: ARG002  pyHanko's signature
    ) -> TextBlock:
        """Return the appearance for a field of this size."""
        width, height = float(box.width), float(box.height)
        if self.rotate in (90, 270):
            width, height = height, width
        return TextBlock(writer, self, BoxConstraints(width=width, height=height))


class TextBlock(AppearanceContent):
    """One signature's appearance."""

    def __init__(
        self, writer: BasePdfFileWriter, style: TextBlockStyle, box: BoxConstraints
    ) -> None:
        super().__init__(writer=writer, box=box)
        self._style = style
        self._engine = GlyphAccumulator(
            writer, BytesIO(style.font), font_size=1, bcp47_lang_code="vi"
        )

    def render(self) -> bytes:
        """Return the drawing operators."""
        padding = PADDING_PT * self._style.units_per_point
        width, height = self.box.width - 2 * padding, self.box.height - 2 * padding
        lines, size = self._fit(width, height)
        self.set_resource(ResourceType.FONT, pdf_name("/F1"), self._engine.as_resource())
        operators = [
            b"q BT",
            b"%g %g %g rg" % self._style.color,
            b"/F1 %g Tf" % size,
        ]
        top = self.box.height - padding - ASCENT * size
        for number, line in enumerate(lines):
            operators.append(b"1 0 0 1 %g %g Tm" % (padding, top - number * LEADING * size))
            operators.append(self._shape(line, size))
        operators.append(b"ET Q")
        self._engine.prepare_write()
        return b"\n".join(operators)

    def as_form_xobject(self) -> generic.StreamObject:
        """Return the form XObject, turned against the page."""
        form = super().as_form_xobject()
        box = (0.0, 0.0, self.box.width, self.box.height)  # pyHanko gives it upside down
        form[pdf_name("/BBox")] = generic.ArrayObject(map(generic.FloatObject, box))
        turn = (*TURNS[self._style.rotate], 0, 0)
        form[pdf_name("/Matrix")] = generic.ArrayObject(map(generic.NumberObject, turn))
        return form

    def _fit(self, width: float, height: float) -> tuple[Sequence[str], float]:
        """Return lines and size that fit: first break lines, then go down in size."""
        size = self._style.font_size_pt * self._style.units_per_point
        while True:
            lines = [part for line in self._style.lines for part in self._wrap(line, size, width)]
            widest = max((self._width(line, size) for line in lines), default=0.0)
            tall = len(lines) * LEADING * size
            if (widest <= width and tall <= height) or size < 1e-3:
                return lines, size
            size *= SMALLEST_STEP

    def _wrap(self, line: str, size: float, width: float) -> list[str]:
        parts: list[str] = []
        for word in line.split():
            longer = f"{parts[-1]} {word}" if parts else word
            if parts and self._width(longer, size) <= width:
                parts[-1] = longer
            else:
                parts.append(word)
        return parts

    def _width(self, text: str, size: float) -> float:
        return float(self._engine.shape(text).x_advance) * size

    def _shape(self, text: str, size: float) -> bytes:
        self._engine.font_size = size  # type: ignore[assignment]  # any number will do
        return bytes(self._engine.shape(text).graphics_ops)
