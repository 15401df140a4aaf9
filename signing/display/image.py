"""The image a signer brings, ready for PDF: it is decoded once and shared by all documents.

`signing.display.png` makes it; Pillow is loaded there and not here.

Spec: ISO 32000-1 §8.9.5, §11.6.5.3.
"""

from __future__ import annotations

from dataclasses import dataclass

from signing.display.tables import Ink


@dataclass(frozen=True, slots=True, eq=False)
class SignatureImage:
    """An image ready for PDF; made by `read_image` or `parse_image`."""

    name: str
    """The file's, for messages."""
    width_px: int
    height_px: int
    rgb: bytes
    """Three octets a pixel, deflated."""
    alpha: bytes
    """One octet a pixel, deflated."""
    stencil: bytes
    """One bit a pixel, each row from a new octet, deflated; 0 where there is ink."""
    color: tuple[int, ...]
    """Of the ink on the whole: red, green, blue."""
    shares: tuple[tuple[Ink, float], ...]
    """Of the solid pixels, how many are of each ink."""

    def share_of(self, ink: Ink) -> float:
        """Return how much of what is seen has that colour, from 0 to 1."""
        return dict(self.shares)[ink]
