"""Pages from the top down: what is written and drawn on them, each mark with its tag.

Spec: Decree 30/2020/ND-CP, Annex I (A4, margins, number of the page; not checked against the
official text); ISO 32000-1 §14.6 (marked content).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from signing.display.breaking import balanced, broken
from signing.forms.document import Document, Node
from signing.forms.faces import Face, Fonts

MM = 72 / 25.4
"""Points of a millimetre."""
LEADING = 1.2
_SHORT, _LONG = 210 * MM, 297 * MM
TOP = BOTTOM = 20 * MM
LEFT = 30 * MM
RIGHT = 15 * MM
_NUMBER_AT = 12 * MM
"""Where the number of a page stands, below the upper edge."""
_NUMBER_SIZE = 13.0


@dataclass(frozen=True, slots=True)
class Style:
    """How words look."""

    face: Face = Face.REGULAR
    size: float = 13.0
    centred: bool = False

    @property
    def leading(self) -> float:
        """From one baseline to the next."""
        return self.size * LEADING


@dataclass(frozen=True, slots=True)
class Span:
    """From where to where words may stand, in points from the left edge."""

    left: float
    right: float

    @property
    def width(self) -> float:
        """How wide it is."""
        return self.right - self.left

    @property
    def middle(self) -> float:
        """Half way."""
        return (self.left + self.right) / 2


class Pages:
    """Pages, the last of which is being written on."""

    def __init__(self, fonts: Fonts, *, landscape: bool) -> None:
        self.width, self.height = (_LONG, _SHORT) if landscape else (_SHORT, _LONG)
        self.fonts = fonts
        self.document = Document(fonts, (self.width, self.height))
        self.whole = Span(LEFT, self.width - RIGHT)
        self.count = 0
        self._begin()

    @property
    def room(self) -> float:
        """What is left of the page, in points."""
        return self.y - BOTTOM

    @property
    def full_room(self) -> float:
        """What an empty page has."""
        return self.height - TOP - BOTTOM

    def _begin(self) -> None:
        self.number = self.document.reserve()
        self.count += 1
        self.y = self.height - TOP
        self.fields: list[int] = []
        self._owners: list[int] = []
        self._drawn: list[str] = []
        if self.count > 1:
            style = Style(size=_NUMBER_SIZE, centred=True)
            self.artifact(
                self.line(str(self.count), style, self.whole, self.height - _NUMBER_AT),
                "/Type/Pagination",
            )

    def turn(self) -> None:
        """Finish the page and begin another."""
        self.finish()
        self._begin()

    def finish(self) -> None:
        """Give the page to the document."""
        content = "\n".join(self._drawn)
        self.document.add_page(self.number, content, self._owners, self.fields)

    def need(self, height: float) -> None:
        """Begin another page where so much room is not left on this one."""
        if self.room < height and self.room < self.full_room:
            self.turn()

    def mark(self, node: Node, operators: Iterable[str]) -> None:
        """Draw something that belongs to an element."""
        number = len(self._owners)
        self._owners.append(node.number)
        node.kids.append(f"<</Type/MCR/Pg {self.number} 0 R/MCID {number}>>")
        self._drawn += [f"/{node.tag} <</MCID {number}>> BDC", *operators, "EMC"]

    def artifact(self, operators: str, kind: str = "/Type/Layout") -> None:
        """Draw something that nobody reads: a rule, the number of the page."""
        self._drawn.append(f"/Artifact <<{kind}>> BDC {operators} EMC")

    def line(self, text: str, style: Style, span: Span, y: float) -> str:
        """Return the operators of a line of words whose baseline stands at `y`."""
        font = self.fonts[style.face]
        shown = font.encode(text).decode("ascii")
        left = span.middle - font.width(text) * style.size / 2 if style.centred else span.left
        return f"BT /{style.face} {style.size:g} Tf {left:.2f} {y:.2f} Td {shown} Tj ET"

    def break_lines(self, text: str, style: Style, width: float) -> list[str]:
        """Return the lines of a text; centred ones are about as long as each other."""
        break_into = balanced if style.centred else broken
        return list(break_into(self.fonts[style.face], text, width, style.size))

    def measure(self, text: str, style: Style) -> float:
        """Return how wide a line of words is, in points."""
        return self.fonts[style.face].width(text) * style.size

    def rule(self, left: float, right: float, y: float, *, dotted: bool = False) -> None:
        """Draw a line; a dotted one is for the pen."""
        dash = "[0.6 2] 0 d 0.6 w" if dotted else "0.6 w"
        self.artifact(f"q {dash} {left:.2f} {y:.2f} m {right:.2f} {y:.2f} l S Q")

    def write(self, node: Node, text: str, style: Style, span: Span) -> None:
        """Write words from `y` down, which moves; where the page ends they go on at the next."""
        lines = self.break_lines(text, style, span.width)
        while lines:
            fit = max(1, int(self.room / style.leading + 1e-6))
            some, lines = lines[:fit], lines[fit:]
            self.mark(node, self.set_lines(some, style, span))
            if lines:
                self.turn()

    def set_lines(self, lines: Iterable[str], style: Style, span: Span) -> list[str]:
        """Return the operators of lines that fit on the page; `y` moves."""
        drawn = []
        for line in lines:
            self.y -= style.leading
            drawn.append(self.line(line, style, span, self.y + style.leading - style.size))
        return drawn
