"""The root of Antin's error tree.

    PKIError(**facts)         one root; never raised itself
    ├─ InvalidInputError      the file is malformed: whoever sent it must mend it
    ├─ RefusedError           policy, profile or state says no: change the request
    └─ UnavailableError       token, service, disk, lock: try again or mend the environment

An error carries a stable code and typed facts, and no sentence: text is made at the edge
(`pki.words`), in the language of whoever reads it. `<code>` and `<code>.hint` are message ids of
the catalogue. Every package subclasses the three middle classes; nothing else crosses its border.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Phrase:
    """Part of a sentence, for a fact that is words: put into the language of the whole."""

    id: str
    """Message id."""
    facts: Mapping[str, Fact] = field(default_factory=dict)


def phrase(id_: str, /, **facts: Fact) -> Phrase:
    """Return part of a sentence: the message `id_` and what its placeholders stand for."""
    return Phrase(id_, facts)


@dataclass(frozen=True, slots=True)
class Phrases:
    """Several parts of a sentence, as one fact."""

    parts: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class Bilingual:
    """Words that came in both languages, from a file rather than from the catalogue."""

    vi: str
    en: str


Fact = str | int | datetime | timedelta | Path | Phrase | Phrases | Bilingual | tuple[str, ...]


class PKIError(Exception):
    """Root of every error Antin raises on purpose.

    Attributes:
        code: stable identifier `package.what`; also the id of its message in the catalogue.
        facts: what the message's placeholders stand for; never a PIN or a key.
    """

    code: ClassVar[str]

    def __init__(self, **facts: Fact) -> None:
        super().__init__(facts)
        self.facts = facts

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process whole: an exception is otherwise made anew from `args`."""
        return partial(type(self), **self.facts), (), self.__dict__

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value!r}" for name, value in self.facts.items())
        return f"{self.code}: {facts}" if facts else self.code


class InvalidInputError(PKIError):
    """What came in is not what it claims to be; sending it again will not help."""


class RefusedError(PKIError):
    """Understood, and refused by policy, profile or state."""


class UnavailableError(PKIError):
    """Something this needs is not there now: token, service, disk, database, lock."""
