"""All 25 invariants, tried and looked at: one line for each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from cli.selftest.invariants import INVARIANTS, Invariant
from cli.selftest.look import Look, Seen
from cli.selftest.sandbox import Broken, sandbox_beside
from cli.session import Session, error_object, table
from pki.errors.register import RegisterUnreachableError, ScratchForbiddenError
from pki.errors.tree import Phrase, Phrases, PKIError, phrase
from pki.records.register import Register
from pki.register.scratch import engine_of
from pki.words import hint_of, message_of, say, show

_IN_FILES = Path("register.db")
"""Beside a register in SQLite, wherever it is, a sandbox is in a folder of its own."""


class Outcome(StrEnum):
    """What came of an invariant."""

    HELD = "held"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Line:
    """One invariant and what came of it."""

    invariant: Invariant
    outcome: Outcome
    detail: Phrase | Phrases

    def as_row(self, session: Session) -> tuple[str, ...]:
        """Return it as a line of the table."""
        outcome = session.word(f"cli.selftest.{self.outcome.value}")
        statement = session.word(f"cli.selftest.invariant.{self.invariant.name}")
        return (
            self.invariant.name,
            outcome,
            f"{statement} — {show(self.detail, session.language)}",
        )

    def as_json(self, session: Session) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "number": self.invariant.number,
            "outcome": self.outcome.value,
            "statement": session.word(f"cli.selftest.invariant.{self.invariant.name}"),
            "detail": show(self.detail, session.language),
        }


@dataclass(frozen=True, slots=True)
class Checked:
    """All of them, and where they were tried."""

    lines: tuple[Line, ...]
    engine: str
    """Of the sandboxes' registers: `sqlite` or `postgresql`."""
    instead: PKIError | None
    """Why that is not the engine of the home's own register; None where it is."""

    @property
    def is_broken(self) -> bool:
        """Whether any is."""
        return any(line.outcome is Outcome.BROKEN for line in self.lines)

    def as_text(self, session: Session) -> str:
        """Return the table, where it was tried, and how many came out how."""
        counts = Counter(line.outcome for line in self.lines)
        facts = {outcome.value: counts[outcome] for outcome in Outcome}
        told = [table([line.as_row(session) for line in self.lines])]
        told.append(session.word(f"cli.selftest.sandboxes.{self.engine}"))
        if self.instead is not None:
            told += [message_of(self.instead, session.language)]
            told += [hint_of(self.instead, session.language)]
        return "\n".join([*told, say("cli.selftest.summary", facts, session.language)])

    def as_json(self, session: Session) -> dict[str, Any]:
        """Return them as JSON."""
        instead = self.instead
        return {
            "sandboxes": self.engine,
            "sandboxes_instead": None
            if instead is None
            else error_object(instead, session.language),
            "invariants": [line.as_json(session) for line in self.lines],
        }


def check_invariants(register: Register, place: Path | str, now: datetime) -> Checked:
    """Try each invariant in a sandbox of its own, and look at the register for all of them.

    The sandboxes are on the engine of the register; in SQLite where its database has no room for
    them.

    Raises:
        UnavailableError: the register, or a folder for sandboxes, cannot be had.
    """
    seen = Look(register, place, now).run()
    beside, instead = _find_room(place, now)
    lines = tuple(_line(invariant, seen, beside, now) for invariant in INVARIANTS)
    return Checked(lines, engine_of(beside), instead)


def _find_room(place: Path | str, now: datetime) -> tuple[Path | str, PKIError | None]:
    """Return beside which register sandboxes can be, and why beside no other."""
    try:
        with sandbox_beside(place, now):
            return place, None
    except (ScratchForbiddenError, RegisterUnreachableError) as error:
        return _IN_FILES, error


def _line(invariant: Invariant, seen: Seen, beside: Path | str, now: datetime) -> Line:
    found = [*seen.findings.get(invariant.number, ()), *_tried(invariant, beside, now)]
    if found:
        return Line(invariant, Outcome.BROKEN, Phrases(tuple(found)))
    if invariant.looked_at:
        told = phrase("cli.selftest.tried_and_looked", count=seen.certificates)
        return Line(invariant, Outcome.HELD, told)
    return Line(invariant, Outcome.HELD, phrase("cli.selftest.tried"))


def _tried(invariant: Invariant, beside: Path | str, now: datetime) -> list[Phrase]:
    found = []
    for trial in invariant.trials:
        with sandbox_beside(beside, now) as sandbox:
            try:
                trial(sandbox)
            except Broken as broken:
                found.append(broken.finding)
            except PKIError as error:
                found.append(phrase("cli.selftest.failed", code=error.code))
    return found
