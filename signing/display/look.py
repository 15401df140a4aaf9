"""What one signature will show, ready to be drawn: image, words, and how large they are.

Image and font were encoded before and are shared by all documents of a batch; only the time
differs from one to the next.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509

from pki.errors.tree import phrase
from signing.display.block import TIME_LETTERS, build_lines
from signing.display.embedded_font import EmbeddedFont
from signing.display.image import SignatureImage
from signing.display.layout import TextLayout, fit_text, flow_text
from signing.display.placement import POINTS_PER_MM
from signing.display.profile import DisplayProfile
from signing.display.tables import ImageTable
from signing.errors.display import (
    ImageInkError,
    ImageNeededError,
    ImageNotShownError,
    ImageRoomError,
)

INK_SHARE = 0.5
"""How much of the ink must have the colour asked for: edges are pale, scans uneven."""
SLACK_MM = 0.5
"""A box this much too small for an image of exact size is large enough."""


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in millimetres."""

    width_mm: float
    height_mm: float


@dataclass(frozen=True, slots=True)
class Look:
    """One signature's appearance before it has a place."""

    profile: DisplayProfile
    lines: tuple[str, ...]
    font: EmbeddedFont | None
    """None where there are no words."""
    image: SignatureImage | None

    @property
    def natural(self) -> Size:
        """How large it is where room is not short: the image above, the words below."""
        image = self._image_within(*self._image_limit()) if self.image else Size(0, 0)
        if self.profile.text is None or self.font is None:
            return image
        width = self.profile.text.width_mm
        text = flow_text(self.lines, self.profile.text, self.font, width=width * POINTS_PER_MM)
        below = text.height / POINTS_PER_MM
        return Size(max(image.width_mm, width), image.height_mm + below)

    @property
    def exact(self) -> bool:
        """Whether the rule gives its size: it must not be made smaller."""
        tables = (self.profile.image if self.image else None, self.profile.text)
        return any(table is not None and table.exact for table in tables)

    def shrunk_into(self, width_mm: float, height_mm: float) -> Size:
        """Return its size in a room that may be too small for it.

        Raises:
            ImageRoomError: its size is exact and larger than the room.
        """
        natural = self.natural
        scale = min(width_mm / natural.width_mm, height_mm / natural.height_mm, 1.0)
        if scale < 1 and self.exact:
            _refuse_room(natural, Size(width_mm, height_mm))
        return Size(natural.width_mm * scale, natural.height_mm * scale)

    def text_in(self, width: float, height: float) -> TextLayout | None:
        """Return the words as they stand in a box of so many points; None for no words.

        Raises:
            TextRoomError: they must not be made smaller, and do not fit.
        """
        if self.profile.text is None or self.font is None:
            return None
        return fit_text(self.lines, self.profile.text, self.font, width=width, height=height)

    def image_in(self, width_mm: float, height_mm: float) -> Size | None:
        """Return how large the image is in a box; None for no image.

        Raises:
            ImageRoomError: its size is exact and larger than the box.
        """
        if self.image is None:
            return None
        most = self._image_limit()
        size = self._image_within(min(width_mm, most[0]), min(height_mm, most[1]))
        wanted = self._image_within(*most)
        if self._image_table().exact and size.width_mm < wanted.width_mm - SLACK_MM:
            _refuse_room(wanted, Size(width_mm, height_mm))
        return wanted if self._image_table().exact else size

    def _image_table(self) -> ImageTable:
        assert self.profile.image is not None  # noqa: S101  prepare_look() saw to it
        return self.profile.image

    def _image_limit(self) -> tuple[float, float]:
        table = self._image_table()
        return table.width_mm, table.height_mm

    def _image_within(self, width_mm: float, height_mm: float) -> Size:
        assert self.image is not None  # noqa: S101  callers looked
        scale = min(width_mm / self.image.width_px, height_mm / self.image.height_px)
        return Size(self.image.width_px * scale, self.image.height_px * scale)


def prepare_look(
    profile: DisplayProfile,
    certificate: x509.Certificate,
    at: datetime,
    *,
    image: SignatureImage | None = None,
    number: str | None = None,
) -> Look:
    """Return what a signature will show.

    Args:
        profile: a visible one.
        certificate: the signer's.
        at: the claimed time of signing.
        image: the signer's; encoded once, used for many documents.
        number: number and symbol of the document.

    Raises:
        ImageNeededError: the profile shows an image and there is none.
        ImageNotShownError: there is one and the profile shows none.
        ImageInkError: it has not the colour that the rule asks for.
        DisplayWordMissingError: a value is not known that the profile does not sign without.
        FontMissingError: no font here has the letters.
    """
    check_image(profile, image)
    lines = build_lines(profile, certificate, at, number=number)
    letters = frozenset("".join(lines) + TIME_LETTERS)  # the same ones at any time of the day
    font = _find_font(letters, os.environ.get("ANTIN_FONT")) if lines else None
    return Look(profile, lines, font, image)


def check_image(profile: DisplayProfile, image: SignatureImage | None) -> None:
    """Check that the image is what the profile shows.

    Raises:
        ImageNeededError: it shows an image and there is none.
        ImageNotShownError: there is one and it shows none.
        ImageInkError: it has not the colour that the rule asks for.
    """
    table = profile.image
    if table is None:
        if image is not None:
            raise ImageNotShownError(profile=profile.name, name=image.name)
        return
    if image is None:
        raise ImageNeededError(profile=profile.name)
    if table.ink is not None and image.share_of(table.ink) < INK_SHARE:
        raise ImageInkError(
            profile=profile.name,
            name=image.name,
            ink=phrase(f"signing.ink.{table.ink.value}"),
            percent=round(100 * image.share_of(table.ink)),
        )


@lru_cache(maxsize=16)
def _find_font(letters: frozenset[str], _named: str | None) -> EmbeddedFont:
    from signing.display import fonts  # noqa: PLC0415  fontTools, for those who have words to show

    return fonts.embed_font(fonts.find_font("".join(sorted(letters))), letters)


def _refuse_room(wanted: Size, room: Size) -> None:
    raise ImageRoomError(
        width_mm=f"{wanted.width_mm:.1f}",
        height_mm=f"{wanted.height_mm:.1f}",
        room_width_mm=f"{room.width_mm:.1f}",
        room_height_mm=f"{room.height_mm:.1f}",
    )
