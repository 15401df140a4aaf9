"""Fields for number and date that anybody may still fill in after the agency's seal.

Number and date are filled in between the leader's signature and the seal, which is legal form
filling; where the seal does not lock them, so is another number a year later, and every signature
stays valid. So: after a seal each such field is read only, or a signature locks it.

Spec: ISO 32000-2 §12.8.2.4 (FieldMDP), §12.8.2.2 (DocMDP, P=1), §12.7.4.1 (ReadOnly).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from pyhanko.pdf_utils.generic import DictionaryObject

from verify.errors import MalformedObjectError
from verify.finding import Finding, warning
from verify.guard import foreign
from verify.pdf.changes import locks_of, permission_of
from verify.pdf.document import OpenPDF
from verify.pdf.fields import Field, SignatureField, find_fields
from verify.pdf.mdp import Lock, Permission, Scope
from verify.pdf.values import look_up

_FILLABLE = frozenset({"/Tx", "/Ch"})
_READ_ONLY = 1
_DEPTH = 16
"""Deeper forms than this are loops."""
_MOST = 8
"""So many fields are told by name."""


def find_open_numbers(
    pdf: OpenPDF, signed: Iterable[SignatureField], words: tuple[str, ...]
) -> tuple[Finding, ...]:
    """Return a finding that names the number and date fields that are open still.

    Args:
        pdf: a document with a seal.
        signed: its fields with signatures in them.
        words: a field is one for number or date when its name or label has one of these in it,
            accents, case and signs between letters aside.
    """
    signed = tuple(signed)
    try:
        with foreign("locks"):
            if any(permission_of(each) is Permission.NO_CHANGES for each in signed):
                return ()
            locks = [lock for each in signed if (lock := locks_of(each)) is not None]
    except MalformedObjectError:
        locks = []  # what cannot be read locks nothing
    if any(lock.scope is Scope.ALL for lock in locks):
        return ()
    found = [
        field.name
        for field in find_fields(pdf.reader)
        if field.type in _FILLABLE and _is_open(field, locks) and _is_number(field, words)
    ]
    if not found:
        return ()
    return (warning("integrity.number_fields_open", fields=tuple(found[:_MOST])),)


def _is_open(field: Field, locks: list[Lock]) -> bool:
    try:
        with foreign("field flags"):
            return not (_flags(field.dictionary) & _READ_ONLY or _locked(field.name, locks))
    except MalformedObjectError:
        return True


def _locked(name: str, locks: list[Lock]) -> bool:
    return any(lock.is_locked(name) for lock in locks)


def _flags(dictionary: DictionaryObject) -> int:
    """Return the field's flags, its own or those it inherits."""
    node = dictionary
    for _ in range(_DEPTH):
        flags = look_up(node, "/Ff")
        if isinstance(flags, int):
            return int(flags)
        node = look_up(node, "/Parent")
        if not isinstance(node, DictionaryObject):
            break
    return 0


def _is_number(field: Field, words: tuple[str, ...]) -> bool:
    try:
        with foreign("field label"):
            label = str(look_up(field.dictionary, "/TU", ""))
    except MalformedObjectError:
        label = ""
    told = (_folded(field.name), _folded(label))
    return any(word and word in each for word in map(_folded, words) for each in told)


def _folded(text: str) -> str:
    """Return the letters and digits of a text, small and without their marks."""
    plain = unicodedata.normalize("NFD", text[:200].casefold()).replace("đ", "d")
    return "".join(char for char in plain if char.isalnum())
