"""What a page leaves blank for the document's number and its date.

    Số:        /QĐ-UBND                      the number goes between the colon and the slash
    Hòa Bình, ngày ..... tháng ..... năm 2026    day and month are blank, the year is printed

Looked for in the upper half of the first page. Dots and underscores are blank too: they will be
covered. Where there are two such places, or none, a person has to say.

Spec: Decree 30/2020/ND-CP, Annex I (number and symbol; place and date; not checked against the
official text).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from signing.display.fold import fold
from signing.display.lines import COLUMN_GAP, DOUBLED, rows_of
from signing.display.page_text import READER
from signing.display.placement import POINTS_PER_MM, PageGeometry, Rectangle
from signing.display.resolve import Pages
from signing.errors.outgoing import (
    BlankTooSmallError,
    DatePlaceNotFoundError,
    NumberPlaceNotFoundError,
    NumberPrintedError,
)
from signing.errors.placing import NoTextError, PlaceAmbiguousError

FILLERS = ".…‥·_"
"""What stands for a blank."""
_NUMBER = re.compile(rf"số:([{FILLERS}]*)")
_DATE = re.compile(
    rf"ngày([{FILLERS}]*|[0-9]{{1,2}})tháng([{FILLERS}]*|[0-9]{{1,2}})năm"
    rf"([0-9]{{4}}(?![0-9])|(?:20)?[{FILLERS}]*)(?![0-9])"
)
LINE_HEIGHT = 1.107
"""From ascender to descender of Times New Roman and its equals, in font sizes."""
OPEN_MM = 45.0
"""How wide the blank of a number is that nothing ends."""
YEAR_EM = 2.2
"""How wide the blank of a year is that nothing ends, in font sizes."""
NUMBER_EM = 1.2
TWO_DIGITS_EM = 0.85
"""Narrower blanks than these, in font sizes, take nothing."""
NEAR_MM = 15.0
"""The date stands beside the number, or a little below."""

Cell = tuple[str, Rectangle]


@dataclass(frozen=True, slots=True)
class Blank:
    """Room in a line of text, to be written in later."""

    box: Rectangle
    size_pt: float
    """Of the letters around it."""
    filled: bool = False
    """Dots stand there, which have to be covered."""
    centred: bool = False
    limit: int | None = None
    """So many letters at most: the symbol, or the century, is printed."""


@dataclass(frozen=True, slots=True)
class DateBlanks:
    """Day, month and year: a blank each, or what is printed there."""

    day: Blank | int
    month: Blank | int
    year: Blank | int

    @property
    def parts(self) -> tuple[Blank | int, ...]:
        """The three in their order."""
        return (self.day, self.month, self.year)


@dataclass(frozen=True, slots=True)
class FoundBlanks:
    """What was found on the first page."""

    number: Blank | None
    date: DateBlanks | None


def find_blanks(pages: Pages, *, number: bool, date: bool) -> FoundBlanks:
    """Return the blanks of the first page.

    Args:
        pages: the document's.
        number: look for the one of the number.
        date: look for those of the date.

    Raises:
        NoTextError: the page is a picture.
        NumberPlaceNotFoundError: no "Số:" at the beginning of a line.
        NumberPrintedError: the number stands there already.
        DatePlaceNotFoundError: no "ngày … tháng … năm …".
        BlankTooSmallError: there is one, and nothing fits into it.
        PlaceAmbiguousError: there are several.
        TextUnreadableError: the text cannot be searched.
    """
    if not (number or date):
        return FoundBlanks(None, None)
    text = READER.find(
        pages.document(), (fold("Số:"), fold("tháng")), page=0, password=pages.password
    )
    if not text.letters:
        raise NoTextError(pages=text.looked_at)
    geometry = pages.geometry(0)
    letters = [letter for page in text.found if page.index == 0 for letter in page.letters]
    rows = [cells for row in rows_of(letters, geometry) if (cells := cells_of(row, geometry))]
    return FoundBlanks(
        _find_number(rows, geometry) if number else None,
        _find_date(rows, geometry) if date else None,
    )


def cells_of(row: list[Cell], geometry: PageGeometry) -> list[Cell]:
    """Return a row of the upper half from left to right, no letter twice."""
    cells: list[Cell] = []
    for text, box in sorted(row, key=lambda item: item[1].left_mm):
        letter = unicodedata.normalize("NFC", text)
        letter = letter if len(letter.lower()) == 1 else "\ufffd"
        near = DOUBLED * box.height_mm
        if cells and cells[-1][0] == letter and abs(box.left_mm - cells[-1][1].left_mm) < near:
            continue
        cells.append((letter, box))
    return [] if cells and cells[0][1].top_mm > geometry.height_mm / 2 else cells


def text_of(cells: list[Cell]) -> str:
    """Return a row as it is searched: a letter for each cell, so that places are the same."""
    return "".join(letter for letter, _ in cells).lower()


def _find_number(rows: list[list[Cell]], geometry: PageGeometry) -> Blank:
    found = [
        (cells, match)
        for cells in rows
        for match in _NUMBER.finditer(text_of(cells))
        if cells[match.start()][0] == "S" and begins_column(cells, match.start())
    ]
    if not found:
        raise NumberPlaceNotFoundError
    if len(found) > 1:
        places = (_told(cells[match.start()][1]) for cells, match in found)
        raise PlaceAmbiguousError(places=tuple(places))
    cells, match = found[0]
    return _number_blank(cells, match, geometry)


def _number_blank(cells: list[Cell], match: re.Match[str], geometry: PageGeometry) -> Blank:
    colon = cells[match.start(1) - 1][1]
    last = cells[match.end() - 1][1]
    following = cells[match.end()] if match.end() < len(cells) else None
    filled = bool(match.group(1))
    if following is not None and following[0] == "/":
        blank = _between(colon, following[1], filled=filled)
        return _wide_enough(replace(blank, limit=6), "Số", NUMBER_EM)
    room = geometry.width_mm - 5 if following is None else following[1].left_mm - 3
    if following is not None and following[1].left_mm - last.right_mm < COLUMN_GAP * last.height_mm:
        raise NumberPrintedError
    right = max(last.right_mm, min(colon.right_mm + OPEN_MM, room))
    blank = replace(_until(colon, right, filled=filled), centred=False)
    return _wide_enough(blank, "Số", 2 * NUMBER_EM)


def begins_column(cells: list[Cell], index: int) -> bool:
    """Say whether nothing stands closely before a letter."""
    if index == 0:
        return True
    before, box = cells[index - 1][1], cells[index][1]
    return box.left_mm - before.right_mm > COLUMN_GAP * before.height_mm


def _find_date(rows: list[list[Cell]], geometry: PageGeometry) -> DateBlanks:
    found = [(cells, match) for cells in rows for match in _DATE.finditer(text_of(cells))]
    blank = [each for each in found if not _is_printed(each[1])]
    if not blank:  # dates of other documents stand in the text; this one's beside the number
        heads = [cells[m.start()][1] for cells in rows for m in _NUMBER.finditer(text_of(cells))]
        blank = [each for each in found if any(_is_near(each, head) for head in heads)]
    if not blank:
        raise DatePlaceNotFoundError
    if len(blank) > 1:
        raise PlaceAmbiguousError(places=tuple(_told(cells[m.start()][1]) for cells, m in blank))
    return DateBlanks(*_date_blanks(*blank[0], geometry))


def _is_printed(match: re.Match[str]) -> bool:
    return all(match.group(group).isdigit() for group in (1, 2)) and len(match.group(3)) == 4


def _is_near(found: tuple[list[Cell], re.Match[str]], head: Rectangle) -> bool:
    cells, match = found
    return 0 <= cells[match.start()][1].bottom_mm - head.top_mm <= NEAR_MM


def _date_blanks(
    cells: list[Cell], match: re.Match[str], geometry: PageGeometry
) -> Iterator[Blank | int]:
    for group, word in ((1, "ngày"), (2, "tháng")):
        printed = match.group(group)
        if printed.isdigit():
            yield int(printed)
            continue
        before, after = cells[match.start(group) - 1][1], cells[match.end(group)][1]
        yield _wide_enough(_between(before, after, filled=bool(printed)), word, TWO_DIGITS_EM)
    printed = match.group(3)
    if printed.isdigit() and len(printed) == 4:
        yield int(printed)
        return
    century = printed.startswith("20")
    before = cells[match.start(3) - 1 + 2 * century][1]
    filled = printed.removeprefix("20") != ""
    right = cells[match.end(3) - 1][1].right_mm if filled else _open_right(cells, match, geometry)
    blank = replace(_until(before, right, filled=filled), centred=False)
    yield _wide_enough(
        replace(blank, limit=2 if century else None), "năm", TWO_DIGITS_EM * (1 if century else 2)
    )


def _open_right(cells: list[Cell], match: re.Match[str], geometry: PageGeometry) -> float:
    """Return where the blank of a year ends that nothing ends."""
    last = cells[match.end() - 1][1]
    wide = YEAR_EM * _size(last) / POINTS_PER_MM
    room = geometry.width_mm - 2
    if match.end() < len(cells):
        room = cells[match.end()][1].left_mm
    return min(last.right_mm + wide, room)


def _between(before: Rectangle, after: Rectangle, *, filled: bool) -> Blank:
    return _until(before, after.left_mm, filled=filled)


def _until(before: Rectangle, right: float, *, filled: bool) -> Blank:
    """Return the blank behind a letter, as high as the letter's line."""
    left = before.right_mm
    box = Rectangle(left, before.top_mm, max(right - left, 0.0), before.height_mm)
    return Blank(box, _size(before), filled, centred=True)


def _wide_enough(blank: Blank, word: str, least_em: float) -> Blank:
    if blank.box.width_mm * POINTS_PER_MM < least_em * blank.size_pt:
        raise BlankTooSmallError(word=word, width_mm=f"{blank.box.width_mm:.1f}")
    return blank


def _size(box: Rectangle) -> float:
    """Return the size of letters from the height of their boxes, in half points."""
    size = round(2 * box.height_mm * POINTS_PER_MM / LINE_HEIGHT) / 2
    return min(max(size, 6.0), 24.0)


def _told(box: Rectangle) -> str:
    return f"page=1,x={box.left_mm:.0f}mm,y={box.top_mm:.0f}mm"
