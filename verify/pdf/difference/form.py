"""The form: fields are filled in and signed; none appears, vanishes or becomes another.

Spec: ISO 32000-2 §12.7.3, table 224; §12.8.2.2.2 (level 2).
"""

from __future__ import annotations

from pyhanko.pdf_utils.generic import BooleanObject, DictionaryObject, IndirectObject

from verify.guard import PDFValue
from verify.pdf.difference.change import Change, Level
from verify.pdf.difference.fields import Above, Below, add_field, compare_fields
from verify.pdf.difference.history import Key, entries, key_of, members
from verify.pdf.difference.step import Step, is_nothing, name_of, paired

_OF_ITS_OWN = frozenset({"/Fields", "/SigFlags", "/DR", "/DA", "/NeedAppearances"})


def compare_forms(step: Step, old: PDFValue, new: PDFValue) -> None:
    """Report what a revision changed of the form and its fields."""
    before, after = entries(step.before(old)), entries(step.after(new))
    if before and not isinstance(step.after(new), DictionaryObject):
        step.forbid("form", "/AcroForm", new)
        return
    _Walk(step).compare(before.get("/Fields"), after.get("/Fields"))
    for was, is_now, key in paired(before, after, _OF_ITS_OWN):
        # A form that comes with the first signature brings its defaults along.
        if (before or key == "/XFA") and not step.same(was, is_now, key):
            step.forbid("form", f"/AcroForm {key}", new)
    if not _grown(step, before.get("/DR"), after.get("/DR")):
        step.forbid("form", "/AcroForm /DR", new)
    for key in ("/DA", "/NeedAppearances"):
        if before and not step.same(before.get(key), after.get(key)):
            # Drawn anew, a field shows its value, whatever was shown when it was signed.
            drawn = step.after(after.get("/NeedAppearances"))
            told = isinstance(drawn, BooleanObject) and drawn.value
            level = Level.OTHER if told and key == "/NeedAppearances" else Level.FORM
            step.report(Change(level, "form_drawn_anew", f"/AcroForm {key}", name_of(new)))


def _grown(step: Step, old: PDFValue, new: PDFValue, *, depth: int = 2) -> bool:
    """Say whether resources were only added: what was there is as it was."""
    if step.untouched(old, new):
        return True
    before, after = step.before(old), step.after(new)
    if is_nothing(before):
        return True
    both = isinstance(before, DictionaryObject) and isinstance(after, DictionaryObject)
    if not depth or not both:
        return step.same(old, new)
    now = entries(after)
    return all(
        _grown(step, told, now.get(key), depth=depth - 1) for key, told in entries(before).items()
    )


class _Walk:
    """A walk through the fields of two revisions, each once."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._seen: set[Key] = set()

    def compare(self, old: PDFValue, new: PDFValue) -> None:
        pending: list[Below] = [(old, new, Above())]
        while pending:
            before, after, above = pending.pop()
            if not self._step.untouched(before, after):
                pending += self._level(before, after, above)

    def _level(self, old: PDFValue, new: PDFValue, above: Above) -> list[Below]:
        """Compare the fields of one array; return those below them."""
        step = self._step
        before, after = members(step.before(old)), members(step.after(new))
        self._compare_direct(before, after)
        known = {key_of(each): each for each in before if isinstance(each, IndirectObject)}
        now = {key_of(each): each for each in after if isinstance(each, IndirectObject)}
        step.named.update(known, now)
        for key, field in known.items():
            if key not in now:
                self._removed(field, above.name)
        found = []
        for key, field in now.items():
            if key not in known:
                add_field(step, field, above)
            elif key in step.dirty and key not in self._seen:
                self._seen.add(key)
                found.append(compare_fields(step, field, above))
        return found

    def _compare_direct(self, before: list[PDFValue], after: list[PDFValue]) -> None:
        """Fields without a number of their own stay as they are."""
        old = [each for each in before if not isinstance(each, IndirectObject)]
        new = [each for each in after if not isinstance(each, IndirectObject)]
        both = zip(old, new, strict=False)
        if len(old) != len(new) or not all(self._step.same(*each) for each in both):
            self._step.forbid("field", "/AcroForm")

    def _removed(self, field: IndirectObject, prefix: str) -> None:
        own = str(self._step.before(entries(self._step.before(field)).get("/T")) or "")
        name = f"{prefix}.{own}" if prefix and own else prefix or own
        change = Change(Level.OTHER, "field_removed", name, name_of(field), field=name)
        self._step.report(change)
