"""One form field, before and after: its value may be filled in, a signature field signed once.

Spec: ISO 32000-2 §12.7.4 (field dictionaries), §12.7.5.5 (signature fields), §12.5.2 table 166
(annotations); §12.8.2.4 (FieldMDP: what is locked is told by name).
"""

from __future__ import annotations

from dataclasses import dataclass

from pyhanko.pdf_utils.generic import IndirectObject, StreamObject

from verify.guard import PDFValue
from verify.pdf.difference.annotations import acts
from verify.pdf.difference.change import Change, Level
from verify.pdf.difference.history import entries, key_of, members
from verify.pdf.difference.step import Step, is_nothing, name_of, paired

_KINDS = frozenset({"/Kids"})
_VALUE = frozenset({"/V", "/AP", "/AS", "/I", "/RV", "/M", "/DA", "/Q", "/MK"})
_SIGNED = frozenset({"/V", "/AP", "/AS", "/MK", "/M", "/DA", "/DR", "/BS", "/Border", "/NM",
                     "/P", "/TU", "/StructParent", "/Q"})  # fmt: skip
_HIDING = 1 | 2 | 32
"""Flags of an annotation: Invisible, Hidden, NoView (table 167)."""
_HARMLESS = 1 | 2 | 4
"""Flags of a field: ReadOnly, Required, NoExport (table 227)."""
MAX_KIDS = 10_000


@dataclass(frozen=True, slots=True)
class Above:
    """What a field has from the one above it."""

    name: str = ""
    kind: str = ""
    field: IndirectObject | None = None


Below = tuple[PDFValue, PDFValue, Above]


def compare_fields(step: Step, field: IndirectObject, above: Above) -> Below:
    """Report what a revision changed of a field or widget.

    Returns:
        Its kids before and after, and what they have from it.
    """
    old, new = entries(step.before(field)), entries(step.after(field))
    step.fields.add(key_of(field))
    name = _name(step, new, above.name)
    kind = str(step.after(new.get("/FT")) or above.kind)
    if not all(step.same(old.get(key), new.get(key)) for key in ("/FT", "/T")):
        step.report(Change(Level.OTHER, "field", name, name_of(field), field=name))
    elif kind == "/Sig":
        _compare_signature_field(step, field, name, above.field if "/T" not in new else None)
    else:
        _compare_field(step, field, name)
    return old.get("/Kids"), new.get("/Kids"), Above(name, kind, field)


def _name(step: Step, told: dict[str, PDFValue], prefix: str) -> str:
    own = str(step.after(told.get("/T")) or "")
    return f"{prefix}.{own}" if prefix and own else prefix or own


def _compare_field(step: Step, field: IndirectObject, name: str) -> None:
    """A field may be filled in: value, look and selection; nothing else of it may change."""
    differing = _differing(step, field)
    number = name_of(field)
    if differing - _VALUE:
        step.report(Change(Level.OTHER, "field", name, number, field=name))
    elif differing:
        step.filled.add(key_of(field))
        step.report(Change(Level.FORM, "filled", name, number, field=name, filled=True))


def _compare_signature_field(
    step: Step, field: IndirectObject, name: str, owner: IndirectObject | None
) -> None:
    """An empty one may be signed; a signed one stays as it is, and so does each widget of it.

    Args:
        step: the revision.
        field: the field, or a widget of it.
        name: of the field.
        owner: whose widget it is, where it is no field of its own.
    """
    differing = _differing(step, field)
    signed = entries(step.before(owner or field)), entries(step.after(owner or field))
    number = name_of(field)
    if not differing:
        if _drawn_anew(step, field) and not is_nothing(step.before(signed[0].get("/V"))):
            step.report(Change(Level.FORM, "signature_drawn_anew", name, number))
    elif not is_nothing(step.before(signed[0].get("/V"))):
        step.report(Change(Level.OTHER, "signature_field", name, number))
    elif differing - (_SIGNED if owner is None else _SIGNED - {"/V"}):
        step.report(Change(Level.OTHER, "field", name, number, field=name))
    elif is_nothing(step.after(signed[1].get("/V"))):
        step.report(Change(Level.OTHER, "signature_field", name, number, field=name))
    else:
        step.signed.add(key_of(field))
        if owner is None:
            _tell_signed(step, field, name, Level.FORM)


def _drawn_anew(step: Step, field: IndirectObject) -> bool:
    """Say whether what draws a field was written again, though it draws the same."""
    looks = entries(step.after(field)).get("/AP")
    drawn = (looks, *entries(step.after(looks)).values())
    return any(isinstance(each, IndirectObject) and key_of(each) in step.dirty for each in drawn)


