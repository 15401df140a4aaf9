"""Pages: the same ones in the same order, showing what they showed; annotations apart.

Spec: ISO 32000-2 §7.7.3 (page tree), §12.8.2.2.2 (annotations at level 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pyhanko.pdf_utils.generic import DictionaryObject, IndirectObject

from verify.errors import MalformedObjectError
from verify.guard import PDFValue
from verify.pdf.difference.annotations import compare_annotations
from verify.pdf.difference.change import Change, Level
from verify.pdf.difference.history import History, Key, entries, key_of, members
from verify.pdf.difference.step import Step, name_of, paired

MAX_NODES = 200_000
_LARGE = 0.5
"""What is filled in and covers so much of its page, is no entry in a form but another page."""
_MOST_ABOVE = 64
_LETTER = (0.0, 0.0, 612.0, 792.0)
_ITS_OWN = frozenset({"/Annots", "/Tabs", "/StructParents", "/LastModified"})
_INHERITED = ("/Resources", "/MediaBox", "/CropBox", "/Rotate")
_TREE = ("/Type", "/Kids", "/Count", "/Parent")
"""Readers count pages by /Count, and look for what is inherited from /Kids up or down."""
_SHOWN = frozenset({"/Contents", "/Resources", "/MediaBox", "/CropBox", "/Rotate", "/UserUnit"})


@dataclass(frozen=True, slots=True)
class Pages:
    """A page tree, flat."""

    nodes: tuple[IndirectObject, ...]
    pages: tuple[IndirectObject, ...]

    @property
    def keys(self) -> frozenset[Key]:
        """What tells its objects from others."""
        return frozenset(key_of(each) for each in (*self.nodes, *self.pages))


def find_pages(history: History, root: PDFValue, revision: int) -> Pages:
    """Return the pages of a revision in their order, and the nodes above them.

    Raises:
        MalformedObjectError: the tree has a loop, no bound, or a page without a number.
    """
    nodes: list[IndirectObject] = []
    pages: list[IndirectObject] = []
    seen: set[Key] = set()
    pending = [root]
    while pending:
        found = pending.pop()
        if not isinstance(found, IndirectObject):
            raise MalformedObjectError(what="page tree", reason="a page without a number")
        if key_of(found) in seen or len(seen) >= MAX_NODES:
            raise MalformedObjectError(what="page tree", reason="a loop, or no end")
        seen.add(key_of(found))
        node = entries(history.value(found, revision))
        if "/Kids" in node:
            nodes.append(found)
            pending += reversed(members(history.value(node["/Kids"], revision)))
        else:
            pages.append(found)
    return Pages(tuple(nodes), tuple(pages))


def compare_pages(step: Step, old: PDFValue, new: PDFValue) -> None:
    """Report what a revision changed of the pages."""
    before = find_pages(step.history, old, step.old)
    after = find_pages(step.history, new, step.new)
    if [key_of(each) for each in before.pages] != [key_of(each) for each in after.pages]:
        step.forbid("pages", "/Pages", new)
        return
    if {key_of(each) for each in before.nodes} != {key_of(each) for each in after.nodes}:
        step.forbid("pages", "/Pages", new)
        return
    for node in after.nodes:
        if key_of(node) in step.dirty:
            _compare_nodes(step, node)
    for number, page in enumerate(after.pages, 1):
        if key_of(page) in step.dirty:
            _compare_page(step, page, number)


def _compare_nodes(step: Step, node: IndirectObject) -> None:
    """What pages inherit from a node stays, and how they are found; kids are compared as pages."""
    before, after = entries(step.before(node)), entries(step.after(node))
    for key in (*_INHERITED, *_TREE):
        if not step.same(before.get(key), after.get(key), key):
            step.forbid("pages", f"/Pages {key}", node)


def _compare_page(step: Step, page: IndirectObject, number: int) -> None:
    before, after = step.before(page), step.after(page)
    if not isinstance(after, DictionaryObject):
        step.forbid("pages", f"{number}", page)
        return
    old, new = entries(before), entries(after)
    for was, is_now, key in paired(old, new, _ITS_OWN):
        if not step.same(was, is_now, key):
            step.forbid("page_shows" if key in _SHOWN else "page", f"{number}", page)
    _compare_size(step, page, new.get("/Annots"), number)
    told = len(step.changes)
    added = compare_annotations(step, old.get("/Annots"), new.get("/Annots"), number)
    for key in ("/Tabs", "/StructParents"):
        if not step.same(old.get(key), new.get(key)):
            # The order of fields is set with the first one, as a signer's program does.
            with_field = added and key not in old
            commented = len(step.changes) > told
            if not with_field and (key == "/Tabs" or key in old or not commented):
                where = f"{number}"
                step.report(Change(Level.ANNOTATION, "page_order", where, name_of(page)))


def _compare_size(step: Step, page: IndirectObject, annotations: PDFValue, number: int) -> None:
    """A field that is filled in may cover what it was made for, not the page."""
    shown = [each for each in members(step.after(annotations)) if isinstance(each, IndirectObject)]
    filled = [each for each in shown if key_of(each) in step.filled]
    if not filled:
        return
    whole = _area(_page_box(step, page))
    for each in filled:
        if _area(_box(step, entries(step.after(each)).get("/Rect"))) >= _LARGE * whole:
            step.report(Change(Level.FORM, "drawn_over", f"{number}", name_of(each)))


def _page_box(step: Step, page: IndirectObject) -> tuple[float, ...]:
    node: PDFValue = page
    for _ in range(_MOST_ABOVE):
        told = entries(step.after(node))
        if "/MediaBox" in told:
            return _box(step, told["/MediaBox"]) or _LETTER
        node = told.get("/Parent")
    return _LETTER


def _box(step: Step, value: PDFValue) -> tuple[float, ...]:
    numbers = [step.after(each) for each in members(step.after(value))]
    if len(numbers) != len(_LETTER) or not all(isinstance(each, int | Decimal) for each in numbers):
        return ()
    return tuple(float(each) for each in numbers)


def _area(box: tuple[float, ...]) -> float:
    return abs(box[2] - box[0]) * abs(box[3] - box[1]) if box else 0.0
