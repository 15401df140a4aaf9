"""The image a signer brings: a handwritten signature or a seal, a PNG on a transparent ground.

It is looked at before it is decoded, decoded once, and kept as it will stand in the document, so
that a batch does not do it again for each file. Transparent margins are cut away: what has a size
and a place is the ink.

Spec: ISO/IEC 15948 (PNG) §11.2.2; ISO 32000-1 §8.9.5, §11.6.5.3.
"""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops

from signing.display.image import SignatureImage
from signing.display.tables import Ink
from signing.errors.display import (
    ImageBrokenError,
    ImageEmptyError,
    ImageNotPNGError,
    ImageOpaqueError,
    ImageTooLargeError,
)
from signing.reading import read_document

MAX_BYTES = 16 * 1024**2
MAX_PIXELS = 16_000_000
"""A page scanned at 300 dpi has 9 million; decoding takes 4 bytes each."""
MAX_SIDE_PX = 1200
"""More is thinned out: 36 mm at 850 dpi. Every signed document carries it."""
CLEAR_SHARE = 0.05
"""Of all pixels, how many must be transparent; around a round seal it is a fifth."""
CLEAR_ALPHA = 16
SOLID_ALPHA = 128
COLORED = 60
"""From this saturation on (of 255) a pixel has a colour."""

PNG = b"\x89PNG\r\n\x1a\n"
_PILLOWS = (OSError, SyntaxError, ValueError, IndexError, KeyError, zlib.error)
"""What Pillow's reader of PNG files raises over damaged ones."""
HUES = {Ink.RED: (*range(21), *range(235, 256)), Ink.BLUE: tuple(range(135, 192))}
"""Hues of Pillow's circle of 256: red to 28°, blue from 190° to 270°."""


def read_image(path: Path) -> SignatureImage:
    """Return the image in a PNG file of at most 16 MiB.

    Raises:
        FileIsDirectoryError: it is a directory.
        FileUnreadableError: it is not there or may not be read.
        TooLargeError: it is longer.
        InvalidInputError: see `parse_image`.
    """
    return parse_image(read_document(path, limit=MAX_BYTES), path.name)


def parse_image(data: bytes, name: str) -> SignatureImage:
    """Return the image in the bytes of a PNG file.

    Raises:
        ImageNotPNGError: it is none.
        ImageTooLargeError: it has more than 16 million pixels; none was decoded.
        ImageBrokenError: it does not decode.
        ImageOpaqueError: its ground is not transparent.
        ImageEmptyError: it is all transparent.
    """
    _check_header(data, name)
    try:
        with Image.open(BytesIO(data), formats=("PNG",)) as file:
            image = file.convert("RGBA")
    except _PILLOWS as error:
        raise ImageBrokenError(name=name) from error
    return _encode(_trim(image, name), name)


def _check_header(data: bytes, name: str) -> None:
    if data[:8] != PNG or data[12:16] != b"IHDR" or len(data) < 33:
        raise ImageNotPNGError(name=name)
    width, height = struct.unpack(">II", data[16:24])
    if width * height > MAX_PIXELS:
        raise ImageTooLargeError(name=name, width=width, height=height, most=MAX_PIXELS)


def _trim(image: Image.Image, name: str) -> Image.Image:
    alpha = image.getchannel("A")
    clear = sum(alpha.histogram()[:CLEAR_ALPHA])
    if clear < CLEAR_SHARE * image.width * image.height:
        raise ImageOpaqueError(name=name)
    box = alpha.point(lambda value: 255 if value >= CLEAR_ALPHA else 0).getbbox()
    if box is None:
        raise ImageEmptyError(name=name)
    return image.crop(box)


def _encode(image: Image.Image, name: str) -> SignatureImage:
    scale = MAX_SIDE_PX / max(image.size)
    if scale < 1:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.LANCZOS)
    alpha, colors = image.getchannel("A"), image.convert("RGB")
    # Readers blend colours across the edge: what is not seen takes the colour of the ink.
    seen = alpha.point(lambda value: 255 if value else 0)
    color = _mean(colors, _solid(alpha))
    filled = Image.new("RGB", image.size, color)
    filled.paste(colors, mask=seen)
    return SignatureImage(
        name,
        *image.size,
        zlib.compress(filled.tobytes(), 9),
        zlib.compress(alpha.tobytes(), 9),
        zlib.compress(ImageChops.invert(_solid(alpha)).convert("1").tobytes(), 9),
        color,
        _shares(colors, alpha),
    )


def _solid(alpha: Image.Image) -> Image.Image:
    return alpha.point(lambda value: 255 if value >= SOLID_ALPHA else 0)


def _mean(colors: Image.Image, mask: Image.Image) -> tuple[int, ...]:
    histogram = colors.histogram(mask)
    bands = (histogram[start : start + 256] for start in (0, 256, 512))
    return tuple(
        round(sum(value * count for value, count in enumerate(band)) / max(1, sum(band)))
        for band in bands
    )


def _shares(colors: Image.Image, alpha: Image.Image) -> tuple[tuple[Ink, float], ...]:
    solid = _solid(alpha)
    hue, saturation, _ = colors.convert("HSV").split()
    colored = saturation.point(lambda value: 255 if value >= COLORED else 0)
    hues = hue.histogram(ImageChops.darker(solid, colored))
    total = max(1, solid.histogram()[255])
    return tuple((ink, sum(hues[each] for each in HUES[ink]) / total) for ink in Ink)
