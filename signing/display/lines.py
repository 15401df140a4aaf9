"""Lines of a page, put together from its letters as they are seen.

A line of a form or of the foot of a letter is several: what stands in another column is another
line ("Nơi nhận:" on the left, the signer's title on the right).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from signing.display.page_text import Letter
from signing.display.placement import PageGeometry, Rectangle

COLUMN_GAP = 1.5
"""A gap this wide, in heights of the letters, parts two columns."""
WORD_GAP = 0.12
"""A gap this wide parts two words; between letters there is none."""
SAME_LINE = 0.4
"""Feet of letters of one line differ by less than this."""
DOUBLED = 0.12
"""The same letter so near to itself is drawn twice, to look bold."""


@dataclass(frozen=True, slots=True)
class Line:
    """Letters beside each other."""

    text: str
    """Composed (NFC), as it is read."""
    box: Rectangle

    @property
    def middle_mm(self) -> float:
        """Half way between its ends."""
        return self.box.left_mm + self.box.width_mm / 2


def build_lines_of(letters: Iterable[Letter], geometry: PageGeometry) -> tuple[Line, ...]:
    """Return the lines of a page from the top down, those of one height from left to right."""
    return tuple(line for row in rows_of(letters, geometry) for line in _split(row))


def rows_of(
    letters: Iterable[Letter], geometry: PageGeometry
) -> Iterator[list[tuple[str, Rectangle]]]:
    """Yield the letters of each height from the top down; a row may run over several columns."""
    seen = sorted(_compose(letters, geometry), key=lambda item: item[1].bottom_mm)
    row: list[tuple[str, Rectangle]] = []
    for item in seen:
        if row and item[1].bottom_mm - row[-1][1].bottom_mm > SAME_LINE * row[-1][1].height_mm:
            yield row
            row = []
        row.append(item)
    yield row


def _compose(letters: Iterable[Letter], geometry: PageGeometry) -> list[tuple[str, Rectangle]]:
    """Return the letters as they are seen, each with the marks that were drawn on it after it."""
    seen: list[tuple[str, Rectangle]] = []
    for letter in letters:
        if unicodedata.combining(letter.text[:1] or " "):
            if seen:
                seen[-1] = (seen[-1][0] + letter.text, seen[-1][1])
            continue
        box = geometry.to_seen(letter.box)
        if box.height_mm > 0:
            seen.append((letter.text, box))
    return seen


def _split(row: list[tuple[str, Rectangle]]) -> list[Line]:
    """Return the lines of one row of letters."""
    parts: list[list[tuple[str, Rectangle]]] = []
    for text, box in sorted(row, key=lambda item: item[1].left_mm):
        if not parts:
            parts.append([(text, box)])
            continue
        before, last = parts[-1][-1]
        gap = box.left_mm - last.right_mm
        if text == before and abs(box.left_mm - last.left_mm) < DOUBLED * box.height_mm:
            continue
        if gap > COLUMN_GAP * last.height_mm:
            parts.append([])
        elif gap > WORD_GAP * last.height_mm:
            parts[-1].append((" ", last))
        parts[-1].append((text, box))
    return [_line(part) for part in parts]


def _line(part: list[tuple[str, Rectangle]]) -> Line:
    boxes = [box for _, box in part]
    left, top = min(box.left_mm for box in boxes), min(box.top_mm for box in boxes)
    right, bottom = max(box.right_mm for box in boxes), max(box.bottom_mm for box in boxes)
    text = unicodedata.normalize("NFC", "".join(letter for letter, _ in part))
    return Line(text, Rectangle(left, top, right - left, bottom - top))
