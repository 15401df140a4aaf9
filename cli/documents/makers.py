"""Who makes the signatures of a batch: this process, or several that logged in once each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hsm.workers.pool import SigningWorkers
from pki.errors.tree import PKIError
from signing.batch.made import MadeDocument

Pair = tuple[Path, Path]
"""A document, and where it goes."""
AHEAD = 3
"""So many documents a worker are begun or wait in memory for the one before them."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of making one document."""

    document: Path
    target: Path
    made: MadeDocument | None
    error: PKIError | None = None


class Maker(Protocol):
    """Makes documents one after another, in order."""

    def attempts(self, pairs: Sequence[Pair]) -> Iterator[Attempt]:
        """Yield what came of each; those that were not begun when it was stopped are left out."""
        ...

    def stop(self) -> None:
        """Begin no further document."""
        ...

    def close(self) -> None:
        """End whoever works, when what was begun is done."""
        ...


class Here:
    """Makes in this process."""

    def __init__(self, make: Callable[[Path, Path], MadeDocument]) -> None:
        self._make = make
        self._stopped = False

    def attempts(self, pairs: Sequence[Pair]) -> Iterator[Attempt]:
        """Yield what came of each."""
        for document, target in pairs:
            if self._stopped:
                return
            try:
                yield Attempt(document, target, self._make(document, target))
            except PKIError as error:
                yield Attempt(document, target, None, error)

    def stop(self) -> None:
        """Begin no further document."""
        self._stopped = True

    def close(self) -> None:
        """Do nothing: nobody else works."""


class InWorkers:
    """Makes in processes that are started, and ask for the PIN, with the first document."""

    def __init__(
        self,
        start: Callable[[int], SigningWorkers],
        submit: Callable[[SigningWorkers, Path, Path], Future[MadeDocument]],
        workers: int,
    ) -> None:
        self._start = start
        self._submit = submit
        self._most = workers
        self._pool: SigningWorkers | None = None
        self._stopped = False

    def attempts(self, pairs: Sequence[Pair]) -> Iterator[Attempt]:
        """Yield what came of each."""
        if not pairs:
            return
        try:
            pool = self._pool = self._start(min(self._most, len(pairs)))
        except PKIError as error:
            yield Attempt(*pairs[0], None, error)
            return
        coming = iter(pairs)
        begun: deque[tuple[Pair, Future[MadeDocument]]] = deque()
        while True:
            while not self._stopped and len(begun) < AHEAD * self._most:
                pair = next(coming, None)
                if pair is None:
                    break
                begun.append((pair, self._begin(pool, pair)))
            if not begun:
                return
            pair, future = begun.popleft()
            if self._stopped and future.cancel():
                continue
            yield _outcome(pair, future)

    def stop(self) -> None:
        """Begin no further document."""
        self._stopped = True

    def close(self) -> None:
        """Let the workers end when what they are at is done."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _begin(self, pool: SigningWorkers, pair: Pair) -> Future[MadeDocument]:
        try:
            return self._submit(pool, *pair)
        except PKIError as error:  # no worker is left
            failed: Future[MadeDocument] = Future()
            failed.set_exception(error)
            return failed


def _outcome(pair: Pair, future: Future[MadeDocument]) -> Attempt:
    try:
        return Attempt(*pair, future.result())
    except PKIError as error:
        return Attempt(*pair, None, error)
