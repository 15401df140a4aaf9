"""The objects of a document as each revision defines them, and which refer to which.

Each object version is read once, however many revisions are compared. Who refers to an object is
noted for all versions together: that names more than truly do, so it only tells what need not be
compared.

Spec: ISO 32000-2 §7.5.6 (incremental updates), §7.5.7 (object streams), §7.3.10 (a reference to
nothing is null).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DecryptedObjectProxy,
    DictionaryObject,
    IndirectObject,
    NullObject,
    Reference,
    StreamObject,
)
from pyhanko.pdf_utils.xref import XRefSection, XRefSectionData

from verify.errors import MalformedObjectError
from verify.guard import PDFValue, foreign
from verify.pdf.reader import Reader

Key = tuple[int, int]
"""Object number and generation."""

_NOTHING = NullObject()
_REFERENCE = re.compile(rb"(?<![0-9])(\d{1,10})\s+(\d{1,5})\s+R(?![A-Za-z])")
_HOPS = 16
_KEPT = 4096
_SMALL = 64 * 1024


def key_of(value: IndirectObject | Reference) -> Key:
    """Return what tells one object of a file from another."""
    return value.idnum, value.generation


def plain(value: PDFValue) -> PDFValue:
    """Return a value as it reads when it is decrypted; what is not encrypted after all as it is."""
    if not isinstance(value, DecryptedObjectProxy):
        return value
    try:
        with foreign("encrypted object"):
            return value.decrypted
    except MalformedObjectError:
        return value.raw_object  # the /Contents of a signature (ISO 32000-2 §7.6.2)


def members(value: PDFValue) -> list[PDFValue]:
    """Return what stands in an array, references not followed; nothing of another value."""
    found = list.__iter__(value) if isinstance(value, ArrayObject) else ()
    return [plain(each) for each in found]


def entries(value: PDFValue) -> dict[str, PDFValue]:
    """Return what stands in a dictionary, references not followed; nothing of another value."""
    if not isinstance(value, DictionaryObject):
        return {}
    found = ((str(key), plain(each)) for key, each in dict.items(value))
    return {key: each for key, each in found if not isinstance(each, NullObject)}


class History:
    """The objects of a document in all its revisions."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._sections = reader.sections
        self._defined = [_defined_in(each) for each in self._sections]
        self._values: dict[tuple[Key, PDFValue], PDFValue] = {}
        self._referrers: dict[Key, set[Key]] = defaultdict(set)
        self._noted = 0
        self.encrypted = bool(reader.encrypted)

    def defined(self, revision: int) -> frozenset[Key]:
        """Return every object that a revision defines, moves or frees."""
        return self._defined[revision]

    def containers(self, first: int, last: int) -> frozenset[int]:
        """Return the numbers of the object streams that these revisions name."""
        return frozenset(
            number
            for section in self._sections[first : last + 1]
            for data in all_data(section)
            for number in data.obj_streams_used
        )

    def exists(self, key: Key, revision: int) -> bool:
        """Say whether a revision has the object."""
        return self._place(key, revision) is not None

    def value(self, found: PDFValue, revision: int) -> PDFValue:
        """Return a value with references followed, as a revision has them; null for nothing.

        Raises:
            MalformedObjectError: it cannot be read, or references lead on and on.
        """
        for _ in range(_HOPS):
            if not isinstance(found, IndirectObject | Reference):
                return found
            found = self._object(key_of(found), revision)
        raise MalformedObjectError(what="object", reason="references lead on and on")

    def _place(self, key: Key, revision: int) -> PDFValue:
        reference = Reference(*key, self._reader)
        return self._reader.xrefs.get_historical_ref(reference, revision)

    def _object(self, key: Key, revision: int) -> PDFValue:
        place = self._place(key, revision)
        if place is None:
            return _NOTHING
        if (key, place) in self._values:
            return self._values[key, place]
        with foreign("object"):
            found: PDFValue = self._reader.get_object(Reference(*key, self._reader), revision)
            large = isinstance(found, StreamObject) and len(found.encoded_data) > _SMALL
        if not large:
            if len(self._values) >= _KEPT:
                self._values.clear()
            self._values[key, place] = found
        return found

    def leading_to(
        self, keys: Iterable[Key], revision: int, *, not_beyond: frozenset[Key]
    ) -> frozenset[Key]:
        """Return the objects that these can be reached from, these included.

        Args:
            keys: where to begin.
            revision: which objects later ones refer to is not looked at.
            not_beyond: objects whose own referrers are not looked at.
        """
        self._note_referrers(revision)
        found = set(keys)
        pending = list(found)
        while pending:
            key = pending.pop()
            if key not in not_beyond:
                more = self._referrers[key] - found if key in self._referrers else ()
                found.update(more)
                pending.extend(more)
        return frozenset(found)

    def _note_referrers(self, revision: int) -> None:
        while self._noted <= revision:
            for key in self._defined[self._noted]:
                for target in self._referred(key, self._noted):
                    self._referrers[target].add(key)
            self._noted += 1

    def _referred(self, key: Key, revision: int) -> Iterator[Key]:
        place = self._place(key, revision)
        if place is None:
            return iter(())
        text = self._reader.plain_head(Reference(*key, self._reader), place)
        if text is not None:
            return ((int(number), int(more)) for number, more in _REFERENCE.findall(text))
        try:
            return references_in(self._object(key, revision))
        except MalformedObjectError:
            return iter(())  # whatever it leads to is then reached from nowhere


def all_data(section: XRefSection) -> Iterator[XRefSectionData]:
    """Yield what a section says, and its hybrid stream."""
    yield section.xref_data
    if section.xref_data.hybrid is not None:
        yield section.xref_data.hybrid.xref_data


def _defined_in(section: XRefSection) -> frozenset[Key]:
    found = (key for data in all_data(section) for key in data.explicit_refs_in_revision)
    return frozenset((number, max(generation, 0)) for number, generation in found)


def references_in(value: PDFValue) -> Iterator[Key]:
    """Yield what a value refers to itself, however deep in it."""
    pending = [value]
    while pending:
        found = pending.pop()
        if isinstance(found, IndirectObject):
            yield key_of(found)
        elif isinstance(found, ArrayObject):
            pending.extend(members(found))
        elif isinstance(found, DictionaryObject):
            pending.extend(entries(found).values())
