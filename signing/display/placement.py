"""Where a visible signature stands: millimetres on the page as the reader sees it.

Everything here is in millimetres from the top left corner of what is seen (`verify.pdf.geometry`).
"""

from __future__ import annotations

from dataclasses import dataclass

from signing.display.tables import CornerPlace
from signing.errors.placing import OutsidePageError, PageNotFoundError
from verify.pdf.geometry import (
    POINTS_PER_MM,
    PageGeometry,
    Rectangle,
    inherited,
    read_box,
    read_geometry,
)

__all__ = (
    "POINTS_PER_MM",
    "PageGeometry",
    "Placement",
    "Rectangle",
    "check_on_page",
    "in_corner",
    "inherited",
    "page_index",
    "read_box",
    "read_geometry",
)

SLACK_MM = 0.01
"""For sums of floating-point numbers."""


@dataclass(frozen=True, slots=True)
class Placement:
    """What is asked beyond the display profile's own rule; by default nothing."""

    page: int | None = None
    """1 is the first page, -1 the last; None is the profile's own page."""
    rectangle: Rectangle | None = None
    corner_mm: tuple[float, float] | None = None
    """Left and top, where the size is the look's own."""
    width_mm: float | None = None
    """In place of the profile's width, as for a seal of another size."""
    height_mm: float | None = None
    """In place of the height of the profile's image."""
    title: str | None = None
    """The signer's title as the document has it, where the certificate has none or another."""
    name: str | None = None
    """The signer's name as the document has it."""
    over: str | None = None
    """The field of the person whose image an agency's seal goes over."""


def page_index(page: int, pages: int) -> int:
    """Return the page's index from 0; 1 is the first page, -1 the last.

    Raises:
        PageNotFoundError: the document has no such page.
    """
    index = page - 1 if page > 0 else pages + page
    if page == 0 or not 0 <= index < pages:
        raise PageNotFoundError(page=page, pages=pages)
    return index


def check_on_page(rectangle: Rectangle, geometry: PageGeometry, *, page: int) -> Rectangle:
    """Return the rectangle, which lies on the page.

    Raises:
        OutsidePageError: it does not.
    """
    fits = (
        rectangle.left_mm >= -SLACK_MM
        and rectangle.top_mm >= -SLACK_MM
        and rectangle.width_mm > 0
        and rectangle.height_mm > 0
        and rectangle.right_mm <= geometry.width_mm + SLACK_MM
        and rectangle.bottom_mm <= geometry.height_mm + SLACK_MM
    )
    if not fits:
        raise OutsidePageError(
            page=page,
            width_mm=round(geometry.width_mm),
            height_mm=round(geometry.height_mm),
        )
    return rectangle


def in_corner(place: CornerPlace, size: tuple[float, float], geometry: PageGeometry) -> Rectangle:
    """Return the rectangle in the profile's corner, drawn in on pages smaller than it."""
    width, height = min(size[0], geometry.width_mm), min(size[1], geometry.height_mm)
    side, other = geometry.width_mm - width, geometry.height_mm - height
    across, down = min(place.margin_x_mm, side), min(place.margin_y_mm, other)
    left = across if place.corner.endswith("left") else side - across
    top = down if place.corner.startswith("top") else other - down
    return Rectangle(left, top, width, height)
