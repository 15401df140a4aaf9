"""What is drawn on a page of the report: lines of text, and the time line.

Spec: ISO 32000-1 §8.5 (paths), §9.4 (text).
"""

from __future__ import annotations

from signing.display.embedded_font import EmbeddedFont
from signing.reporting.blocks import Tone
from signing.reporting.layout import Figure, Piece, Text

_COLOURS = {
    Tone.PLAIN: "0.09 0.13 0.16",
    Tone.SOFT: "0.33 0.38 0.43",
    Tone.PASSED: "0.08 0.42 0.23",
    Tone.FAILED: "0.64 0.08 0.10",
    Tone.UNKNOWN: "0.48 0.29 0.00",
}
_LINE, _MARK = "0.84 0.85 0.88", "0.11 0.31 0.57"


class Pen:
    """Says in operators how a piece is drawn."""

    def __init__(self, font: EmbeddedFont) -> None:
        self._font = font

    def draw(self, piece: Piece) -> list[str]:
        """Return the operators of a piece."""
        drawn = [self.write(line) for line in piece.lines]
        return drawn if piece.figure is None else self._timeline(piece.figure)

    def write(self, line: Text) -> str:
        """Return the operators of a line of text."""
        shown = self._font.encode(line.text).decode("ascii")
        place = f"{line.x:.2f} {line.y:.2f} Td"
        return f"BT /F {line.size:.2f} Tf {_COLOURS[line.tone]} rg {place} {shown} Tj ET"

    def _timeline(self, figure: Figure) -> list[str]:
        line, scale = figure.drawing.timeline, figure.scale
        top = figure.y

        def x(value: float) -> float:
            return figure.x + value * scale

        def y(value: float) -> float:
            return top - value * scale

        drawn = []
        for lane in line.lanes:
            drawn.append(self.write(Text(x(12), y(lane.y), 13 * scale, lane.name, Tone.PLAIN)))
            bar = f"{x(lane.start):.2f} {y(lane.y + 16):.2f} {lane.width * scale:.2f}"
            drawn.append(f"{_LINE} rg {bar} {8 * scale:.2f} re f")
            drawn += [_mark(mark.kind, x(mark.x), y(lane.y + 12), 6 * scale) for mark in lane.marks]
        now = f"{x(line.now):.2f} {y(line.height - 20):.2f} m {x(line.now):.2f} {y(8):.2f} l S"
        drawn.append(f"q {_COLOURS[Tone.SOFT]} RG [3 3] 0 d 0.75 w {now} Q")
        size, foot = 11 * scale, y(line.height - 4)
        right = x(line.width - 12) - self._font.width(line.last) * size
        drawn.append(self.write(Text(x(12), foot, size, line.first, Tone.SOFT)))
        drawn.append(self.write(Text(right, foot, size, line.last, Tone.SOFT)))
        return drawn


def _mark(kind: str, x: float, y: float, size: float) -> str:
    """Return what is drawn at a moment: a square for a signature, a diamond, a cross."""
    if kind == "signed":
        return f"{_MARK} rg {x - size:.2f} {y - size:.2f} {2 * size:.2f} {2 * size:.2f} re f"
    if kind == "stamped":
        corners = ((x - size, y), (x, y + size), (x + size, y), (x, y - size))
        path = " l ".join(f"{one:.2f} {other:.2f}" for one, other in corners)
        return f"q {_MARK} RG 1.5 w {path.replace(' l ', ' m ', 1)} l s Q"
    cross = (
        f"{x - size:.2f} {y - size:.2f} m {x + size:.2f} {y + size:.2f} l"
        f" {x - size:.2f} {y + size:.2f} m {x + size:.2f} {y - size:.2f} l"
    )
    return f"q {_COLOURS[Tone.FAILED]} RG 2 w {cross} S Q"
