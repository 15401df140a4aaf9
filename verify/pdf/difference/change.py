"""One thing that a revision changed, and how much of a permission it needs.

Spec: ISO 32000-2 §12.8.2.2.2, table 257 (levels of DocMDP).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """What must be permitted for a change; the numbers are those of DocMDP, the last is never."""

    EVIDENCE = 1
    """Validation evidence, document time-stamps, and what nobody sees."""
    FORM = 2
    """Filling in fields, signing."""
    ANNOTATION = 3
    OTHER = 4


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a revision changed."""

    level: Level
    what: str
    """Which: `changed.<what>` is its message."""
    where: str
    """A page, a field, or a path from the catalogue."""
    object: str = ""
    """The indirect object, as the file numbers it."""
    field: str | None = None
    """The field's full name, where a lock on it forbids the change."""
    filled: bool = False
    """A value was filled in, as opposed to signed."""
