"""The end of a batch: how many documents came to what, and what the causes were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cli.documents.batch import Outcome
from cli.session import Session

INTERRUPTED = "interrupted"


@dataclass(slots=True)
class Summary:
    """Counts outcomes."""

    states: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    hints: dict[str, str] = field(default_factory=dict)
    """What to do, by code."""
    stopped_by: str | None = None
    """Code of what ended the batch early, or `interrupted`."""

    def add(self, outcome: Outcome) -> None:
        """Count one."""
        self.states[outcome.data["state"]] += 1
        error = outcome.data.get("error")
        if error is not None:
            self.causes[error["code"]] += 1
            self.hints.setdefault(error["code"], error["hint"])

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "documents": self.states.total(),
            "signed": self.states["signed"],
            "already": self.states["already"],
            "failed": self.states["failed"],
            "not_begun": self.states["not-begun"],
            "stopped_by": self.stopped_by,
            "causes": [
                {"code": code, "count": count, "hint": self.hints[code]}
                for code, count in self.causes.most_common()
            ],
        }

    def lines(self, session: Session, *, resumable: bool) -> Iterable[str]:
        """Yield it in words.

        Args:
            session: in which language.
            resumable: there is a journal to go on by.
        """
        yield session.word(
            "cli.sign.summary",
            signed=self.states["signed"],
            already=self.states["already"],
            failed=self.states["failed"],
            not_begun=self.states["not-begun"],
        )
        for code, count in self.causes.most_common():
            yield session.word("cli.sign.cause", count=count, code=code, hint=self.hints[code])
        if self.stopped_by == INTERRUPTED:
            yield session.word("cli.sign.interrupted")
        elif self.stopped_by is not None:
            yield session.word("cli.sign.stopped", code=self.stopped_by)
        if resumable and (self.states["failed"] or self.states["not-begun"]):
            yield session.word("cli.sign.go_on")
