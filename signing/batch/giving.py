"""Gives documents of a batch out while the next ones are being signed: the disk takes as long."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from pki.collecting import collecting_seldom
from pki.errors.tree import PKIError
from signing.batch.journal import Journal
from signing.batch.made import give_out
from signing.batch.makers import Attempt, Maker, Pair
from signing.files import Existing
from signing.later import Later

AHEAD = 4
"""Signed documents that wait in memory for the disk."""
Given = tuple[Attempt, PKIError | None]
"""What was attempted, and what went wrong, with making it or with giving it out."""


class Giving:
    """One thread that gives out, in the order of the attempts."""

    def __init__(
        self, *, existing: Existing, journal: Journal | None = None, later: Later | None = None
    ) -> None:
        """Give out as `give_out` does.

        Args:
            existing: what may be replaced.
            journal: of the outputs' folder.
            later: where what is to be raised is queued.
        """
        self._existing = existing
        self._journal = journal
        self._later = later
        self._disk = ThreadPoolExecutor(max_workers=1)
        self._waiting: deque[tuple[Attempt, Future[None]]] = deque()

    def put(self, attempt: Attempt) -> Iterator[Given]:
        """Take one more, and yield those that are done with, this one where it failed."""
        if attempt.error is not None:
            yield from self.rest()
            yield attempt, attempt.error
            return
        self._waiting.append((attempt, self._disk.submit(self._give, attempt)))
        while len(self._waiting) > AHEAD:
            yield self._next()

    def rest(self) -> Iterator[Given]:
        """Yield all that still wait, when they are given out."""
        while self._waiting:
            yield self._next()

    def close(self) -> None:
        """Wait for the disk."""
        self._disk.shutdown()

    def _give(self, attempt: Attempt) -> None:
        assert attempt.made is not None  # noqa: S101  whoever failed is not given out
        give_out(
            attempt.made,
            attempt.target,
            existing=self._existing,
            journal=self._journal,
            later=self._later,
        )

    def _next(self) -> Given:
        attempt, future = self._waiting[0]
        try:
            future.result()
        except PKIError as error:
            done: Given = (attempt, error)
        else:
            done = (attempt, None)
        self._waiting.popleft()
        return done


def sign_each(pairs: Sequence[Pair], maker: Maker, giving: Giving) -> Iterator[Given]:
    """Sign many documents, yielding each when its output is on the disk, in the order asked.

    While the disk confirms one document the next is being signed, never more than `AHEAD` of them.
    What is refused is yielded with its error, and the others go on. Whoever is interrupted finds
    what was signed already with `giving.rest`.

    Args:
        pairs: source and target of each document.
        maker: who signs; see `signing.batch.makers`. It is the caller's to close.
        giving: how outputs are given out; the caller's to close, too.
    """
    with collecting_seldom():
        for attempt in maker.attempts(pairs):
            yield from giving.put(attempt)
        yield from giving.rest()
