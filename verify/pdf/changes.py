"""What was changed after a signature, and whether the signature permits it.

What each revision changed is found out once, by `verify.pdf.difference`, and held here against
what each signature permits. Later signatures, document time-stamps and validation evidence are no
change.

1. Some changes are never permitted: to pages, to the catalogue, to fields beside their values.
2. A field that the signature locks stays as it is, signed or filled in.
3. The level of DocMDP says which of the others are permitted. Where there is none, fields may be
   filled in and comments made, as viewers let people do; nothing may be drawn over the page, since
   nobody who signed said it might.

Spec: ISO 32000-2 §12.8.2.2 (DocMDP), §12.8.2.4 (FieldMDP).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyhanko.pdf_utils.generic import DictionaryObject

from pki.errors.tree import phrase
from verify.errors import MalformedObjectError
from verify.facts import Changes
from verify.finding import Finding, error, info, warning
from verify.guard import foreign
from verify.pdf.difference.change import Change, Level
from verify.pdf.document import OpenPDF
from verify.pdf.fields import SignatureField
from verify.pdf.mdp import Lock, Permission, read_lock
from verify.pdf.values import look_up

_COVERING = frozenset({"drawn_over", "uncovered"})
_OF_SIGNERS = frozenset({"signed", "signature_field_added"})
MAX_REVISIONS = 1000
"""So many after a signature are compared; documents of offices have some dozens."""
MAX_TOLD = 16
"""Of the changes, that many are told one by one."""


@dataclass(frozen=True, slots=True)
class Review:
    """What came after one signature."""

    changes: Changes
    violations: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()


def are_compared(pdf: OpenPDF, revision: int) -> bool:
    """Say whether no more revisions follow one than are compared; others permit nothing."""
    return pdf.revisions - 1 - revision <= MAX_REVISIONS


def review_changes(
    pdf: OpenPDF, field: SignatureField, *, revision: int, at_most: int | None = None
) -> Review:
    """Hold what was changed after the revision that a signature covers against what it permits.

    Args:
        pdf: the document.
        field: the signature.
        revision: that it covers.
        at_most: the level of DocMDP beyond which nothing is permitted, whatever it says itself.
    """
    if revision >= pdf.revisions - 1:
        return Review(Changes.NONE)
    if not are_compared(pdf, revision):
        reason = f"more than {MAX_REVISIONS} revisions"
        return Review(Changes.OTHER, (error("integrity.changes_unreadable", reason=reason),))
    try:
        with foreign("changes"):
            permission = permission_of(field) or _certified(pdf, revision)
            locks = locks_of(field)
        changes = [
            change
            for later in range(revision + 1, pdf.revisions)
            for change in pdf.comparison.changes(later)
        ]
    except MalformedObjectError as malformed:
        reason = str(malformed.facts["reason"])
        return Review(Changes.OTHER, (error("integrity.changes_unreadable", reason=reason),))
    distinct = tuple(dict.fromkeys(changes))
    never = [each for each in distinct if _is_never_permitted(each, permission, locks)]
    if never:
        found = error("integrity.changed_after_signing", revision=revision + 1)
        return Review(Changes.OTHER, (found, *_named(never, locks)), tuple(_told(never)))
    levels = [each for each in (permission, at_most) if each is not None]
    return _in_our_words(distinct, min(levels, default=None))


def _is_never_permitted(change: Change, permission: Permission | None, locks: Lock | None) -> bool:
    if change.level is Level.OTHER or _is_locked(change, locks):
        return True
    return permission is None and change.what in _COVERING


def _is_locked(change: Change, locks: Lock | None) -> bool:
    return locks is not None and change.field is not None and locks.is_locked(change.field)


def _named(never: Iterable[Change], locks: Lock | None) -> Iterator[Finding]:
    """Yield what has a name of its own, each page and field once."""
    found: dict[tuple[str, str], Finding] = {}
    for each in never:
        if each.what in ("page_shows", "pages"):
            code, facts = "integrity.page_replaced", {"page": each.where}
        elif each.what in _COVERING:
            code, facts = "integrity.drawn_over", {"where": each.where}
        elif _is_locked(each, locks):
            code, facts = "integrity.locked_field_changed", {"field": each.field or ""}
        elif each.what == "signature_field":
            code, facts = "integrity.signature_field_changed", {"field": each.where}
        else:
            continue
        found.setdefault((code, each.where), error(code, **facts))
    yield from found.values()


def _told(changes: Iterable[Change]) -> Iterator[Finding]:
    for each in list(changes)[:MAX_TOLD]:
        what = phrase(f"changed.{each.what}", where=each.where, object=each.object)
        yield info("integrity.what_changed", what=what)


def _in_our_words(changes: tuple[Change, ...], permitted: int | None) -> Review:
    level = max((each.level for each in changes), default=Level.EVIDENCE)
    filled = tuple(sorted({each.where for each in changes if each.filled}))
    kind = Changes.FORM_FILLING if filled else Changes.NONE
    above_forms = (each for each in changes if each.level is Level.ANNOTATION)
    comments = [each for each in above_forms if each.what not in _OF_SIGNERS]
    if comments:
        kind = Changes.ANNOTATIONS
    if permitted is not None and level.value > permitted:
        found = error("integrity.change_not_permitted", permission=int(permitted))
        above = [each for each in changes if each.level.value > permitted]
        return Review(kind, (found,), tuple(_told(above)))
    notes: list[Finding] = []
    if comments:
        places = tuple(sorted({each.where for each in comments}))
        notes += [warning("integrity.annotated", where=places), *_told(comments)]
    if filled:
        notes.append(info("integrity.form_filled", fields=filled))
    return Review(kind, (), tuple(notes))


def permission_of(field: SignatureField) -> Permission | None:
    """Return what the signature permits to be changed, None when it does not say."""
    reference = _transform(field.signature, "/DocMDP")
    if reference is not None:
        return Permission(int(look_up(reference["/TransformParams"], "/P", 2)))
    lock = look_up(field.field, "/Lock")
    if isinstance(lock, DictionaryObject) and "/P" in lock:
        return Permission(int(lock["/P"]))
    return None


def _certified(pdf: OpenPDF, revision: int) -> Permission | None:
    """Return what the author's certification permits to all who sign after that.

    Spec: ISO 32000-2 §12.8.6 (permissions dictionary).
    """
    permissions = look_up(pdf.reader.get_historical_root(revision), "/Perms")
    if not isinstance(permissions, DictionaryObject):
        return None
    signature = look_up(permissions, "/DocMDP")
    reference = _transform(signature, "/DocMDP") if signature is not None else None
    if reference is None:
        return None
    return Permission(int(look_up(reference["/TransformParams"], "/P", 2)))


def locks_of(field: SignatureField) -> Lock | None:
    """Return which fields the signature locks, None when it locks none."""
    reference = _transform(field.signature, "/FieldMDP")
    if reference is None:
        return None
    return read_lock(reference["/TransformParams"])


def _transform(signature: DictionaryObject, method: str) -> DictionaryObject | None:
    for item in look_up(signature, "/Reference", ()):
        reference: DictionaryObject = item.get_object()
        if reference["/TransformMethod"] == method:
            return reference
    return None
