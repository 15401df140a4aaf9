"""What stands between the head and the signature: numbered sections, lines with places, tables."""

from __future__ import annotations

from pki.forms.filled import Part, Place
from signing.forms.faces import Face
from signing.forms.pages import MM, Pages, Span, Style
from signing.forms.table import Table

BODY = Style(Face.REGULAR, 13)
_HEADING = Style(Face.BOLD, 13)
_NOTE = Style(Face.ITALIC, 10)
_INDENT = 5 * MM
_GAP = 4 * MM
_NATURAL = 38 * MM
"""Room behind a word, in proportion to which a line is shared out."""
_LEAST = 12 * MM
"""A shorter place for the pen goes on at the next line."""


def put_part(pages: Pages, part: Part) -> None:
    """Put a section on the page, and on as many more as it takes."""
    pages.need(4 * BODY.leading)
    _put_words(pages, part.title, _HEADING, "H2")
    for line in part.lines:
        _put_line(pages, line)
    pages.y -= 1.5 * MM
    if part.section.columns:
        Table(pages, part).put()
        pages.y -= 2 * MM
    if part.section.notes:
        pages.need(2 * _NOTE.leading)
        _put_words(pages, "Ghi chú:", Style(Face.BOLD_ITALIC, 10), "P")
    for note in part.section.notes:
        pages.need(_NOTE.leading)
        _put_words(pages, f"- {note}", _NOTE, "P")


def _put_words(pages: Pages, text: str, style: Style, tag: str) -> None:
    node = pages.document.open(tag, pages.document.tree)
    pages.write(node, text, style, pages.whole)
    pages.document.close(node)


def _put_line(pages: Pages, places: tuple[Place, ...]) -> None:
    """Put places beside each other, each as wide as its word asks for."""
    room = pages.whole.width - _INDENT - _GAP * (len(places) - 1)
    asked = [pages.measure(each.label, BODY) + _NATURAL for each in places]
    left, spans = pages.whole.left + _INDENT, []
    for each in asked:
        right = left + room * each / sum(asked)
        spans.append(Span(left, right))
        left = right + _GAP
    cells = [_lines(pages, place, span) for place, span in zip(places, spans, strict=True)]
    most = max(map(len, cells))
    pages.need(most * BODY.leading)
    top = lowest = pages.y
    for place, span, lines in zip(places, spans, cells, strict=True):
        pages.y = top
        node = pages.document.open("P", pages.document.tree)
        pages.mark(node, pages.set_lines([line for line in lines if line], BODY, span))
        pages.document.close(node)
        if place.text is None:
            last = next(line for line in reversed(lines) if line)
            own = not lines[-1]
            start = span.left if own else span.left + pages.measure(last, BODY) + 1 * MM
            pages.y -= BODY.leading * own
            pages.rule(start, span.right, pages.y + BODY.leading - BODY.size - 1.5, dotted=True)
        lowest = min(lowest, pages.y)
    pages.y = lowest - 0.5 * MM


def _lines(pages: Pages, place: Place, span: Span) -> list[str]:
    """Return the lines of a place; an empty one at the end is for the pen."""
    lines = pages.break_lines(f"{place.label}: {place.text or ''}", BODY, span.width)
    if place.text is None and pages.measure(lines[-1], BODY) + _LEAST > span.width:
        lines.append("")
    return lines
