"""The table of a form: a heading that stands again on every page, cells that grow with their words.

Spec: ISO 32000-1 §14.8.4.3.4 (table elements), §14.8.5.7 (their attributes).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from pki.forms.filled import Cell, Part
from pki.forms.form import Column
from signing.forms.document import Node
from signing.forms.faces import Face
from signing.forms.pages import MM, Pages, Span, Style

_PAD = 1.2 * MM
_MANY = 8
"""Columns from which on the words are smaller."""


@dataclass(frozen=True, slots=True)
class _Head:
    """A cell of the heading."""

    span: Span
    top: float
    """From the upper edge of the heading, in points."""
    height: float
    lines: tuple[str, ...]
    more: str
    """Attributes of its tag."""
    below: bool
    """It stands in the second row of the heading."""


class Table:
    """One table on as many pages as it takes."""

    def __init__(self, pages: Pages, part: Part) -> None:
        columns = part.section.columns
        self._pages = pages
        self._part = part
        size = 10.0 if len(columns) >= _MANY else 11.0
        self._style = Style(Face.REGULAR, size)
        self._bold = Style(Face.BOLD, size, centred=True)
        scale = pages.whole.width / sum(column.width for column in columns)
        edges = [pages.whole.left]
        for column in columns:
            edges.append(edges[-1] + column.width * scale)
        self._edges = edges
        self._spans = [Span(*pair) for pair in pairwise(edges)]
        self._heads = self._make_heads(columns)
        self._head_height = max(each.top + each.height for each in self._heads)

    def put(self) -> None:
        """Put the whole table."""
        pages, document = self._pages, self._pages.document
        pages.need(self._head_height + 4 * self._style.leading)
        table = document.open("Table", document.tree)
        head = document.open("THead", table)
        self._put_head(head)
        document.close(head)
        body = document.open("TBody", table)
        for cells in self._part.rows:
            self._put_row(body, cells)
        document.close(body)
        document.close(table)

    def _make_heads(self, columns: tuple[Column, ...]) -> list[_Head]:
        """Return the cells of the heading; columns of a group stand under its name."""
        groups: dict[str, list[int]] = {}
        for index, column in enumerate(columns):
            if column.group is not None:
                groups.setdefault(column.group, []).append(index)
        over = {
            name: Span(self._edges[on[0]], self._edges[on[-1] + 1]) for name, on in groups.items()
        }
        upper = max((self._height(name, span) for name, span in over.items()), default=0.0)
        tops = [upper if column.group else 0.0 for column in columns]
        high = max(
            top + self._height(column.title, span)
            for column, span, top in zip(columns, self._spans, tops, strict=True)
        )
        made = []
        for name, span in over.items():
            wide = f"/A<</O/Table/Scope/Column/ColSpan {len(groups[name])}>>"
            made.append(_Head(span, 0.0, upper, self._lines(name, span), wide, below=False))
        for column, span, top in zip(columns, self._spans, tops, strict=True):
            deep = "/RowSpan 2" if over and not column.group else ""
            more = f"/A<</O/Table/Scope/Column{deep}>>"
            lines = self._lines(column.title, span)
            made.append(_Head(span, top, high - top, lines, more, below=bool(column.group)))
        return sorted(made, key=lambda each: (each.below, each.span.left))

    def _lines(self, text: str, span: Span) -> tuple[str, ...]:
        return tuple(self._pages.break_lines(text, self._bold, span.width - 2 * _PAD))

    def _height(self, text: str, span: Span) -> float:
        return len(self._lines(text, span)) * self._bold.leading + 2 * _PAD

    def _put_head(self, node: Node | None) -> None:
        """Put the heading; without an element it is one that stands there again."""
        pages, document = self._pages, self._pages.document
        top = pages.y
        rows: dict[bool, Node] = {}
        for each in self._heads:
            pages.y = top - each.top - (each.height - len(each.lines) * self._bold.leading) / 2
            drawn = pages.set_lines(each.lines, self._bold, each.span)
            if node is None:
                pages.artifact(" ".join(drawn), "/Type/Pagination")
                continue
            if each.below not in rows:
                rows[each.below] = document.open("TR", node)
            cell = document.open("TH", rows[each.below], each.more)
            pages.mark(cell, drawn)
            document.close(cell)
        for row in rows.values():
            document.close(row)
        boxes = (
            f"{each.span.left:.2f} {top - each.top - each.height:.2f}"
            f" {each.span.width:.2f} {each.height:.2f} re"
            for each in self._heads
        )
        pages.artifact(f"q 0.5 w {' '.join(boxes)} S Q")
        pages.y = top - self._head_height

    def _put_row(self, body: Node, cells: tuple[Cell, ...]) -> None:
        pages, document, style = self._pages, self._pages.document, self._style
        columns = [
            self._cell_lines(cell, span) for cell, span in zip(cells, self._spans, strict=True)
        ]
        most = max(1, *map(len, columns))
        whole = most * style.leading + 2 * _PAD
        if whole > pages.room and whole <= pages.full_room - self._head_height:
            self._turn()
        row = document.open("TR", body)
        elements = [document.open("TD", row) for _ in columns]
        done = 0
        while done < most:
            fit = int((pages.room - 2 * _PAD) / style.leading + 1e-6)
            if fit < 1:
                self._turn()
                continue
            count = min(fit, most - done)
            self._put_piece([lines[done : done + count] for lines in columns], elements, count)
            done += count
        for element in elements:
            document.close(element)
        document.close(row)

    def _put_piece(self, columns: list[list[str | None]], elements: list[Node], count: int) -> None:
        """Put as much of a row as stands on this page."""
        pages, style = self._pages, self._style
        top = pages.y
        height = count * style.leading + 2 * _PAD
        for number, (lines, element) in enumerate(zip(columns, elements, strict=True)):
            column, span = self._part.section.columns[number], self._spans[number]
            own = Style(style.face, style.size, centred=column.centred)
            inner = Span(span.left + _PAD, span.right - _PAD)
            base = top - _PAD - style.size
            drawn = [
                pages.line(line, own, inner, base - at * style.leading)
                for at, line in enumerate(lines)
                if line
            ]
            if drawn:
                pages.mark(element, drawn)
        low = top - height
        across = [f"{self._edges[0]:.2f} {low:.2f} {pages.whole.width:.2f} {height:.2f} re"]
        across += [f"{x:.2f} {low:.2f} m {x:.2f} {top:.2f} l" for x in self._edges[1:-1]]
        pages.artifact(f"q 0.5 w {' '.join(across)} S Q")
        pages.y = low

    def _cell_lines(self, cell: Cell, span: Span) -> list[str | None]:
        """Return the lines of a cell; None is one for the pen."""
        lines: list[str | None] = []
        for text in cell.texts:
            if text is None:
                lines.append(None)
                continue
            for each in text.split("\n"):
                lines += self._pages.break_lines(each, self._style, span.width - 2 * _PAD)
        return lines

    def _turn(self) -> None:
        self._pages.turn()
        self._put_head(None)
