"""Gives documents out while the next ones are being signed: the disk confirms for as long."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from cli.documents.makers import Attempt
from pki.errors.tree import PKIError

AHEAD = 4
"""Signed documents that wait in memory for the disk."""
Given = tuple[Attempt, PKIError | None]
"""What was attempted, and what went wrong, with making it or with giving it out."""


class Giving:
    """One thread that gives out, in the order of the attempts."""

    def __init__(self, give: Callable[[Attempt], None]) -> None:
        self._give = give
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
