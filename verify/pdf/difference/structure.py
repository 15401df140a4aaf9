"""The logical structure: what describes an annotation goes with it, what describes text stays.

Spec: ISO 32000-2 §14.7 (structure tree), §14.7.5.3 (object references).
"""

from __future__ import annotations

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, IndirectObject

from verify.guard import PDFValue
from verify.pdf.difference.history import Key, entries, key_of, members
from verify.pdf.difference.step import Step, paired

MAX_ELEMENTS = 50_000
_INDEXES = frozenset({"/K", "/ParentTree", "/ParentTreeNextKey", "/IDTree"})
"""What finds elements; the elements themselves are compared from the root down."""


def compare_structure(step: Step, old: PDFValue, new: PDFValue) -> None:
    """Report what a revision changed of the structure that does not go with an annotation."""
    before, after = step.before(old), step.after(new)
    if not isinstance(before, DictionaryObject) or not isinstance(after, DictionaryObject):
        step.forbid("structure", "/StructTreeRoot", new)
        return
    for root in (old, new):
        if isinstance(root, IndirectObject):
            step.named.add(key_of(root))
    for was, is_now, key in paired(entries(before), entries(after), _INDEXES):
        if not step.same(was, is_now, key):
            step.forbid("structure", f"/StructTreeRoot {key}", new)
    _Walk(step).compare(entries(before).get("/K"), entries(after).get("/K"), new)


class _Walk:
    """A walk through the structure of two revisions, each element once."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._seen: set[Key] = set()

    def compare(self, old: PDFValue, new: PDFValue, owner: PDFValue) -> None:
        pending = [(old, new, owner)]
        while pending:
            before, after, owner = pending.pop()
            pending += self._kids(before, after, owner)

    def _kids(
        self, old: PDFValue, new: PDFValue, owner: PDFValue
    ) -> list[tuple[PDFValue, PDFValue, PDFValue]]:
        """Compare what is directly below an element; return what is below that."""
        step = self._step
        before = self._sorted(_listed(old, step.before(old)), step.old)
        after = self._sorted(_listed(new, step.after(new)), step.new)
        if len(before.content) != len(after.content) or not all(
            step.same(*each) for each in zip(before.content, after.content, strict=True)
        ):
            step.forbid("structure", "/StructTreeRoot", owner)
        step.named.update(before.elements, after.elements)
        for key, element in before.elements.items():
            if key not in after.elements and self._describes_text(element, step.old):
                step.forbid("structure", "/StructTreeRoot", element)
        for key, element in after.elements.items():
            if key not in before.elements and self._describes_text(element, step.new):
                step.forbid("structure", "/StructTreeRoot", element)
        return [
            each
            for key, element in after.elements.items()
            if key in before.elements and key in step.dirty and key not in self._seen
            for each in self._element(element)
        ]

    def _element(self, element: IndirectObject) -> list[tuple[PDFValue, PDFValue, PDFValue]]:
        step = self._step
        self._seen.add(key_of(element))
        before, after = entries(step.before(element)), entries(step.after(element))
        own = all(step.same(*each) for each in paired(before, after, frozenset({"/K"})))
        if not own and not self._goes_with_annotation(element):
            step.forbid("structure", "/StructTreeRoot", element)
        return [(before.get("/K"), after.get("/K"), element)]

    def _goes_with_annotation(self, element: IndirectObject) -> bool:
        """Say whether an element only describes annotations that were changed as well."""
        step = self._step
        if self._describes_text(element, step.old) or self._describes_text(element, step.new):
            return False
        below = entries(step.after(element)).get("/K")
        kids = (entries(step.after(kid)) for kid in _listed(below, step.after(below)))
        described = {key_of(kid["/Obj"]) for kid in kids if _names_one(kid)}
        return bool(described & step.defined)

    def _sorted(self, kids: list[PDFValue], revision: int) -> _Kids:
        found = _Kids([], {})
        for kid in kids:
            value = entries(self._step.history.value(kid, revision))
            kind = str(value.get("/Type", ""))
            if kind == "/OBJR":
                continue
            if isinstance(kid, IndirectObject) and "/S" in value:
                found.elements[key_of(kid)] = kid
            else:
                found.content.append(kid)
        return found

    def _describes_text(self, element: IndirectObject, revision: int) -> bool:
        """Say whether an element, or one below it, has content of a page, or cannot be told."""
        pending = [element]
        seen: set[Key] = set()
        while pending:
            found = pending.pop()
            if key_of(found) in seen:
                continue
            seen.add(key_of(found))
            if len(seen) > MAX_ELEMENTS:
                return True
            below = entries(self._step.history.value(found, revision)).get("/K")
            kids = self._sorted(_listed(below, self._step.history.value(below, revision)), revision)
            if kids.content:
                return True
            pending += kids.elements.values()
        return False


class _Kids:
    """What is directly below an element, but for references to annotations."""

    def __init__(self, content: list[PDFValue], elements: dict[Key, IndirectObject]) -> None:
        self.content = content
        self.elements = elements


def _names_one(kid: dict[str, PDFValue]) -> bool:
    return isinstance(kid.get("/Obj"), IndirectObject)


def _listed(raw: PDFValue, value: PDFValue) -> list[PDFValue]:
    """Return the members of an array, or the one thing that stands in its place."""
    if raw is None:
        return []
    return members(value) if isinstance(value, ArrayObject) else [raw]
