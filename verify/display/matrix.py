"""Where a drawing ends up: PDF's matrices, multiplied by hand.

Spec: ISO 32000-2 §8.3.3, §8.3.4 (row vectors: `x' = a·x + c·y + e`).
"""

from __future__ import annotations

import math

Matrix = tuple[float, float, float, float, float, float]
Box = tuple[float, float, float, float]
"""Left, lower, right, upper; of millimetres as seen, left, top, right, bottom."""

SAME: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def times(first: Matrix, then: Matrix) -> Matrix:
    """Return what `first` and then the other does."""
    a, b, c, d, e, f = first
    g, h, i, j, k, l = then  # noqa: E741  the standard has no names for them
    return (
        a * g + b * i,
        a * h + b * j,
        c * g + d * i,
        c * h + d * j,
        e * g + f * i + k,
        e * h + f * j + l,
    )


def box_of(box: Box, matrix: Matrix) -> Box:
    """Return the upright box around a box that was moved."""
    a, b, c, d, e, f = matrix
    corners = [(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
    across = [a * x + c * y + e for x, y in corners]
    down = [b * x + d * y + f for x, y in corners]
    return min(across), min(down), max(across), max(down)


def into(box: Box, rectangle: Box) -> Matrix | None:
    """Return what moves one box into another; None where one has no room.

    Spec: ISO 32000-2 §12.5.5, algorithm 8.
    """
    wide, high = box[2] - box[0], box[3] - box[1]
    if wide <= 0 or high <= 0 or not is_sound(*box, *rectangle):
        return None
    a, d = (rectangle[2] - rectangle[0]) / wide, (rectangle[3] - rectangle[1]) / high
    return (a, 0.0, 0.0, d, rectangle[0] - a * box[0], rectangle[1] - d * box[1])


def is_sound(*numbers: float) -> bool:
    """Say whether these are numbers that can stand on a page."""
    return all(math.isfinite(each) and abs(each) < 1e7 for each in numbers)
