"""What was changed after a signature, and whether the signature permits it.

The comparison of revisions is pyHanko's standard difference policy, which refuses whatever it
cannot explain. Its answer is put in the words of Antin's contract: later signatures, document
time-stamps and validation evidence are no change.

Spec: ISO 32000-2 §12.8.2.2 (DocMDP), §12.8.2.4 (FieldMDP).
"""

from __future__ import annotations

from dataclasses import dataclass

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, IndirectObject, Reference
from pyhanko.sign.diff_analysis import (
    DiffResult,
    ModificationLevel,
    SuspiciousModification,
)
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm

from verify.errors import MalformedObjectError
from verify.facts import Changes
from verify.finding import Finding, error, info
from verify.guard import PDFValue, foreign
from verify.pdf.document import OpenPDF
from verify.pdf.fields import Field, SignatureField, find_fields
from verify.pdf.metadata import CHANGES_POLICY
from verify.pdf.values import look_up


@dataclass(frozen=True, slots=True)
class Review:
    """What came after one signature."""

    changes: Changes
    violations: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()


def review_changes(pdf: OpenPDF, field: SignatureField, *, revision: int) -> Review:
    """Compare the document with the revision a signature covers."""
    if revision >= pdf.revisions - 1:
        return Review(Changes.NONE)
    try:
        with foreign("changes"):
            permission = _permission(field)
            result = _compare_all(pdf, revision, _locks(field), permission)
    except MalformedObjectError as malformed:
        reason = str(malformed.facts["reason"])
        return Review(Changes.OTHER, (error("integrity.changes_unreadable", reason=reason),))
    if isinstance(result, SuspiciousModification):
        found = error("integrity.changed_after_signing", revision=revision + 1)
        return Review(Changes.OTHER, (found,), (info("integrity.what_changed", what=str(result)),))
    return _in_our_words(pdf, result, permission, revision=revision)


def _compare_all(
    pdf: OpenPDF, base: int, locks: FieldMDPSpec | None, permission: MDPPerm | None
) -> DiffResult | SuspiciousModification:
    """Compare a revision with each after it, as pyHanko's `review_file` does.

    What is known of the document that this one grew from is not found out again: with 60
    signatures in it that was half of the 7 s it took to add one.
    """
    level, changed = ModificationLevel.NONE, set[str]()
    for revision in range(base + 1, pdf.revisions):
        key = (base, revision, str(locks), permission)
        if key not in pdf.compared:
            try:
                pdf.compared[key] = CHANGES_POLICY.apply(
                    pdf.reader.get_historical_resolver(base),
                    pdf.reader.get_historical_resolver(revision),
                    field_mdp_spec=locks,
                    doc_mdp=permission,
                )
            except SuspiciousModification as found:
                return found
        level = max(level, pdf.compared[key].modification_level)
        changed |= pdf.compared[key].changed_form_fields
    return DiffResult(level, changed)


def _in_our_words(
    pdf: OpenPDF, result: DiffResult, permission: MDPPerm | None, *, revision: int
) -> Review:
    level = result.modification_level
    if permission is not None and level.value > permission.value:
        found = error("integrity.change_not_permitted", permission=permission.value)
        return Review(_CHANGES[level], (found,))
    if level is not ModificationLevel.FORM_FILLING:
        return Review(_CHANGES[level])
    fields = [item for item in find_fields(pdf.reader) if item.name in result.changed_form_fields]
    # pyHanko counts a field as changed when only the page around its widget was rewritten, as a
    # later visible or invisible signature does: what counts here is the field itself.
    filled = tuple(
        sorted(
            item.name for item in fields if item.type != "/Sig" and _rewritten(pdf, item, revision)
        )
    )
    if filled or not fields:
        return Review(Changes.FORM_FILLING, (), (info("integrity.form_filled", fields=filled),))
    return Review(Changes.NONE)


def _rewritten(pdf: OpenPDF, field: Field, revision: int) -> bool:
    """Say whether the field, or an object only it leads to, was written after `revision`."""
    references = {field.reference}
    try:
        _gather(field.dictionary, references, depth=4)
        with foreign("form field"):
            return any(pdf.reader.xrefs.get_last_change(item) > revision for item in references)
    except MalformedObjectError:
        return True


def _gather(value: PDFValue, references: set[Reference], *, depth: int) -> None:
    if isinstance(value, IndirectObject):
        references.add(value.reference)
        with foreign("form field"):
            value = value.get_object()
    if not depth:
        return
    if isinstance(value, DictionaryObject):
        for key, item in dict.items(value):
            if key not in _ELSEWHERE:
                _gather(item, references, depth=depth - 1)
    elif isinstance(value, ArrayObject):
        for item in list.__iter__(value):
            _gather(item, references, depth=depth - 1)


_ELSEWHERE = frozenset({"/P", "/Parent", "/Resources", "/Font", "/DR"})
"""Keys that lead out of the field."""


_CHANGES = {
    ModificationLevel.NONE: Changes.NONE,
    ModificationLevel.LTA_UPDATES: Changes.NONE,
    ModificationLevel.FORM_FILLING: Changes.FORM_FILLING,
    ModificationLevel.ANNOTATIONS: Changes.ANNOTATIONS,
    ModificationLevel.OTHER: Changes.OTHER,
}


def _permission(field: SignatureField) -> MDPPerm | None:
    """Return what the signature permits to be changed, None when it does not say."""
    reference = _transform(field, "/DocMDP")
    if reference is not None:
        return MDPPerm(int(look_up(reference["/TransformParams"], "/P", 2)))
    lock = look_up(field.field, "/Lock")
    if isinstance(lock, DictionaryObject) and "/P" in lock:
        return MDPPerm(int(lock["/P"]))
    return None


def _locks(field: SignatureField) -> FieldMDPSpec | None:
    reference = _transform(field, "/FieldMDP")
    if reference is None:
        return None
    return FieldMDPSpec.from_pdf_object(reference["/TransformParams"])


def _transform(field: SignatureField, method: str) -> DictionaryObject | None:
    for item in look_up(field.signature, "/Reference", ()):
        reference: DictionaryObject = item.get_object()
        if reference["/TransformMethod"] == method:
            return reference
    return None
