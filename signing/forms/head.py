"""The head of an administrative document: who writes, number, place and day, the subject.

Spec: Decree 30/2020/ND-CP, Annex I (parts of a document and their type; not checked against the
official text).
"""

from __future__ import annotations

from collections.abc import Iterable

from pki.forms.filled import Filled, Head
from pki.forms.form import AUTHORITY, LAW
from signing.forms.faces import Face
from signing.forms.fields import Box, Fields
from signing.forms.pages import MM, Pages, Span, Style
from signing.outgoing.form import DATE_PARTS, NUMBER

STATE = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"
_STATE = Style(Face.BOLD, 13, centred=True)
_MOTTO = Style(Face.BOLD, 13, centred=True)
_ABOVE = Style(Face.REGULAR, 12, centred=True)
_AGENCY = Style(Face.BOLD, 12, centred=True)
_SYMBOL = Style(Face.REGULAR, 13, centred=True)
_SUBJECT = Style(Face.REGULAR, 12, centred=True)
_DAY = Style(Face.ITALIC, 13, centred=True)
_WHICH = Style(Face.ITALIC, 11)
_TITLE = Style(Face.BOLD, 14, centred=True)
_TO = Style(Face.REGULAR, 13, centred=True)
_LEFT_SHARE = 0.42
_GAPS = {"symbol": 34 * MM, "place": 26 * MM, "day": 9 * MM, "month": 9 * MM, "year": 12 * MM}
"""Room for the pen, or for a field."""
_BELOW = 0.24
"""How far a field reaches below the baseline, in sizes of its words."""
_DATE_FIELDS = dict(zip(("day", "month", "year"), DATE_PARTS, strict=True))

Words = str | None
"""Words, or None where there is room in their place."""


def put_head(pages: Pages, fields: Fields, filled: Filled) -> None:
    """Put the head on the first page."""
    head, form = filled.head, filled.form
    tree = pages.document.tree
    edge = pages.whole.left + _LEFT_SHARE * pages.whole.width
    left, right = Span(pages.whole.left, edge), Span(edge, pages.whole.right)
    node = pages.document.open("P", tree)
    which = f"Mẫu số {form.number}, {LAW}"
    end = pages.whole.right - pages.measure(which, _WHICH)
    pages.write(node, which, _WHICH, Span(end - 0.5, pages.whole.right + 0.5))
    pages.document.close(node)
    top = pages.y - 3 * MM
    pages.y = top
    _put_agency(pages, head, left)
    _put_symbol(pages, fields, head, left)
    if not form.is_record:
        pages.y -= 1 * MM
        _put_words(pages, f"V/v {form.subject}", _SUBJECT, left, tag="H1")
    lowest, pages.y = pages.y, top
    _put_words(pages, STATE, _STATE, right)
    _put_words(pages, MOTTO, _MOTTO, right)
    half = pages.measure(MOTTO, _MOTTO) / 2
    pages.rule(right.middle - half, right.middle + half, pages.y - 1 * MM)
    pages.y -= 3 * MM
    _put_day(pages, fields, head, right)
    pages.y = min(pages.y, lowest) - 6 * MM
    if form.is_record:
        _put_words(pages, form.subject.upper(), _TITLE, pages.whole, tag="H1")
    else:
        _put_words(pages, f"Kính gửi: {AUTHORITY}.", _TO, pages.whole)
    pages.y -= 3 * MM


def _put_words(pages: Pages, text: str, style: Style, span: Span, *, tag: str = "P") -> None:
    node = pages.document.open(tag, pages.document.tree)
    pages.write(node, text, style, span)
    pages.document.close(node)


def _put_agency(pages: Pages, head: Head, span: Span) -> None:
    inner = Span(span.left, span.right - 2 * MM)
    if head.above is not None:
        _put_words(pages, head.above.upper(), _ABOVE, inner)
    _put_words(pages, head.agency.upper(), _AGENCY, inner)
    last = pages.break_lines(head.agency.upper(), _AGENCY, inner.width)[-1]
    half = max(pages.measure(last, _AGENCY) / 5, 6 * MM)
    pages.rule(inner.middle - half, inner.middle + half, pages.y - 1 * MM)
    pages.y -= 3 * MM


def _put_symbol(pages: Pages, fields: Fields, head: Head, span: Span) -> None:
    inner = Span(span.left, span.right - 2 * MM)
    if head.symbol is not None:
        _put_words(pages, f"Số: {head.symbol}", _SYMBOL, inner)
        return
    (box,) = _put_line(pages, ("Số: ", None), (_GAPS["symbol"],), _SYMBOL, inner)
    if _is_open(head):
        fields.fill_here(NUMBER, box, size=_SYMBOL.size, centred=False)
    else:
        _dot(pages, box)


def _put_day(pages: Pages, fields: Fields, head: Head, span: Span) -> None:
    day = head.day
    told: list[Words] = [head.place, ", ngày "]
    told += [f"{day.day:02}" if day else None, " tháng "]
    told += [_month(day.month) if day else None, " năm ", f"{day.year}" if day else None]
    named = ("place", None, "day", None, "month", None, "year")
    gaps = [name for name, words in zip(named, told, strict=True) if words is None and name]
    boxes = _put_line(pages, told, [_GAPS[name] for name in gaps], _DAY, span)
    for name, box in zip(gaps, boxes, strict=True):
        if _is_open(head) and name in _DATE_FIELDS:
            fields.fill_here(_DATE_FIELDS[name], box, size=_DAY.size, centred=True)
        else:
            _dot(pages, box)


def _dot(pages: Pages, box: Box) -> None:
    """Draw a line for the pen where there is no field."""
    pages.rule(box.left, box.right, box.bottom + 2, dotted=True)


def _month(number: int) -> str:
    """Return a month as documents write it: 1 and 2 with a nought in front."""
    return f"{number:02}" if number < 3 else str(number)


def _is_open(head: Head) -> bool:
    """Say whether number and day are given together, later."""
    return head.symbol is None and head.day is None


def _put_line(
    pages: Pages, told: Iterable[Words], gaps: Iterable[float], style: Style, span: Span
) -> list[Box]:
    """Put a centred line with room in it, and return where the room is.

    A place that is too long for the line is broken off to lines of its own above it.
    """
    words, rooms = list(told), list(gaps)
    fixed = sum(rooms) + sum(pages.measure(each, style) for each in words[1:] if each)
    node = pages.document.open("P", pages.document.tree)
    if words[0] is not None and pages.measure(words[0], style) + fixed > span.width:
        *before, words[0] = pages.break_lines(words[0], style, span.width - fixed)
        pages.mark(node, pages.set_lines(before, style, span))
    whole = fixed + (pages.measure(words[0], style) if words[0] else 0)
    x = span.middle - whole / 2
    pages.y -= style.leading
    base = pages.y + style.leading - style.size
    boxes, drawn = [], []
    left = Style(style.face, style.size)
    for each in words:
        if each is None:
            wide = rooms.pop(0)
            low = base - _BELOW * style.size
            boxes.append(Box(x, low, x + wide, low + 1.15 * style.size))
        else:
            wide = pages.measure(each, style)
            drawn.append(pages.line(each, left, Span(x, x + wide), base))
        x += wide
    pages.mark(node, drawn)
    pages.document.close(node)
    return boxes
