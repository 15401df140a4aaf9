"""Where a visible signature stands: millimetres on the page as the reader sees it.

A page as it is seen and a page as it is stored differ by CropBox, Rotate and UserUnit
(ISO 32000-1 §7.7.3.3). Everything here is in millimetres from the top left corner of what is seen;
`to_user_space` does the turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, PdfObject

from signing.display.profile import DisplayProfile
from signing.errors import OutsidePageError, PageNotFoundError
from signing.objects import entry

POINTS_PER_MM = 72 / 25.4


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangle in millimetres from the top left corner of the page as it is seen."""

    left_mm: float
    top_mm: float
    width_mm: float
    height_mm: float


@dataclass(frozen=True, slots=True)
class Placement:
    """A page and, unless the display profile's own place will do, a rectangle on it."""

    page: int = -1
    """1 is the first page; -1 the last."""
    rectangle: Rectangle | None = None


@dataclass(frozen=True, slots=True)
class PageGeometry:
    """How one page is seen: crop box in user space, clockwise turn in degrees, size of a unit."""

    box: tuple[float, float, float, float]
    rotate: int
    user_unit: float

    @property
    def width_mm(self) -> float:
        """Width as it is seen."""
        x0, y0, x1, y1 = self.box
        return (y1 - y0 if self.rotate in (90, 270) else x1 - x0) / self.units_per_mm

    @property
    def height_mm(self) -> float:
        """Height as it is seen."""
        x0, y0, x1, y1 = self.box
        return (x1 - x0 if self.rotate in (90, 270) else y1 - y0) / self.units_per_mm

    @property
    def units_per_mm(self) -> float:
        """User-space units a millimetre."""
        return POINTS_PER_MM / self.user_unit

    def to_user_space(self, rectangle: Rectangle) -> tuple[float, float, float, float]:
        """Return the rectangle as (left, bottom, right, top) in the page's own coordinates."""
        scale = self.units_per_mm
        u0, u1 = rectangle.left_mm * scale, (rectangle.left_mm + rectangle.width_mm) * scale
        top = self.height_mm * scale
        v1 = top - rectangle.top_mm * scale
        v0 = v1 - rectangle.height_mm * scale
        x0, y0, x1, y1 = self.box
        match self.rotate:
            case 90:
                return (x1 - v1, y0 + u0, x1 - v0, y0 + u1)
            case 180:
                return (x1 - u1, y1 - v1, x1 - u0, y1 - v0)
            case 270:
                return (x0 + v0, y1 - u1, x0 + v1, y1 - u0)
            case _:
                return (x0 + u0, y0 + v0, x0 + u1, y0 + v1)


def read_geometry(page: DictionaryObject) -> PageGeometry:
    """Return the geometry of a pyHanko page object (inherited entries included)."""
    media = _box(_inherited(page, "/MediaBox")) or (0.0, 0.0, 595.276, 841.89)
    crop = _box(_inherited(page, "/CropBox")) or media
    box = (
        max(media[0], crop[0]),
        max(media[1], crop[1]),
        min(media[2], crop[2]),
        min(media[3], crop[3]),
    )
    turn = _number(_inherited(page, "/Rotate")) or 0.0
    unit = _number(entry(page, "/UserUnit")) or 1.0
    return PageGeometry(box, round(turn / 90) * 90 % 360, unit)


def page_index(placement: Placement, pages: int) -> int:
    """Return the page's index from 0.

    Raises:
        PageNotFoundError: the document has no such page.
    """
    index = placement.page - 1 if placement.page > 0 else pages + placement.page
    if placement.page == 0 or not 0 <= index < pages:
        raise PageNotFoundError(page=placement.page, pages=pages)
    return index


def choose_rectangle(
    placement: Placement, profile: DisplayProfile, geometry: PageGeometry
) -> Rectangle:
    """Return the rectangle asked for, else the profile's own at the bottom right.

    Raises:
        OutsidePageError: it does not lie on the page.
    """
    rectangle = placement.rectangle or _at_bottom_right(profile, geometry)
    right, bottom = rectangle.left_mm + rectangle.width_mm, rectangle.top_mm + rectangle.height_mm
    fits = (
        rectangle.left_mm >= 0
        and rectangle.top_mm >= 0
        and rectangle.width_mm > 0
        and rectangle.height_mm > 0
        and right <= geometry.width_mm + 0.01
        and bottom <= geometry.height_mm + 0.01
    )
    if not fits:
        raise OutsidePageError(
            page=placement.page,
            width_mm=round(geometry.width_mm),
            height_mm=round(geometry.height_mm),
        )
    return rectangle


def _at_bottom_right(profile: DisplayProfile, geometry: PageGeometry) -> Rectangle:
    """Return the profile's own place, drawn in on pages smaller than it."""
    width = min(profile.width_mm, geometry.width_mm)
    height = min(profile.height_mm, geometry.height_mm)
    left = max(0.0, geometry.width_mm - width - profile.margin_right_mm)
    top = max(0.0, geometry.height_mm - height - profile.margin_bottom_mm)
    return Rectangle(left, top, width, height)


def _inherited(page: DictionaryObject, key: str) -> PdfObject | None:
    node: PdfObject | None = page
    for _ in range(64):  # deeper page trees than this are loops
        if (value := entry(node, key)) is not None:
            return value
        node = entry(node, "/Parent")
    return None


def _box(value: PdfObject | None) -> tuple[float, float, float, float] | None:
    if not isinstance(value, ArrayObject) or len(value) != 4:
        return None
    numbers = [_number(value[index]) for index in range(4)]  # by index: references are followed
    a, b, c, d = (number if number is not None else 0.0 for number in numbers)
    return (min(a, c), min(b, d), max(a, c), max(b, d))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float | Decimal) else None
