"""How far the judging of many documents is, and what came of them: for whoever sits before it."""

from __future__ import annotations

from collections import Counter

from cli.documents.batch import Outcome
from cli.documents.progress import Bar
from cli.session import Session

_UNREAD = "unread"


class JudgedMany:
    """Counts verdicts; the sum is said on stderr, where it disturbs no program."""

    def __init__(self, session: Session, total: int) -> None:
        self._session = session
        self._bar = Bar(session, total, "cli.verify.progress")
        self._counted: Counter[str] = Counter()

    def __call__(self, outcome: Outcome) -> None:
        """Count one more."""
        self._bar.advance()
        self._counted[outcome.data.get("indication", _UNREAD)] += 1

    def close(self) -> None:
        """Take the bar away, and say how many came to what if there were several."""
        self._bar.close()
        if self._counted.total() > 1:
            self._session.tell(
                "cli.verify.summary",
                documents=self._counted.total(),
                passed=self._counted["TOTAL-PASSED"],
                failed=self._counted["TOTAL-FAILED"],
                indeterminate=self._counted["INDETERMINATE"],
                unread=self._counted[_UNREAD],
            )
