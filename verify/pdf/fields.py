"""Finds the signature fields that hold something, one broken field not hiding the others.

Spec: ISO 32000-2 §12.7.4, §12.7.5.5, §12.8.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    Reference,
)

from verify.errors import MalformedObjectError, TooManySignaturesError
from verify.guard import PDFValue, foreign
from verify.pdf.document import OpenPDF
from verify.pdf.values import look_up, read_from


@dataclass(frozen=True, slots=True)
class Field:
    """One terminal form field."""

    name: str
    type: str
    dictionary: DictionaryObject
    reference: Reference
    """The indirect object the dictionary is, or lies in."""


@dataclass(frozen=True, slots=True)
class SignatureField:
    """A signature field with a signature dictionary in it."""

    name: str
    field: DictionaryObject
    signature: DictionaryObject
    reference: Reference
    """The indirect object the signature dictionary is, or lies in."""
    sub_filter: str = ""
    type: str = ""


def find_signature_fields(pdf: OpenPDF, *, name: str, limit: int) -> tuple[SignatureField, ...]:
    """Return the signature fields that have a value, whatever that is.

    Raises:
        TooManySignaturesError: more than `limit`; those left out could be the broken ones.
    """
    found: list[SignatureField] = []
    for field in find_fields(pdf.reader):
        filled = _filled(field) if field.type == "/Sig" else None
        if filled is not None:
            found.append(filled)
        if len(found) > limit:
            raise TooManySignaturesError(name=name, limit=limit)
    return tuple(found)


def find_fields(handler: PDFValue) -> Iterator[Field]:
    """Yield the terminal fields of a document or of one of its revisions."""
    try:
        with foreign("form"):
            roots = handler.root["/AcroForm"]["/Fields"]
    except MalformedObjectError:
        return
    pending = [(item, "", "") for item in _items(roots)]
    seen: set[Reference] = set()
    while pending:
        node, prefix, inherited = pending.pop(0)
        step = _step(node, prefix, inherited, seen=seen)
        if step is None:
            continue
        field, kids = step
        if kids:
            pending.extend((kid, field.name, field.type) for kid in kids)
        else:
            yield field


def _step(
    node: PDFValue, prefix: str, inherited: str, *, seen: set[Reference]
) -> tuple[Field, list[PDFValue]] | None:
    try:
        with foreign("form field"):
            if isinstance(node, IndirectObject):
                if node.reference in seen:
                    return None
                seen.add(node.reference)
            dictionary = node.get_object()
            if not isinstance(dictionary, DictionaryObject):
                return None
            partial = str(look_up(dictionary, "/T", ""))
            name = f"{prefix}.{partial}" if prefix and partial else prefix or partial
            kind = str(look_up(dictionary, "/FT", inherited))
            field = Field(name, kind, dictionary, read_from(dictionary))
            return field, [kid for kid in _items(look_up(dictionary, "/Kids")) if _is_field(kid)]
    except MalformedObjectError:
        return None


def _is_field(kid: PDFValue) -> bool:
    """Tell a child field from a mere widget of the same field."""
    dictionary = kid.get_object()
    return isinstance(dictionary, DictionaryObject) and "/T" in dictionary


def _items(value: PDFValue) -> list[PDFValue]:
    """Return an array's members, references not followed."""
    return list(list.__iter__(value)) if isinstance(value, ArrayObject) else []


def _filled(field: Field) -> SignatureField | None:
    """Return the field with its signature dictionary, an empty one if that cannot be read."""
    unreadable = SignatureField(field.name, field.dictionary, DictionaryObject(), field.reference)
    try:
        with foreign("signature field"):
            signature = look_up(field.dictionary, "/V")
            if signature is None:
                return None
            if not isinstance(signature, DictionaryObject):
                return unreadable
            sub_filter = str(look_up(signature, "/SubFilter", ""))
            kind = str(look_up(signature, "/Type", ""))
    except MalformedObjectError:
        return unreadable
    # Where the dictionary was read, not what the field refers to: that could lead on elsewhere.
    owner = read_from(signature)
    return SignatureField(field.name, field.dictionary, signature, owner, sub_filter, kind)
