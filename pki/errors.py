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

from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

Fact = str | int | datetime | timedelta | Path | tuple[str, ...]


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

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value!r}" for name, value in self.facts.items())
        return f"{self.code}: {facts}" if facts else self.code


class InvalidInputError(PKIError):
    """What came in is not what it claims to be; sending it again will not help."""


class RefusedError(PKIError):
    """Understood, and refused by policy, profile or state."""


class UnavailableError(PKIError):
    """Something this needs is not there now: token, service, disk, database, lock."""


class MalformedDERError(InvalidInputError):
    """Bytes that should be DER are not (facts: `what`, `reason`)."""

    code = "pki.malformed_der"


class FetchRefusedError(RefusedError):
    """An address that may not be asked (facts: `url`, `reason`)."""

    code = "pki.fetch_refused"


class FetchFailedError(UnavailableError):
    """A remote service did not give a usable answer (facts: `url`, `reason`)."""

    code = "pki.fetch_failed"
