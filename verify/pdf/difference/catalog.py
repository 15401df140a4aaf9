"""The document catalogue: which of its entries a revision may change.

Spec: ISO 32000-2 §7.7.2, table 29; §12.8.2.2.2.
"""

from __future__ import annotations

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, StreamObject

from verify.guard import PDFValue
from verify.pdf.difference.change import Change, Level
from verify.pdf.difference.form import compare_forms
from verify.pdf.difference.history import entries, members
from verify.pdf.difference.pages import compare_pages
from verify.pdf.difference.step import Step, name_of, paired
from verify.pdf.difference.structure import compare_structure

# Fields come before the pages that show their widgets.
_IN_ORDER = ("/AcroForm", "/Pages", "/StructTreeRoot", "/DSS", "/Metadata", "/Version",
             "/Extensions")  # fmt: skip


def compare_catalogs(step: Step, old: PDFValue, new: PDFValue) -> None:
    """Report what a revision changed in all that the catalogue leads to."""
    before, after = entries(step.before(old)), entries(step.after(new))
    rules = {
        "/AcroForm": compare_forms,
        "/Pages": compare_pages,
        "/StructTreeRoot": compare_structure,
        "/DSS": _compare_store,
        "/Metadata": _compare_metadata,
        "/Version": _compare_version,
        "/Extensions": _compare_extensions,
    }
    for key in _IN_ORDER:
        if (key in before or key in after) and not (
            key != "/Pages" and step.untouched(before.get(key), after.get(key))
        ):
            rules[key](step, before.get(key), after.get(key))
    for value, changed, key in paired(before, after, frozenset(_IN_ORDER)):
        if not step.same(value, changed, key):
            step.forbid("catalog", key, changed)


def _compare_store(step: Step, _: PDFValue, new: PDFValue) -> None:
    """Evidence may be added and sorted anew: what it proves it proves by its own signatures.

    Spec: EN 319 142-1 §5.4.2; ISO 32000-2 §12.8.4.3.
    """
    if not isinstance(step.after(new), DictionaryObject):
        step.forbid("store_removed", "/DSS", new)


def _compare_metadata(step: Step, old: PDFValue, new: PDFValue) -> None:
    """Metadata may be written anew, as metadata.

    Spec: ISO 32000-2 §14.3.2.
    """
    for told in (step.before(old), step.after(new)):
        found = entries(told)
        is_metadata = isinstance(told, StreamObject) and str(found.get("/Type")) == "/Metadata"
        if told is not None and not is_metadata:
            step.forbid("metadata", "/Metadata", new)
            return
    if old is not None and new is None:
        step.forbid("metadata", "/Metadata")


def _compare_version(step: Step, old: PDFValue, new: PDFValue) -> None:
    """The version may rise.

    Spec: ISO 32000-2 §7.7.2 (Version).
    """
    before, after = str(step.before(old) or ""), str(step.after(new) or "")
    if after < before:
        step.forbid("version", "/Version", new)


def _compare_extensions(step: Step, old: PDFValue, new: PDFValue) -> None:
    """Extensions may be added and their level may rise.

    Spec: ISO 32000-2 §7.12.
    """
    before, after = entries(step.before(old)), entries(step.after(new))
    for developer, told in before.items():
        known = _levels(step, step.old, told)
        now = _levels(step, step.new, after.get(developer))
        if any(not any(each >= was for each in now) for was in known):
            step.report(Change(Level.OTHER, "extensions", developer, name_of(new)))


def _levels(step: Step, revision: int, told: PDFValue) -> list[tuple[str, int]]:
    """Return what a developer's extensions build on, and how far they go."""
    value = step.history.value(told, revision)
    found = []
    for each in members(value) if isinstance(value, ArrayObject) else [value]:
        one = entries(step.history.value(each, revision))
        level = one.get("/ExtensionLevel")
        if one:
            found.append((str(one.get("/BaseVersion", "")), level if isinstance(level, int) else 0))
    return found
