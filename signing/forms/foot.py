"""The foot of a form: the last sentence, who signs, who gets a copy, and the fields to sign in.

Spec: Decree 30/2020/ND-CP, Annex I (title, signature, full name, recipients; the seal covers about
a third of the signature on its left; not checked against the official text).
"""

from __future__ import annotations

from pki.forms.filled import Filled
from pki.forms.form import Fill
from signing.display.profile import load_display
from signing.forms.body import BODY
from signing.forms.faces import Face
from signing.forms.fields import GIVING, TAKING, Box, Fields
from signing.forms.pages import MM, Pages, Span, Style
from signing.outgoing.form import AGENCY, LEADER

HEAD_OF_AGENCY = "Người đứng đầu cơ quan, tổ chức quản lý trực tiếp"
_BY_LEADER = "(Ký, đóng dấu và ghi rõ họ tên)"
_BY_SIDE = "(Ký, ghi rõ họ tên)"
_COPIES = ("- Như trên;", "- Lưu: VT.")
_TITLE = Style(Face.BOLD, 13, centred=True)
_HINT = Style(Face.ITALIC, 12, centred=True)
_NAME = Style(Face.BOLD, 13, centred=True)
_COPIED = Style(Face.BOLD_ITALIC, 12)
_COPY = Style(Face.REGULAR, 11)
_ABOVE = 2 * MM
_CLEAR = 2 * MM
"""Between the field and the words above and below it."""


def put_foot(pages: Pages, fields: Fields, filled: Filled) -> None:
    """Put the foot on one page, with the last sentence."""
    middle = pages.whole.middle
    left, right = Span(pages.whole.left, middle), Span(middle, pages.whole.right)
    head = filled.head
    sides: list[tuple[Span, str, str | None, str]]
    if filled.form.is_record:
        giver, taker = head.signer.get(Fill.NAME), head.receiver.get(Fill.NAME)
        sides = [(left, "BÊN NHẬN", taker, TAKING), (right, "BÊN GIAO", giver, GIVING)]
    else:
        title = (head.signer_title or HEAD_OF_AGENCY).upper()
        sides = [(right, title, head.signer.get(Fill.NAME), LEADER)]
    pages.need(_height(pages, filled, sides))
    pages.y -= _ABOVE
    closing = pages.document.open("P", pages.document.tree)
    pages.write(closing, filled.form.closing, BODY, pages.whole)
    pages.document.close(closing)
    pages.y -= 5 * MM
    top = pages.y
    if not filled.form.is_record:
        _put_copies(pages, left)
    for span, title, name, field in sides:
        pages.y = top
        _put_side(pages, fields, (span, title, name), field)


def _height(pages: Pages, filled: Filled, sides: list[tuple[Span, str, str | None, str]]) -> float:
    """Return how much room all of it takes; more than a page has is never asked for."""
    closing = len(pages.break_lines(filled.form.closing, BODY, pages.whole.width)) * BODY.leading
    titles = max(
        len(pages.break_lines(title, _TITLE, span.width)) * _TITLE.leading
        + len(pages.break_lines(name or "", _NAME, span.width)) * _NAME.leading
        for span, title, name, _ in sides
    )
    field = _field_size()[1] + 2 * _CLEAR
    return _ABOVE + closing + 5 * MM + titles + _HINT.leading + field


def _field_size() -> tuple[float, float]:
    """Return how large the signature of the competent person is, in points."""
    image = load_display("person").image
    assert image is not None  # noqa: S101  the profile is ours
    return image.width_mm * MM, image.height_mm * MM


def _put_words(pages: Pages, text: str, style: Style, span: Span) -> None:
    node = pages.document.open("P", pages.document.tree)
    pages.write(node, text, style, span)
    pages.document.close(node)


def _put_copies(pages: Pages, span: Span) -> None:
    _put_words(pages, "Nơi nhận:", _COPIED, span)
    for each in _COPIES:
        _put_words(pages, each, _COPY, span)


def _put_side(pages: Pages, fields: Fields, side: tuple[Span, str, str | None], field: str) -> None:
    span, title, name = side
    _put_words(pages, title, _TITLE, span)
    if name is None:
        _put_words(pages, _BY_SIDE if field in (GIVING, TAKING) else _BY_LEADER, _HINT, span)
    wide, high = _field_size()
    pages.y -= _CLEAR
    box = Box(span.middle - wide / 2, pages.y - high, span.middle + wide / 2, pages.y)
    fields.sign_here(field, box)
    if field == LEADER:
        fields.sign_here(AGENCY, _seal_box(box))
    pages.y = box.bottom - _CLEAR
    if name is not None:
        _put_words(pages, name, _NAME, span)


def _seal_box(person: Box) -> Box:
    """Return where the agency's seal stands, in its real size, beside a person's signature."""
    image = load_display("agency").image
    assert image is not None  # noqa: S101  the profile is ours
    wide, high = image.width_mm * MM, image.height_mm * MM
    right = person.left + (person.right - person.left) / 3
    bottom = (person.bottom + person.top - high) / 2
    return Box(right - wide, bottom, right, bottom + high)
