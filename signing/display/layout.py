"""Lines of text in a box: broken between words, and made smaller only where that is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from signing.display.embedded_font import EmbeddedFont
from signing.display.placement import POINTS_PER_MM
from signing.display.tables import TextTable
from signing.errors.display import TextRoomError

LEADING = 1.2
"""Distance from line to line, in font sizes."""
ASCENT = 0.891
"""Ascender of Times New Roman and its equals, in font sizes."""
SMALLEST_STEP = 0.95
SLACK_PT = 0.1


@dataclass(frozen=True, slots=True)
class TextLayout:
    """Lines as they will be drawn; lengths in points."""

    lines: tuple[str, ...]
    size: float
    leading: float

    @property
    def height(self) -> float:
        """From the top of the first line to the bottom of the last."""
        return len(self.lines) * self.leading


def flow_text(
    lines: tuple[str, ...], table: TextTable, font: EmbeddedFont, *, width: float
) -> TextLayout:
    """Return the lines at the size asked for, however high that becomes; `width` in points."""
    return _flow(lines, font, table.font_size_pt, width)


def fit_text(
    lines: tuple[str, ...], table: TextTable, font: EmbeddedFont, *, width: float, height: float
) -> TextLayout:
    """Return the lines so that they fit: broken first, and only then made smaller.

    Raises:
        TextRoomError: the profile asks for its very size, and they do not fit at that.
    """
    size = table.font_size_pt
    while True:
        layout = _flow(lines, font, size, width)
        widest = max((font.width(line) * size for line in layout.lines), default=0.0)
        if widest <= width + SLACK_PT and layout.height <= height + SLACK_PT:
            return layout
        if table.exact or size < 1e-3:
            raise TextRoomError(
                size_pt=f"{table.font_size_pt:g}",
                width_mm=f"{width / POINTS_PER_MM:.1f}",
                height_mm=f"{height / POINTS_PER_MM:.1f}",
                needed_mm=f"{layout.height / POINTS_PER_MM:.1f}",
            )
        size *= SMALLEST_STEP


@lru_cache(maxsize=64)
def _flow(lines: tuple[str, ...], font: EmbeddedFont, size: float, width: float) -> TextLayout:
    broken = (part for line in lines for part in _break(line, font, width / size))
    return TextLayout(tuple(broken), size, LEADING * size)


def _break(line: str, font: EmbeddedFont, width: float) -> list[str]:
    """Return the parts of a line; `width` in font sizes. A word longer than it stays whole."""
    parts: list[str] = []
    for word in line.split():
        longer = f"{parts[-1]} {word}" if parts else word
        if parts and font.width(longer) <= width:
            parts[-1] = longer
        else:
            parts.append(word)
    return parts
