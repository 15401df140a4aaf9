"""One signature as it is seen: its report, its place and what it shows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from pyhanko.pdf_utils.generic import DictionaryObject

from pki.words import harmless
from verify.display.budget import Budget
from verify.display.place import PageIndex, Placed, find_place
from verify.display.shown import Shown, ShownImage, read_shown
from verify.errors import MalformedObjectError
from verify.facts import Kind
from verify.graded import Spot
from verify.guard import foreign
from verify.report import SignatureReport

_OUTSIDE_MM = 1.0
"""What is painted so far beyond the field is cut off, and not seen."""
_COPIES = ("saoy", "saoluc", "trichsao")
_ARCHIVE = "bansao"
_NUMBER = re.compile(r"(?:số:?)?\s*[0-9]{1,6}[^\W\d_]{0,4}\s*/\s*[^\W_]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is graded."""

    item: SignatureReport
    placed: Placed | None = None
    shown: Shown | None = None
    unreadable: str | None = None
    """Why its appearance cannot be read."""

    @property
    def spot(self) -> Spot | None:
        """Where it is seen."""
        if self.placed is None:
            return None
        box = self.placed.box
        return Spot(self.placed.page + 1, box.left_mm, box.top_mm, box.width_mm, box.height_mm)

    @property
    def image(self) -> ShownImage | None:
        """The largest image."""
        images = self.shown.images if self.shown else []
        return max(images, key=lambda each: each.width_mm * each.height_mm, default=None)

    @property
    def lines(self) -> tuple[str, ...]:
        """The words line by line, as they were written."""
        lines: list[tuple[float, str]] = []
        for text in self.shown.texts if self.shown else ():
            if lines and abs(lines[-1][0] - text.place[1]) < _OUTSIDE_MM / 2:
                lines[-1] = (lines[-1][0], lines[-1][1] + text.text)
            else:
                lines.append((text.place[1], text.text))
        return tuple(harmless(line) for _, line in lines)

    @property
    def kind(self) -> str:
        """Which rule it falls under, by its signer and by what it shows."""
        if self.item.kind is not Kind.SEAL:
            return "person"
        words = [folded(line) for line in self.lines]
        if _ARCHIVE in words:
            return "archive-copy"
        if any(word.startswith(_COPIES) for word in words):
            return "copy"
        if self.image is not None or not any(words):
            return "agency"
        return "annex" if self.number is not None else "digitised"

    @property
    def number(self) -> str | None:
        """The line with the number and symbol of a document."""
        return next((line for line in self.lines if _NUMBER.match(line)), None)


def see(item: SignatureReport, field: DictionaryObject | None, index: PageIndex) -> Seen:
    """Return a signature as it is seen."""
    if field is None:
        return Seen(item)
    placed = None
    try:
        placed = find_place(field, index)
        if placed is None:
            return Seen(item)
        with foreign("appearance"):
            shown = read_shown(placed.form, placed.matrix, Budget())
    except MalformedObjectError as malformed:
        return Seen(item, placed, None, str(malformed.facts["reason"]))
    return Seen(item, placed, _within(shown, placed))


def _within(shown: Shown, placed: Placed) -> Shown:
    """Return what is not cut off at the edges of the field."""
    box = placed.box
    left, right = box.left_mm - _OUTSIDE_MM, box.right_mm + _OUTSIDE_MM
    top, bottom = box.top_mm - _OUTSIDE_MM, box.bottom_mm + _OUTSIDE_MM

    def inside(x: float, y: float) -> bool:
        return left <= x <= right and top <= y <= bottom

    images = [
        each
        for each in shown.images
        if inside((each.box[0] + each.box[2]) / 2, (each.box[1] + each.box[3]) / 2)
    ]
    return Shown(images, [each for each in shown.texts if inside(*each.place)])


def folded(text: str) -> str:
    """Return the letters and digits of a text, small and without their marks."""
    plain = unicodedata.normalize("NFD", text.casefold()).replace("đ", "d")
    return "".join(char for char in plain if char.isalnum())


def all_words(seen: Seen) -> str:
    """Return everything that is written, folded."""
    return "".join(_folded_lines(seen))


def _folded_lines(seen: Seen) -> Iterator[str]:
    for line in seen.lines:
        yield folded(line)
