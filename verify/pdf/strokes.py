"""What an appearance draws with paths: letters can be drawn so as well.

A field's background and border, rectangles as large as the field under its text, are left out:
viewers draw them anew in their own way.

Spec: ISO 32000-2 §8.5 (paths), §8.4.4 (the matrix they are drawn under).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pyhanko.pdf_utils.generic import ArrayObject, StreamObject

from verify.pdf.values import look_up

_TOKEN = re.compile(
    rb"\((?:\\.|[^\\()])*\)|<<|>>|<[0-9A-Fa-f\s]*>|/[^\s/<>\[\](){}%]*|%[^\r\n]*"
    rb"|[-+]?(?:\d+\.?\d*|\.\d+)|[A-Za-z'\"]+\d?\*?",
    re.DOTALL,
)
_NUMBER = re.compile(rb"[-+]?(?:\d+\.?\d*|\.\d+)")
_BUILD = frozenset({b"m", b"l", b"c", b"v", b"y", b"h", b"re"})
_PAINT = frozenset({b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*", b"S", b"s", b"sh"})
_SHOW = frozenset({b"Tj", b"TJ", b"'", b'"'})
_NEAR = 0.9
"""A rectangle of so much of the field's width and height is its background or border."""

_Step = tuple[bytes, tuple[float, ...]]


def drawn_paths(form: StreamObject, content: bytes) -> Iterator[bytes]:
    """Yield what a form paints with paths, but its background and border.

    Args:
        form: the appearance, or a form inside it.
        content: its operators.
    """
    size = _size(form)
    operands: list[float] = []
    path: list[_Step] = []
    frames: list[list[_Step]] = [[]]
    shown = False
    for token in _TOKEN.findall(content):
        if _NUMBER.fullmatch(token):
            operands.append(round(float(token), 1))
            continue
        if token in _BUILD:
            path.append((token, tuple(operands)))
        elif token in _PAINT:
            if shown or frames[-1] or not _is_ground(path, size):
                yield b"path %s" % repr((frames[-1], path, token)).encode()
            path = []
        else:
            path = [] if token == b"n" else path
            shown = shown or token in _SHOW
            _frame(frames, token, operands)
        operands = []


def _frame(frames: list[list[_Step]], token: bytes, operands: list[float]) -> None:
    """Follow the matrices that paths are drawn under."""
    if token == b"q":
        frames.append([*frames[-1]])
    elif token == b"Q" and len(frames) > 1:
        frames.pop()
    elif token == b"cm":
        frames[-1].append((token, tuple(operands)))


def _is_ground(path: list[_Step], size: tuple[float, float]) -> bool:
    """Say whether a path is one rectangle as large as the field."""
    if len(path) != 1 or path[0][0] != b"re" or len(path[0][1]) != len(("x", "y", "w", "h")):
        return False
    width, height = (abs(each) for each in path[0][1][2:])
    return width >= _NEAR * size[0] and height >= _NEAR * size[1]


def _size(form: StreamObject) -> tuple[float, float]:
    """Return width and height; of a form without a box nothing is as large as it."""
    box = look_up(form, "/BBox")
    if not isinstance(box, ArrayObject) or len(box) != len(("x", "y", "X", "Y")):
        return float("inf"), float("inf")
    left, low, right, high = (float(each) for each in box)
    return abs(right - left), abs(high - low)
