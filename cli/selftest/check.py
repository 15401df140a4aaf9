"""All 25 invariants, tried and looked at: one line for each."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from cli.selftest.invariants import INVARIANTS, Invariant
from cli.selftest.look import Look, Seen
from cli.selftest.sandbox import Broken, make_sandbox
from cli.session import Session, table
from pki.errors.tree import Phrase, Phrases, PKIError, phrase
from pki.records.register import Register
from pki.words import say, show


class Outcome(StrEnum):
    """What came of an invariant."""

    HELD = "held"
    PARTLY = "partly"
    """What there is of it holds; something is not here yet."""
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


def check_invariants(register: Register, place: Path | str, now: datetime) -> tuple[Line, ...]:
    """Try each invariant in a sandbox of its own, and look at the register for all of them.

    Raises:
        UnavailableError: the register, or a folder for sandboxes, cannot be had.
    """
    seen = Look(register, place, now).run()
    return tuple(_line(invariant, seen, now) for invariant in INVARIANTS)


def as_text(lines: tuple[Line, ...], session: Session) -> str:
    """Return the table, and how many came out how."""
    counts = Counter(line.outcome for line in lines)
    facts = {outcome.value: counts[outcome] for outcome in Outcome}
    rows = table([line.as_row(session) for line in lines])
    return f"{rows}\n{say('cli.selftest.summary', facts, session.language)}"


def _line(invariant: Invariant, seen: Seen, now: datetime) -> Line:
    found = [*seen.findings.get(invariant.number, ()), *_tried(invariant, now)]
    if found:
        return Line(invariant, Outcome.BROKEN, Phrases(tuple(found)))
    if invariant.left_out is not None:
        return Line(invariant, Outcome.PARTLY, phrase(invariant.left_out))
    if invariant.looked_at:
        told = phrase("cli.selftest.tried_and_looked", count=seen.certificates)
        return Line(invariant, Outcome.HELD, told)
    return Line(invariant, Outcome.HELD, phrase("cli.selftest.tried"))


def _tried(invariant: Invariant, now: datetime) -> list[Phrase]:
    found = []
    for trial in invariant.trials:
        with tempfile.TemporaryDirectory(prefix="antin-selftest-") as folder:
            sandbox = make_sandbox(Path(folder), now)
            try:
                trial(sandbox)
            except Broken as broken:
                found.append(broken.finding)
            except PKIError as error:
                found.append(phrase("cli.selftest.failed", code=error.code))
            finally:
                sandbox.close()
    return found
