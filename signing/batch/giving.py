"""Gives documents of a batch out while the next ones are being signed: the disk takes as long.

Several are given out together, where they come quickly: a group waits for the disk less often than
its documents would one by one (`signing.batch.made.give_out_all`).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from pki.collecting import collecting_seldom
from pki.errors.tree import PKIError
from signing.batch.journal import Journal
from signing.batch.made import Leaving, give_out_all
from signing.batch.makers import Attempt, Maker, Pair
from signing.files import Existing
from signing.later import Later

GROUP = 4
"""So many are given out together at most."""
LINGER_SECONDS = 0.02
"""So long the first of a group waits for others."""
AHEAD = 8
"""Signed documents that wait in memory for the disk."""
AHEAD_BYTES = 64 * 1024 * 1024
"""Of those that are in memory."""
Given = tuple[Attempt, PKIError | None]
"""What was attempted, and what went wrong, with making it or with giving it out."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    attempt: Attempt
    leaving: Leaving
    done: Future[None] = field(default_factory=Future)

    @property
    def size(self) -> int:
        return len(self.attempt.made.data) if self.attempt.made is not None else 0


class Giving:
    """One thread that gives out, in the order of the attempts."""

    def __init__(
        self, *, existing: Existing, journal: Journal | None = None, later: Later | None = None
    ) -> None:
        """Give out as `give_out_all` does.

        Args:
            existing: what may be replaced.
            journal: of the outputs' folder.
            later: where what is to be raised is queued.
        """
        self._existing = existing
        self._journal = journal
        self._later = later
        self._coming: SimpleQueue[_Waiting | _Sign] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="giving", daemon=True)
        self._waiting: deque[_Waiting] = deque()

    def put(self, attempt: Attempt) -> Iterator[Given]:
        """Take one more, and yield those that are done with, this one where it failed."""
        if attempt.error is not None:
            yield from self.rest()
            yield attempt, attempt.error
            return
        assert attempt.made is not None  # noqa: S101  whoever failed is not given out
        one = _Waiting(attempt, Leaving(attempt.made, attempt.target))
        self._waiting.append(one)
        if not self._thread.ident:
            self._thread.start()
        self._coming.put(one)
        while self._waiting and (self._is_full() or self._waiting[0].done.done()):
            yield self._next()

    def rest(self) -> Iterator[Given]:
        """Yield all that still wait, when they are given out."""
        self._coming.put(_HURRY)
        while self._waiting:
            yield self._next()

    def close(self) -> None:
        """Wait for the disk."""
        self._coming.put(_END)
        if self._thread.ident:
            self._thread.join()

    def _is_full(self) -> bool:
        size = sum(one.size for one in self._waiting)
        return len(self._waiting) > AHEAD or size > AHEAD_BYTES

    def _next(self) -> Given:
        one = self._waiting[0]
        one.done.result()
        self._waiting.popleft()
        return one.attempt, one.leaving.error

    def _work(self) -> None:
        """Give out what comes, in groups, until the end."""
        first = self._coming.get()
        while first is not _END:
            if isinstance(first, _Waiting):
                group, first = self._group(first)
                self._give(group)
            else:
                first = self._coming.get()

    def _group(self, first: _Waiting) -> tuple[list[_Waiting], _Waiting | _Sign]:
        """Return those that are given out together, and what comes next."""
        group = [first]
        names = {first.attempt.target}
        until = time.monotonic() + LINGER_SECONDS
        while len(group) < GROUP:
            try:
                one = self._coming.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                break
            if not isinstance(one, _Waiting) or one.attempt.target in names:
                return group, one
            group.append(one)
            names.add(one.attempt.target)
        return group, _HURRY

    def _give(self, group: list[_Waiting]) -> None:
        try:
            give_out_all(
                [one.leaving for one in group],
                existing=self._existing,
                journal=self._journal,
                later=self._later,
            )
        except BaseException as error:  # noqa: BLE001  it is raised where it is waited for
            for one in group:
                one.done.set_exception(error)
        else:
            for one in group:
                one.done.set_result(None)


class _Sign:
    """What comes between documents: nothing more for now, or ever."""


_HURRY, _END = _Sign(), _Sign()


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
