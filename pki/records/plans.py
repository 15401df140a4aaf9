"""What is recorded of a plan: one request for many deeds, each a line of its own.

A plan is a request of kind `plan`: its words are the head, which has the hash of all lines, so who
approves the head approves every line. The lines are written before the head; once it stands, none
is added, changed or taken out. What became of a line is a row of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Protocol

from pki.records.certificates import serial_text
from pki.records.requests import CERTIFYING, RequestKind


class PlanKind(StrEnum):
    """What a plan is for; how its lines are found."""

    RENEW = "renew"
    """All that expire in a span, for the same keys."""
    REISSUE = "reissue"
    """As a file says, line by line."""
    MERGE = "merge"
    """Agencies become one."""
    MOVE = "move"
    """A part of an agency goes to another."""


LINE_KINDS = (*CERTIFYING, RequestKind.HOLD, RequestKind.RELEASE, RequestKind.REVOKE)
"""What a line may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanItem:
    """One deed that a maker proposes; it becomes a line when it is numbered."""

    kind: RequestKind
    """One of `LINE_KINDS`."""
    issuer: str
    """Whose key signs, or whose certificate's status changes."""
    profile: str
    serial: int | None = None
    """Of the certificate that it is about; None for a new one."""
    person: str | None = None
    post: str | None = None
    agency: str | None = None
    device: str | None = None
    source: int | None = None
    """Line of the file that it came from, counted from 1, for its faults; not part of the plan."""
    deed: bytes
    """Canonical JSON (`pki.requests.canonical`) of exactly the deed of `pki.authority.deeds`."""

    def line(self, plan: str, number: int) -> PlanLine:
        """Return it as a line of a plan."""
        return PlanLine(plan, number, self)


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One deed of a plan. Never changes; its deed is emptied with the certificate's content."""

    plan: str
    """Id of the request."""
    number: int
    """Counts from 1."""
    item: PlanItem

    @property
    def request_id(self) -> str:
        """The request id of the certificate that comes of it."""
        return f"{self.plan}.{self.number}"

    def sha256(self) -> bytes:
        """Return the hash of everything that the line says."""
        one = self.item
        told = [
            *(self.plan, self.number, one.kind.value, one.issuer, one.profile),
            *(None if one.serial is None else serial_text(one.serial), one.person, one.post),
            *(one.agency, one.device),
        ]
        # JSON has no line break of its own, so nothing can move from one part to the other.
        return sha256(json.dumps(told).encode() + b"\n" + one.deed).digest()


class EndState(StrEnum):
    """What became of a line."""

    DONE = "done"
    REFUSED = "refused"
    """For good: what is still wanted stands in a new plan."""


@dataclass(frozen=True, slots=True)
class PlanEnd:
    """The end of a line, recorded in the transaction that does what it says."""

    plan: str
    number: int
    state: EndState
    at: datetime
    code: str | None = None
    """Of the error that refused it."""
    serial: int | None = None
    """Of the certificate that came of it."""


@dataclass(frozen=True, slots=True)
class WriteLines:
    """Some lines of a plan that has no head yet, numbered on from those before."""

    lines: tuple[PlanLine, ...]


@dataclass(frozen=True, slots=True)
class SweepLines:
    """Take out the lines of a plan that never got a head."""

    plan: str


@dataclass(frozen=True, slots=True)
class BeginLines:
    """Ask, in the transaction that begins lines, whether their plan is still under way."""

    lines: tuple[PlanLine, ...]
    """Of one plan; at least one."""
    at: datetime
    grants: tuple[str, ...] = ()
    """Roles that must be in force still: of those whose approvals it relies on."""


@dataclass(frozen=True, slots=True)
class EndLine:
    """What became of a line."""

    record: PlanEnd


PlanChange = WriteLines | SweepLines | BeginLines | EndLine


@dataclass(frozen=True, slots=True)
class AgencyCount:
    """How many lines for an agency came to which end; one row of a plan's report."""

    agency: str | None
    state: EndState | None
    """None for lines that are left."""
    code: str | None
    lines: int


class PlanRegister(Protocol):
    """Where plans are kept; the head is a request, and changes go through `Register.commit`.

    Every method raises `UnavailableError` when the store behind it fails.
    """

    def lines(self, plan: str, after: int, limit: int) -> tuple[PlanLine, ...]:
        """Return lines in order, from the one numbered `after + 1`."""
        ...

    def count(self, plan: str) -> int:
        """Return how many lines stand under that id, whether or not it has a head."""
        ...

    def ends(self, plan: str, after: int, until: int) -> Mapping[int, PlanEnd]:
        """Return the ends of the lines numbered `after + 1` to `until`, by number."""
        ...

    def ended(self, plan: str) -> int:
        """Return how many lines have come to an end."""
        ...

    def report(self, plan: str) -> Sequence[AgencyCount]:
        """Return what became of the lines, by agency."""
        ...

    def headless(self) -> Sequence[str]:
        """Return ids under which lines stand and no head."""
        ...
