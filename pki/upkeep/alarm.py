"""An alarm: what will not work, or soon will not, since when or until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pki.errors.tree import Fact


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """Something does not work, or will not within days."""
    WARNING = "warning"
    """Something will not work if nobody does anything."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm. Its sentence is `code`, what to do about it `<code>.hint`."""

    severity: Severity
    code: str
    what: str
    """The thing: an authority's name, a file's name."""
    at: datetime | None = None
    """When it lapses, or since when it is so."""
    more: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same alarm as one before."""
        return (self.code, self.what, self.severity.value)

    @property
    def facts(self) -> dict[str, Fact]:
        """What the sentence's placeholders stand for."""
        return {"what": self.what, "at": self.at if self.at is not None else "-", **self.more}
