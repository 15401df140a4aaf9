"""Annotations of a page: comments, links and the like; widgets belong to their fields.

Spec: ISO 32000-2 §12.5; §12.8.2.2.2 (creating, changing and deleting them at level 3).
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from itertools import count, zip_longest

from pyhanko.pdf_utils.generic import IndirectObject

from verify.guard import PDFValue
from verify.pdf.difference.change import Change, Level
from verify.pdf.difference.history import Key, entries, key_of, members
from verify.pdf.difference.step import Step, name_of

_BESIDE = frozenset({"/Text", "/Link", "/Popup", "/Highlight", "/Underline", "/Squiggly",
                     "/StrikeOut", "/FileAttachment", "/Sound", "/Caret"})  # fmt: skip
"""Kinds that mark a place or say something beside the page."""
ACTIONS = ("/A", "/AA")
_LEADING = frozenset({"/GoTo", "/GoToR", "/URI", "/Named"})
"""Actions that show another place."""
_ICON = 40
"""Points: what is drawn within a square of that size covers nothing of weight."""


def compare_annotations(step: Step, old: PDFValue, new: PDFValue, page: int) -> bool:
    """Report what a revision changed of a page's annotations.

    Returns:
        Whether widgets of new fields were added to the page.
    """
    if step.untouched(old, new):
        return False
    before, after = members(step.before(old)), members(step.after(new))
    known = {key_of(each): each for each in before if isinstance(each, IndirectObject)}
    now = {key_of(each): each for each in after if isinstance(each, IndirectObject)}
    step.named.update(known, now)
    _compare_direct(step, before, after, page)
    for key, annotation in known.items():
        if key not in now:
            _removed(step, annotation, page)
        elif key in step.dirty and key not in step.fields:
            _changed(step, annotation, page)
    added = [each for key, each in now.items() if key not in known]
    for annotation in added:
        _added(step, annotation, page)
    _compare_order(step, before, after, page)
    return any(key_of(each) in step.signed for each in added)


def _compare_order(step: Step, before: list[PDFValue], after: list[PDFValue], page: int) -> None:
    """What comes later is drawn over what comes before it, and what stands twice is drawn twice."""
    old, new = _in_order(before), _in_order(after)
    both = {key for key, _ in old} & {key for key, _ in new}
    old, new = ([each for each in them if each[0] in both] for them in (old, new))
    if [key for key, _ in old] == [key for key, _ in new]:
        return
    covering = (
        [key for key, each in them if _look(step, each, revision) is not _Look.BESIDE]
        for them, revision in ((old, step.old), (new, step.new))
    )
    what = "annotation_order" if next(covering) == next(covering) else "drawn_over"
    step.report(Change(Level.ANNOTATION, what, f"{page}"))


def _in_order(found: list[PDFValue]) -> list[tuple[Key | int, PDFValue]]:
    """Return annotations with what tells them apart: those without a number by their order."""
    direct = count()
    return [
        (key_of(each) if isinstance(each, IndirectObject) else next(direct), each) for each in found
    ]


def _compare_direct(step: Step, before: list[PDFValue], after: list[PDFValue], page: int) -> None:
    """Those without a number of their own have no name to be found by: in order, or changed."""
    old = [each for each in before if not isinstance(each, IndirectObject)]
    new = [each for each in after if not isinstance(each, IndirectObject)]
    both = zip(old, new, strict=False)
    if len(old) != len(new) or not all(step.same(*each) for each in both):
        for was, is_now in zip_longest(old, new):
            if not step.same(was, is_now):
                _forbid_acting(step, is_now, page)
        looks = [*(_look(step, each, step.old) for each in old),
                 *(_look(step, each, step.new) for each in new)]  # fmt: skip
        _told(step, "annotation_changed", page, looks, None)


def _removed(step: Step, annotation: IndirectObject, page: int) -> None:
    _told(step, "annotation_removed", page, [_look(step, annotation, step.old)], annotation)


def _changed(step: Step, annotation: IndirectObject, page: int) -> None:
    if not step.same(step.before(annotation), step.after(annotation)):
        old, new = entries(step.before(annotation)), entries(step.after(annotation))
        if not all(step.same(old.get(key), new.get(key)) for key in ACTIONS):
            _forbid_acting(step, annotation, page)
        looks = [_look(step, annotation, each) for each in (step.old, step.new)]
        _told(step, "annotation_changed", page, looks, annotation)


def _added(step: Step, annotation: IndirectObject, page: int) -> None:
    if key_of(annotation) not in step.signed:  # else told with its field
        _forbid_acting(step, annotation, page)
        _told(step, "annotation_added", page, [_look(step, annotation, step.new)], annotation)


def _forbid_acting(step: Step, annotation: PDFValue, page: int) -> None:
    if acts(step, annotation):
        step.forbid("acts", f"{page}", annotation)


def acts(step: Step, annotation: PDFValue) -> bool:
    """Say whether an annotation or field does more than lead somewhere: runs, hides, sends.

    Spec: ISO 32000-2 §12.6.3 (additional actions), table 201.
    """
    told = entries(step.after(annotation))
    if "/AA" in told:
        return True
    if "/A" not in told:
        return False
    action = entries(step.after(told["/A"]))
    return "/Next" in action or str(step.after(action.get("/S"))) not in _LEADING


def _told(step: Step, what: str, page: int, looks: list[_Look], annotation: PDFValue) -> None:
    """Report a change by the weight of what is, or was, shown."""
    if _Look.FIELD in looks:
        step.forbid("widget", f"{page}", annotation)
        return
    if _Look.COVERING in looks:
        what = "uncovered" if what == "annotation_removed" else "drawn_over"
    step.report(Change(Level.ANNOTATION, what, f"{page}", name_of(annotation)))


class _Look(Enum):
    """What an annotation does to the page it is on."""

    FIELD = "field"
    COVERING = "covering"
    BESIDE = "beside"


def _look(step: Step, annotation: PDFValue, revision: int) -> _Look:
    def read(value: PDFValue) -> PDFValue:
        return step.history.value(value, revision)

    told = entries(read(annotation))
    kind = str(read(told.get("/Subtype")))
    if kind == "/Widget":
        return _Look.FIELD
    if kind not in _BESIDE:
        return _Look.COVERING
    if "/AP" not in told or kind == "/Popup":
        return _Look.BESIDE
    # Whatever its kind, what it shows is what its appearance draws.
    corners = [read(each) for each in members(read(told.get("/Rect")))]
    if len(corners) != 4 or not all(isinstance(each, int | Decimal) for each in corners):
        return _Look.COVERING
    left, bottom, right, top = corners
    small = abs(right - left) <= _ICON and abs(top - bottom) <= _ICON
    return _Look.BESIDE if small else _Look.COVERING
