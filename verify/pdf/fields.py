"""Finds the signature fields that hold something, one broken field not hiding the others.

Spec: ISO 32000-2 §12.7.4, §12.7.5.5, §12.8.
"""

from __future__ import annotations

import re
from collections import deque
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
from verify.pdf.reader import Reader
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
    walk = _Walk(pdf.reader)
    for root in _roots(pdf.reader):
        reference = root.reference if isinstance(root, IndirectObject) else None
        if reference in pdf.unsigned:
            continue
        walk.begin()
        signed = [_filled(field) for field in walk.down(root) if field.type == "/Sig"]
        found += [each for each in signed if each is not None]
        if len(found) > limit:
            raise TooManySignaturesError(name=name, limit=limit)
        if reference is not None and walk.sure and not any(signed):
            pdf.unsigned[reference] = frozenset(walk.looked_at)
    return tuple(found)


def find_fields(handler: PDFValue) -> Iterator[Field]:
    """Yield the terminal fields of a document or of one of its revisions."""
    walk = _Walk(None)
    for root in _roots(handler):
        yield from walk.down(root)


def _roots(handler: PDFValue) -> list[PDFValue]:
    """Return the fields at the top of the form, references not followed."""
    try:
        with foreign("form"):
            return _items(handler.root["/AcroForm"]["/Fields"])
    except MalformedObjectError:
        return []


_MAY_SIGN = re.compile(rb"/Sig|/Kids|/FT\s*[^/\s]")


class _Walk:
    """A walk through the fields of a form, each object once.

    With a reader, fields whose bytes show that they are no signature fields are not read: forms of
    more than a thousand fields and one signature are common, and reading all takes 0.2 s where
    looking at their bytes takes 0.005 s.
    """

    def __init__(self, reader: Reader | None) -> None:
        self._reader = reader
        self._seen: set[Reference] = set()
        self.begin()

    def begin(self) -> None:
        """Start to note anew what was looked at."""
        self.looked_at: set[Reference] = set()
        self.sure = True
        """What was found hangs on the objects looked at, and on nothing else."""

    def down(self, root: PDFValue) -> Iterator[Field]:
        """Yield the terminal fields from a top one down."""
        pending = deque((node, "", "") for node in self._wanted([root], ""))
        while pending:
            node, prefix, inherited = pending.popleft()
            step = self._step(node, prefix, inherited)
            if step is None:
                self.sure = False
                continue
            field, kids = step
            if kids:
                pending.extend((kid, field.name, field.type) for kid in kids)
            else:
                yield field

    def _step(
        self, node: PDFValue, prefix: str, inherited: str
    ) -> tuple[Field, list[PDFValue]] | None:
        try:
            with foreign("form field"):
                if isinstance(node, IndirectObject):
                    if node.reference in self._seen:
                        return None
                    self._seen.add(node.reference)
                dictionary = node.get_object()
                if not isinstance(dictionary, DictionaryObject):
                    return None
                self._note(node, dictionary)
                own = str(look_up(dictionary, "/T", ""))
                name = f"{prefix}.{own}" if prefix and own else prefix or own
                kind = str(look_up(dictionary, "/FT", inherited))
                field = Field(name, kind, dictionary, read_from(dictionary))
                kids = self._wanted(_items(look_up(dictionary, "/Kids")), kind)
                return field, [kid for kid in kids if _is_field(kid)]
        except MalformedObjectError:
            return None

    def _wanted(self, nodes: list[PDFValue], inherited: str) -> list[PDFValue]:
        return [node for node in nodes if not self._is_no_signature(node, inherited)]

    def _is_no_signature(self, node: PDFValue, inherited: str) -> bool:
        """Say whether the bytes of a field show that it is no signature field."""
        if self._reader is None or inherited == "/Sig" or not isinstance(node, IndirectObject):
            return False
        found, stream = self._reader.plain_bytes_in(node.reference)
        if found is None or _MAY_SIGN.search(found):
            return False
        self.looked_at.add(node.reference)
        if stream is not None:
            self.looked_at.add(stream)
        return True

    def _note(self, node: PDFValue, dictionary: DictionaryObject) -> None:
        """Note what a field's being signed or not hangs on."""
        if isinstance(node, IndirectObject):
            self._look_at(node.reference)
        kids = dict.get(dictionary, "/Kids")
        if isinstance(kids, IndirectObject):
            self._look_at(kids.reference)
        elsewhere = (dict.get(dictionary, key) for key in ("/T", "/FT", "/V"))
        if read_from(dictionary) not in self.looked_at or any(
            isinstance(each, IndirectObject) for each in elsewhere
        ):
            self.sure = False

    def _look_at(self, reference: Reference) -> None:
        self.looked_at.add(reference)
        if self._reader is not None and (stream := self._reader.stream_of(reference)) is not None:
            self.looked_at.add(stream)


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
