"""Which colour the ink of an image has: red as a seal, blue as a signature by hand.

Looked at are some thousands of its pixels; nothing is drawn, and what is packed in another way
than by Flate (JPEG, fax) is not unpacked here: then the colour is not known.

Spec: ISO 32000-2 §8.9.5 (images), §8.6 (colour spaces), §11.6.5.2 (soft masks).
"""

from __future__ import annotations

from colorsys import rgb_to_hsv
from enum import StrEnum

from pyhanko.pdf_utils.generic import ArrayObject, StreamObject

from verify.display.budget import Budget
from verify.pdf.values import look_up

SAMPLES = 1024
_SOLID = 128
_PALE = 235
"""Without a mask, what is lighter than this in all three is ground."""
_COLORED = 60 / 255
_RED_FROM, _RED_TO = 330 / 360, 30 / 360
_BLUE_FROM, _BLUE_TO = 190 / 360, 270 / 360
_SHARE = 0.5
"""So much of the ink has the colour, or the image has none."""

Color = tuple[float, float, float]


class Ink(StrEnum):
    """The colour of what is seen."""

    RED = "red"
    BLUE = "blue"
    OTHER = "other"


def ink_of(image: StreamObject, fill: Color | None, budget: Budget) -> Ink | None:
    """Return the colour of an image's ink; None where it cannot be told.

    Args:
        image: the image XObject.
        fill: what a stencil is filled with.
        budget: what may be inflated.
    """
    if look_up(image, "/ImageMask") is not None and bool(look_up(image, "/ImageMask")):
        return _ink_of_color(fill) if fill is not None else None
    width, height = _size(image)
    bands = _bands(image)
    if not bands or look_up(image, "/BitsPerComponent") != 8:
        return None
    pixels = budget.inflate(image)
    if pixels is None or len(pixels) < bands * width * height or not width * height:
        return None
    alpha = _alpha(image, width * height, budget)
    step = max(1, width * height // SAMPLES) | 1  # odd, so that no column is looked at alone
    counted = dict.fromkeys(Ink, 0)
    for at in range(0, width * height, step):
        pixel = pixels[bands * at : bands * at + bands]
        if (alpha[at] >= _SOLID) if alpha is not None else (min(pixel) < _PALE):
            counted[_ink_of_color(_rgb(pixel))] += 1
    return _most(counted)


def _most(counted: dict[Ink, int]) -> Ink | None:
    whole = sum(counted.values())
    if not whole:
        return None
    for ink in (Ink.RED, Ink.BLUE):
        if counted[ink] >= _SHARE * whole:
            return ink
    return Ink.OTHER


def _ink_of_color(color: Color) -> Ink:
    hue, saturation, _ = rgb_to_hsv(*color)
    if saturation < _COLORED:
        return Ink.OTHER
    if hue >= _RED_FROM or hue <= _RED_TO:
        return Ink.RED
    return Ink.BLUE if _BLUE_FROM <= hue <= _BLUE_TO else Ink.OTHER


def _rgb(pixel: bytes) -> Color:
    if len(pixel) == 1:
        return (pixel[0] / 255,) * 3
    return pixel[0] / 255, pixel[1] / 255, pixel[2] / 255


def _size(image: StreamObject) -> tuple[int, int]:
    width, height = look_up(image, "/Width"), look_up(image, "/Height")
    if not (isinstance(width, int) and isinstance(height, int)) or min(width, height) < 0:
        return 0, 0
    return int(width), int(height)


def _bands(image: StreamObject) -> int:
    """Return how many octets a pixel has; 0 for colour spaces that are not read."""
    space = look_up(image, "/ColorSpace")
    if isinstance(space, ArrayObject) and len(space) > 1 and space[0] == "/ICCBased":
        bands = look_up(space[1], "/N") if isinstance(space[1], StreamObject) else 0
        return int(bands) if bands in (1, 3) else 0
    if isinstance(space, ArrayObject) and len(space) > 0:
        space = space[0]
    return {"/DeviceRGB": 3, "/CalRGB": 3, "/DeviceGray": 1, "/CalGray": 1}.get(str(space), 0)


def _alpha(image: StreamObject, pixels: int, budget: Budget) -> bytes | None:
    mask = look_up(image, "/SMask")
    if not isinstance(mask, StreamObject) or look_up(mask, "/BitsPerComponent") != 8:
        return None
    width, height = _size(mask)
    if width * height != pixels:
        return None
    found = budget.inflate(mask)
    return found if found is not None and len(found) >= pixels else None