def _differing(step: Step, field: IndirectObject) -> set[str]:
    """Return the keys whose values differ, but for flags that neither show nor hide anything."""
    old, new = entries(step.before(field)), entries(step.after(field))
    pairs = paired(old, new, _KINDS)
    found = {key for was, is_now, key in pairs if not step.same(was, is_now, key)}
    for key, harmless in (("/F", ~_HIDING), ("/Ff", _HARMLESS)):
        flags = step.before(old.get(key)) or 0, step.after(new.get(key)) or 0
        plain = all(isinstance(each, int) for each in flags)
        if key in found and plain and not (flags[0] ^ flags[1]) & ~harmless:
            found.remove(key)
    if isinstance(step.after(field), StreamObject) and not step.same(field, field):
        found.add("a stream")  # a field is none: what it holds is drawn by something else
    return found


def add_field(step: Step, field: IndirectObject, above: Above) -> None:
    """Report a field that a revision added: signature fields may be, others not."""
    pending: list[tuple[PDFValue, str, str]] = [(field, above.name, above.kind)]
    for _ in range(MAX_KIDS):
        if not pending:
            return
        found, over, kind = pending.pop()
        told = entries(step.after(found))
        name, kind = _name(step, told, over), str(step.after(told.get("/FT")) or kind)
        kids = members(step.after(told.get("/Kids")))
        if not isinstance(found, IndirectObject) or "/T" not in told:
            break  # a widget more for a field that was there
        step.named.add(key_of(found))
        if kind == "/Sig" and not any("/T" in entries(step.after(kid)) for kid in kids):
            _tell_added(step, found, kids, name)
        elif kids and not kind:
            pending += [(kid, name, kind) for kid in kids]
        else:
            break
    where = above.name or _own(step, field)
    step.report(Change(Level.OTHER, "field_added", where, name_of(field)))


def _own(step: Step, field: IndirectObject) -> str:
    return _name(step, entries(step.after(field)), "")


def _tell_added(step: Step, field: IndirectObject, kids: list[PDFValue], name: str) -> None:
    told = entries(step.after(field))
    widgets = [field, *kids]
    step.signed.update(key_of(each) for each in widgets if isinstance(each, IndirectObject))
    shown = [each for each in widgets if _visible(step, each)]
    level = Level.ANNOTATION if shown else Level.FORM
    if any(acts(step, each) for each in widgets):
        step.forbid("acts", name, field)
    if not is_nothing(step.after(told.get("/V"))):
        _tell_signed(step, field, name, level)
    elif _draws(step, field):
        # A picture on the page, and nobody who answers for it.
        step.report(Change(level, "drawn_over", name, name_of(field)))
    else:
        lockable = name if shown else None
        step.report(Change(level, "signature_field_added", name, name_of(field), field=lockable))


def _tell_signed(step: Step, field: IndirectObject, name: str, level: Level) -> None:
    """A place on the page for a new signature is more than filling in: it covers what is there.

    Spec: ISO 32000-2 table 257 (level 2: signing, in what is there).
    """
    number = name_of(field)
    told = entries(step.after(field)).get("/V")
    if isinstance(told, IndirectObject) and key_of(told) not in step.defined:
        # It was made before, for another field or none: nobody signed here.
        step.report(Change(Level.OTHER, "signature_field", name, number, field=name))
        return
    signature = entries(step.after(told))
    kinds = {str(step.after(signature.get(key))) for key in ("/Type", "/SubFilter")}
    if not kinds & {"/DocTimeStamp", "/ETSI.RFC3161"}:
        step.report(Change(level, "signed", name, number, field=name))
    elif _draws(step, field):
        # Whoever asks for a time-stamp gets one: nobody answers for the picture.
        step.report(Change(Level.ANNOTATION, "drawn_over", name, number))
    elif level is Level.FORM:
        step.report(Change(Level.EVIDENCE, "timestamped", name, number))
    else:
        step.report(Change(level, "signed", name, number, field=name))


def _draws(step: Step, field: IndirectObject) -> bool:
    """Say whether a field has a picture on a page."""
    told = entries(step.after(field))
    return any(
        _visible(step, each) and "/AP" in entries(step.after(each))
        for each in (field, *members(step.after(told.get("/Kids"))))
    )


def _visible(step: Step, widget: PDFValue) -> bool:
    corners = members(step.after(entries(step.after(widget)).get("/Rect")))
    numbers = [step.after(each) for each in corners]
    return len(numbers) == 4 and numbers[0] != numbers[2] and numbers[1] != numbers[3]
