"""Text broken into lines: between words, and within one that is longer than a line."""

from __future__ import annotations

from collections.abc import Iterator

from signing.display.embedded_font import EmbeddedFont

_NEAR = 2.0
"""Points within which the width of balanced lines is found."""
_JOINTS = "/@"
"""Behind these a long word is parted first."""


def broken(font: EmbeddedFont, text: str, width: float, size: float) -> Iterator[str]:
    """Yield the lines of a text, at least one.

    Args:
        font: that it is set in.
        text: of letters that the font has.
        width: of a line, in points.
        size: of the font.
    """
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if font.width(longer) * size <= width:
            line = longer
            continue
        if line:
            yield line
        *whole, line = _cut(font, word, width / size)
        yield from whole
    yield line


def balanced(font: EmbeddedFont, text: str, width: float, size: float) -> list[str]:
    """Return the same number of lines, of about the same length: centred words look better so."""
    lines = list(broken(font, text, width, size))
    if len(lines) == 1:
        return lines
    low = max(font.width(word) for word in text.split()) * size
    while width - low > _NEAR:
        middle = (low + width) / 2
        closer = list(broken(font, text, middle, size))
        if len(closer) > len(lines):
            low = middle
        else:
            width, lines = middle, closer
    return lines


def _cut(font: EmbeddedFont, word: str, width: float) -> Iterator[str]:
    """Yield a word in parts that fit."""
    part, used = "", 0.0
    for letter in word:
        own = font.width(letter)
        if part and used + own > width:
            after = max(map(part.rfind, _JOINTS)) + 1 or len(part)
            yield part[:after]
            part = part[after:]
            used = font.width(part)
        part, used = part + letter, used + own
    yield part
