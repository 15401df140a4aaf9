"""What an administration says about its notices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pki.notices.due import DAYS
from pki.words import Language


class Form(StrEnum):
    """What goes to whom."""

    EACH = "each"
    """A message for each notice: to the person, else to the agency."""
    DIGEST = "digest"
    """A message for each agency, with all notices of its people in one run."""
    BOTH = "both"
    """To each person who can be reached, and all of it to the agency in one message."""


class Tongue(StrEnum):
    """In which language a message is written."""

    VI = "vi"
    EN = "en"
    BOTH = "both"
    """Vietnamese first."""

    @property
    def languages(self) -> tuple[Language, ...]:
        """The languages, in their order."""
        return (Language.VI, Language.EN) if self is Tongue.BOTH else (Language(self.value),)


@dataclass(frozen=True, slots=True)
class Rules:
    """Whom to write to, about what, and in which language."""

    days: tuple[int, ...] = DAYS
    form: Form = Form.EACH
    tongue: Tongue = Tongue.BOTH
    tongues: Mapping[str, Tongue] = field(default_factory=dict)
    """Of a recipient, by code."""
    agencies: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Addresses by the agency's code; one that is not here takes that of the agency above."""
    administrators: str | None = field(default=None, repr=False)
    fallback: str | None = field(default=None, repr=False)
    sender: str = "antin@antin.invalid"
    sender_name: str = "Antin"
