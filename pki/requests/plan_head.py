"""The head of a plan: what is approved, and how it holds every line.

Lines are hashed one by one, the hashes of `CHUNK` lines together, and those of all chunks once
more: `lines_sha256`. Who carries the plan out reads all lines first and keeps the chunks' hashes
(32 octets each), and hashes each chunk again when its lines are about to be done. So what is
signed is what was approved, though somebody writes into the table of lines meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from pki.errors.plans import PlanChangedError, PlanEmptyError, PlanFieldError, PlanUnknownError
from pki.records.plans import PlanKind, PlanLine, PlanRegister
from pki.records.requests import CERTIFYING, Case, RequestKind
from pki.requests.content import Deed, deed_of, same_deed

FORMAT = "antin.plan/1"
CHUNK = 128
MAX_GROUPS = 64
MAX_TITLE = 200
Group = tuple[str, str | None]
"""Whose key signs by which profile; None for the profile of changes of status."""


def group_of(line: PlanLine) -> Group:
    """Return with which others a line is carried out."""
    item = line.item
    return (item.issuer, item.profile if item.kind in CERTIFYING else None)


@dataclass(slots=True)
class Tally:
    """What is counted of lines as they pass by; none of them is kept."""

    count: int = 0
    kinds: dict[RequestKind, int] = field(default_factory=dict)
    groups: dict[Group, int] = field(default_factory=dict)
    agencies: dict[str | None, int] = field(default_factory=dict)
    chunks: bytearray = field(default_factory=bytearray)
    _open: list[bytes] = field(default_factory=list)

    def add(self, line: PlanLine) -> None:
        """Count a line.

        Raises:
            PlanFieldError: it is of one group more than a plan may have.
        """
        item, group = line.item, group_of(line)
        self.count += 1
        self.kinds[item.kind] = self.kinds.get(item.kind, 0) + 1
        self.groups[group] = self.groups.get(group, 0) + 1
        self.agencies[item.agency] = self.agencies.get(item.agency, 0) + 1
        if len(self.groups) > MAX_GROUPS:
            raise PlanFieldError(field="profile")
        self._open.append(line.sha256())
        if len(self._open) == CHUNK:
            self._close()

    def head(self, kind: PlanKind, title: str, annex: Mapping[str, object]) -> Deed:
        """Return the head of a plan with exactly these lines.

        Raises:
            PlanEmptyError: there are none.
            PlanFieldError: the title is too long or empty.
        """
        if not self.count:
            raise PlanEmptyError
        if not 0 < len(title) <= MAX_TITLE or not title.isprintable():
            raise PlanFieldError(field="title")
        return {
            "issuer": "-",
            "profile": "-",
            "plan": FORMAT,
            "for": kind.value,
            "title": title,
            "annex": dict(annex),
            **self.told(),
        }

    def told(self) -> dict[str, object]:
        """Return what a head says of its lines."""
        if self._open:
            self._close()
        return {
            "lines": self.count,
            "lines_sha256": sha256(self.chunks).hexdigest(),
            "kinds": {kind.value: count for kind, count in self.kinds.items()},
            "groups": [[*group, count] for group, count in self.groups.items()],
        }

    def _close(self) -> None:
        self.chunks += sha256(b"".join(self._open)).digest()
        self._open.clear()


@dataclass(frozen=True, slots=True)
class CoveredLine:
    """A line that was found to be one of an approved head; `Coverage` alone makes them."""

    line: PlanLine
    content_sha256: str
    """Of the head."""

    def approved_for(self, case: Case) -> bool:
        """Say whether it is a line of that plan, with the head it has."""
        record = case.record
        return (
            record.kind is RequestKind.PLAN
            and record.id == self.line.plan
            and record.content_sha256 == self.content_sha256
        )


@dataclass(frozen=True, slots=True)
class Coverage:
    """The lines of a plan, as its head has them."""

    case: Case
    head: Mapping[str, Any]
    tally: Tally
    plans: PlanRegister

    def chunk(self, index: int) -> tuple[CoveredLine, ...]:
        """Return some lines, read again and compared again.

        Raises:
            PlanChangedError: they are not those that the head is of.
        """
        plan = self.case.record.id
        lines = self.plans.lines(plan, index * CHUNK, CHUNK)
        found = sha256(b"".join(line.sha256() for line in lines)).digest()
        if found != self.tally.chunks[index * 32 : index * 32 + 32]:
            raise PlanChangedError(plan=plan)
        content_sha256 = self.case.record.content_sha256
        return tuple(CoveredLine(line, content_sha256) for line in lines)

    @property
    def chunks(self) -> int:
        """How many there are."""
        return len(self.tally.chunks) // 32

    @property
    def groups(self) -> Sequence[Group]:
        """Which groups of lines there are, in the order of their first lines."""
        return tuple(self.tally.groups)


def head_of(case: Case, content: bytes) -> Mapping[str, Any]:
    """Return the head of a plan.

    Args:
        case: the request.
        content: its words, which were compared with its hash.

    Raises:
        PlanUnknownError: it is not a plan.
        RequestChangedError: the words are of another request.
    """
    head = deed_of(content, case.record.id)
    if case.record.kind is not RequestKind.PLAN or head.get("plan") != FORMAT:
        raise PlanUnknownError(plan=case.record.id)
    return head


def cover(case: Case, content: bytes, plans: PlanRegister) -> Coverage:
    """Read all lines of a plan and compare them with its head.

    Raises:
        PlanChangedError: they are others, fewer, or more.
        PKIError: as `head_of`.
    """
    head, tally = head_of(case, content), Tally()
    for line in every_line(plans, case.record.id):
        tally.add(line)
    told = tally.told()
    if not same_deed({name: head.get(name) for name in told}, told):
        raise PlanChangedError(plan=case.record.id)
    return Coverage(case, head, tally, plans)


def every_line(plans: PlanRegister, plan: str) -> Iterator[PlanLine]:
    """Yield all lines of a plan, in order, a chunk in memory at a time."""
    last = 0
    while lines := plans.lines(plan, last, CHUNK):
        yield from lines
        last = lines[-1].number
