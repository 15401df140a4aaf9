"""How a page is seen: the rectangle that is shown, its turn, the size of its units.

A page as it is seen and a page as it is stored differ by CropBox, Rotate and UserUnit. What is
seen is told in millimetres from the top left corner.

Spec: ISO 32000-2 §7.7.3.3 (page objects), §7.9.5 (rectangles).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, PdfObject

from verify.pdf.values import look_up

POINTS_PER_MM = 72 / 25.4


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangle in millimetres from the top left corner of the page as it is seen."""

    left_mm: float
    top_mm: float
    width_mm: float
    height_mm: float

    @property
    def right_mm(self) -> float:
        """Its right edge."""
        return self.left_mm + self.width_mm

    @property
    def bottom_mm(self) -> float:
        """Its lower edge."""
        return self.top_mm + self.height_mm


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

    def to_seen(self, box: tuple[float, float, float, float]) -> Rectangle:
        """Return a (left, bottom, right, top) of the page's own coordinates as it is seen."""
        a, b, c, d = box
        x0, y0, x1, y1 = self.box
        match self.rotate:
            case 90:
                left, top, right, bottom = b - y0, a - x0, d - y0, c - x0
            case 180:
                left, top, right, bottom = x1 - c, b - y0, x1 - a, d - y0
            case 270:
                left, top, right, bottom = y1 - d, x1 - c, y1 - b, x1 - a
            case _:
                left, top, right, bottom = a - x0, y1 - d, c - x0, y1 - b
        scale = self.units_per_mm
        return Rectangle(left / scale, top / scale, (right - left) / scale, (bottom - top) / scale)

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
    media = read_box(inherited(page, "/MediaBox")) or (0.0, 0.0, 595.276, 841.89)
    crop = read_box(inherited(page, "/CropBox")) or media
    box = (
        max(media[0], crop[0]),
        max(media[1], crop[1]),
        min(media[2], crop[2]),
        min(media[3], crop[3]),
    )
    turn = _number(inherited(page, "/Rotate")) or 0.0
    unit = _number(_entry(page, "/UserUnit")) or 1.0
    if unit <= 0:
        unit = 1.0
    return PageGeometry(box, round(turn / 90) * 90 % 360, unit)


def inherited(page: DictionaryObject, key: str, *, follow: bool = True) -> PdfObject | None:
    """Return the value of a page's entry, or of the node's above it that has one.

    Args:
        page: the page, or a field of a form.
        key: the entry.
        follow: references; else the value as it stands.
    """
    node: PdfObject | None = page
    for _ in range(64):  # deeper page trees than this are loops
        if (value := _entry(node, key)) is not None:
            return value if follow or not isinstance(node, DictionaryObject) else node.raw_get(key)
        if (node := _entry(node, "/Parent")) is None:
            break
    return None


def read_box(value: PdfObject | None) -> tuple[float, float, float, float] | None:
    """Return a PDF rectangle as (left, bottom, right, top); None where it is none."""
    if not isinstance(value, ArrayObject) or len(value) != 4:
        return None
    numbers = [_number(value[index]) for index in range(4)]  # by index: references are followed
    a, b, c, d = (number if number is not None else 0.0 for number in numbers)
    return (min(a, c), min(b, d), max(a, c), max(b, d))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float | Decimal) else None


def _entry(holder: object, key: str) -> PdfObject | None:
    return look_up(holder, key) if isinstance(holder, DictionaryObject) else None
