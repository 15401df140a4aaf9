"""What is recorded of events that befall people, posts, agencies and tokens.

Decree 68/2024/ND-CP Art. 17 names them. An event is recorded once and never changes; it bears codes
alone. What it changed in the registry stands there, as versions of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class EventKind(StrEnum):
    """What befell."""

    POST_CHANGE = "post-change"
    """A person leaves a post, for another one or for none."""
    RETIREMENT = "retirement"
    LEAVING = "leaving"
    DEATH = "death"
    MERGER = "merger"
    """Another agency goes on in this one's place."""
    DISSOLUTION = "dissolution"
    LOSS = "loss"
    """Of a token."""
    DAMAGE = "damage"
    EXPOSURE = "exposure"
    """Somebody else may have used the token, or know its PIN."""


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event, by codes of the registry."""

    id: str
    kind: EventKind
    day: date
    """The first day on which what was before is over."""
    person: str | None
    post: str | None
    """The post that is left."""
    agency: str | None
    """The agency that ends."""
    device: str | None
    to_agency: str | None
    """The agency of the new post, or the one that goes on."""
    new_post: str | None
    content_sha256: str
    """Of everything that was said, lower-case hex: by this it is known again."""
    actor: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events to find, newest first; what is None does not narrow."""

    kind: EventKind | None = None
    person: str | None = None
    agency: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """An event, once."""

    record: EventRecord
