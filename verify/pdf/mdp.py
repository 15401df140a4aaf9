"""What a signature permits to be changed, and which fields it locks.

pyHanko 0.38 has the same, in a module that loads its fonts, layouts and path validation: a tenth of
what `antin verify one.pdf` takes.

Spec: ISO 32000-2 §12.8.2.2 (DocMDP), §12.8.2.4 (FieldMDP).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, TextStringObject


class Permission(IntEnum):
    """The level of DocMDP."""

    NO_CHANGES = 1
    FILL_FORMS = 2
    ANNOTATE = 3


class Scope(StrEnum):
    """What a lock is about."""

    ALL = "/All"
    INCLUDE = "/Include"
    EXCLUDE = "/Exclude"


@dataclass(frozen=True, slots=True)
class Lock:
    """Fields that stay as they are."""

    scope: Scope
    fields: tuple[str, ...] = ()
    """Full names: those that are locked, or those that are not; a name stands for all below it."""

    def is_locked(self, name: str) -> bool:
        """Say whether a field stays as it is."""
        if self.scope is Scope.ALL:
            return True
        listed = any(name == each or name.startswith(f"{each}.") for each in self.fields)
        return listed is (self.scope is Scope.INCLUDE)


def read_lock(dictionary: DictionaryObject) -> Lock:
    """Read a lock; only inside `verify.guard.foreign`.

    Raises:
        KeyError, TypeError, ValueError: it is no such dictionary.
    """
    scope = Scope(str(dictionary["/Action"]))
    if scope is Scope.ALL:
        return Lock(scope)
    fields = dictionary["/Fields"]
    if not isinstance(fields, ArrayObject):
        raise TypeError("/Fields is no array")
    names = tuple(fields)
    if not all(isinstance(name, TextStringObject) for name in names):
        raise TypeError("/Fields holds what is no text")
    return Lock(scope, tuple(map(str, names)))
