"""A revision and the one before it, side by side: what is the same, and what was found changed.

Objects are followed from the catalogue in both at once. What a rule permits to differ it looks at
itself; everything else must be the same as before, however deep. An object that is reached in two
ways is looked at in both, so that what is a form field cannot change what is also a page's content.
"""

from __future__ import annotations

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    BooleanObject,
    ByteStringObject,
    DictionaryObject,
    FloatObject,
    IndirectObject,
    NameObject,
    NullObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)

from verify.errors import MalformedObjectError
from verify.guard import PDFValue, foreign
from verify.pdf.difference.change import Change, Level
from verify.pdf.difference.history import History, Key, entries, key_of, members

MAX_FORBIDDEN = 64
"""More changes that are never permitted are not looked for: one is enough."""
_LINKS = frozenset({"/Parent", "/P", "/Pg", "/Popup", "/IRT", "/Obj", "/SE", "/CO"})
"""Keys by which one object only names another, that is looked at in its own place."""
_REWRITTEN = frozenset({"/Length"})
_NOTHING: frozenset[str] = frozenset()

_STRINGS = TextStringObject, ByteStringObject
_NUMBERS = NumberObject, FloatObject
Pending = tuple[PDFValue, PDFValue, str]
"""A value before, the same after, and the key they stand under."""


class EnoughChangesError(Exception):
    """There are more changes than are told."""


class Step:
    """Two revisions side by side."""

    def __init__(self, history: History, new: int) -> None:
        self.history = history
        self.new = new
        self.old = new - 1
        self.defined = history.defined(new)
        self.changes: dict[Change, None] = {}
        self.places: frozenset[Key] = frozenset()
        """Pages, nodes of their tree and the catalogue: looked at in their own place."""
        self.named: set[Key] = set()
        """Annotations, fields and structure elements, which others name by a link."""
        self.dirty: frozenset[Key] = frozenset()
        """What was changed, and all that leads to it."""
        self.fields: set[Key] = set()
        """Fields and widgets that were looked at in the form."""
        self.filled: set[Key] = set()
        """Fields and widgets that were filled in."""
        self.signed: set[Key] = set()
        """Signature fields that are new, or newly signed, and their widgets."""
        self._forbidden = 0
        self._same: set[tuple[Key, Key]] = set()

    def report(self, change: Change) -> None:
        """Note a change.

        Raises:
            EnoughChangesError: there are more than are told.
        """
        self.changes[change] = None
        self._forbidden += change.level is Level.OTHER
        if self._forbidden >= MAX_FORBIDDEN:
            raise EnoughChangesError

    def forbid(self, what: str, where: str, value: PDFValue = None) -> None:
        """Note a change that is never permitted."""
        self.report(Change(Level.OTHER, what, where, name_of(value)))

    def before(self, value: PDFValue) -> PDFValue:
        """Return a value of the revision before, references followed."""
        return self.history.value(value, self.old)

    def after(self, value: PDFValue) -> PDFValue:
        """Return a value of the new revision, references followed."""
        return self.history.value(value, self.new)

    def untouched(self, old: PDFValue, new: PDFValue) -> bool:
        """Say whether two values are one reference to what did not change, however deep."""
        if not isinstance(old, IndirectObject) or not isinstance(new, IndirectObject):
            return False
        return key_of(old) == key_of(new) and key_of(new) not in self.dirty

    def same(self, old: PDFValue, new: PDFValue, key: str = "") -> bool:
        """Say whether two values are the same, references followed."""
        pending: list[Pending] = [(old, new, key)]
        assumed: set[tuple[Key, Key]] = set()
        while pending:
            old, new, key = pending.pop()
            if self._named_alike(old, new, key) or self.untouched(old, new):
                continue
            if isinstance(old, IndirectObject) and isinstance(new, IndirectObject):
                pair = (key_of(old), key_of(new))
                if pair in assumed or pair in self._same:
                    continue
                if pair[0] in self.places or pair[1] in self.places:
                    return False
                assumed.add(pair)
            inner = self._compare(self.before(old), self.after(new), key)
            if inner is None:
                return False
            pending += inner
        self._same |= assumed
        return True

    def _named_alike(self, old: PDFValue, new: PDFValue, key: str) -> bool:
        """Say whether both only name the same object, that is looked at in its own place."""
        if not isinstance(old, IndirectObject) or not isinstance(new, IndirectObject):
            return False
        name = key_of(old)
        if name != key_of(new):
            return False
        return name in self.places or (key in _LINKS and name in self.named)

    def _compare(self, old: PDFValue, new: PDFValue, key: str) -> list[Pending] | None:
        """Return what has to be the same for two values to be; None when they are not."""
        if isinstance(old, DictionaryObject) and isinstance(new, DictionaryObject):
            streams = isinstance(old, StreamObject), isinstance(new, StreamObject)
            if any(streams) and not (all(streams) and self._same_data(old, new)):
                return None
            return paired(entries(old), entries(new), _REWRITTEN if any(streams) else _NOTHING)
        if isinstance(old, ArrayObject) and isinstance(new, ArrayObject):
            if len(old) != len(new):
                return None
            return [(*each, key) for each in zip(members(old), members(new), strict=True)]
        return [] if _equal(old, new) else None

    def _same_data(self, old: PDFValue, new: PDFValue) -> bool:
        """Say whether two streams hold the same bytes, as they stand or decoded."""
        # The same bytes in another object of an encrypted document would be another content.
        if not self.history.encrypted and old.encoded_data == new.encoded_data:
            return True
        try:
            with foreign("stream"):
                return bool(old.data == new.data)
        except MalformedObjectError:
            return False  # a viewer may know more filters


def paired(
    old: dict[str, PDFValue], new: dict[str, PDFValue], skipped: frozenset[str] = _NOTHING
) -> list[Pending]:
    """Return what stands in either of two dictionaries, side by side."""
    keys = sorted((old.keys() | new.keys()) - skipped)
    return [(old.get(key), new.get(key), key) for key in keys]


def name_of(value: PDFValue) -> str:
    """Return an indirect object as the file numbers it; nothing for a value that is none."""
    return f"{value.idnum} {value.generation}" if isinstance(value, IndirectObject) else ""


def is_nothing(value: PDFValue) -> bool:
    """Say whether a value is null, or not there."""
    return value is None or isinstance(value, NullObject)


def _equal(old: PDFValue, new: PDFValue) -> bool:
    if is_nothing(old) or is_nothing(new):
        return is_nothing(old) and is_nothing(new)
    if isinstance(old, _STRINGS) and isinstance(new, _STRINGS):
        return bool(old.original_bytes == new.original_bytes)
    if isinstance(old, BooleanObject) and isinstance(new, BooleanObject):
        return bool(old.value == new.value)
    if isinstance(old, NameObject) and isinstance(new, NameObject):
        return str(old) == str(new)
    return isinstance(old, _NUMBERS) and isinstance(new, _NUMBERS) and old == new
