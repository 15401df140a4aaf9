"""Sets the blocks of a report on pages of A4: where each line stands, and whose it is.

Text is broken between words, and within one that is longer than a line. A block that reaches over
the end of a page goes on at the next, as a block of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from signing.display.breaking import broken
from signing.display.embedded_font import EmbeddedFont
from signing.reporting.blocks import Block, Content, Drawing, Tag, Tone

WIDTH, HEIGHT = 595.28, 841.89
"""A4, in points."""
MARGIN = 56.0
FOOT = 36.0
"""Where the page's number stands, above the edge."""
_LEADING = 1.35
_LABEL = 150.0
"""Where the second column begins, from the margin."""
_INDENT = 14.0
_SIZES = {Tag.TITLE: 20.0, Tag.HEADING: 14.0, Tag.SUBHEADING: 11.0, Tag.PARAGRAPH: 10.0}
_ABOVE = {Tag.TITLE: 4.0, Tag.HEADING: 14.0, Tag.SUBHEADING: 6.0, Tag.PARAGRAPH: 2.0}
_LINES_KEPT = 3
"""A heading is not left alone at the foot of a page: so many lines of text stay with it."""


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text at a place from the lower left corner of the page."""

    x: float
    y: float
    size: float
    text: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing whose upper left corner stands at a place."""

    x: float
    y: float
    width: float
    scale: float
    drawing: Drawing


@dataclass(frozen=True, slots=True)
class Piece:
    """What of a block stands on one page."""

    tag: str
    lines: tuple[Text, ...] = ()
    figure: Figure | None = None


@dataclass(slots=True)
class Page:
    """One page, from its top down."""

    pieces: list[Piece] = field(default_factory=list)


class Setter:
    """Puts one block after another."""

    def __init__(self, font: EmbeddedFont) -> None:
        self._font = font
        self._y = HEIGHT - MARGIN
        self.pages = [Page()]

    def put(self, content: Iterable[Content]) -> None:
        """Put all of it."""
        for each in content:
            if isinstance(each, Drawing):
                self._draw(each)
            else:
                self._write(each)

    def _draw(self, drawing: Drawing) -> None:
        width = WIDTH - 2 * MARGIN
        scale = min(width / drawing.timeline.width, _room() / drawing.timeline.height)
        height = drawing.timeline.height * scale
        self._need(height)
        figure = Figure(MARGIN, self._y, drawing.timeline.width * scale, scale, drawing)
        self.pages[-1].pieces.append(Piece("Figure", figure=figure))
        self._y -= height

    def _write(self, block: Block) -> None:
        size = _SIZES[block.tag]
        leading = size * _LEADING
        self._y -= _ABOVE[block.tag]
        self._need(leading * (1 if block.tag is Tag.PARAGRAPH else _LINES_KEPT))
        left = MARGIN + _INDENT * block.indent + (_LABEL if block.label else 0)
        lines = list(broken(self._font, block.text, WIDTH - MARGIN - left, size))
        labels = list(broken(self._font, block.label, _LABEL - 8, size)) if block.label else []
        rest = max(len(lines), len(labels))
        at = 0
        while at < rest:
            count = max(1, min(rest - at, int((self._y - MARGIN) / leading)))
            set_lines = []
            for text, x, tone in ((labels, MARGIN, Tone.SOFT), (lines, left, block.tone)):
                set_lines += [
                    Text(x, self._y - leading * (1 + number), size, line, tone)
                    for number, line in enumerate(text[at : at + count])
                ]
            self._y -= leading * count
            self.pages[-1].pieces.append(Piece(block.tag.value, tuple(set_lines)))
            at += count
            if at < rest:
                self._turn()

    def _need(self, height: float) -> None:
        if self._y - height < MARGIN:
            self._turn()

    def _turn(self) -> None:
        self.pages.append(Page())
        self._y = HEIGHT - MARGIN


def _room() -> float:
    return HEIGHT - 2 * MARGIN
