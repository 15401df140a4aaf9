"""Makes the signatures of a batch in several processes that logged in once each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from hsm.workers.pool import SigningWorkers
from pki.atomic import take_away
from pki.errors.tree import PKIError
from signing.batch.made import MadeDocument
from signing.batch.makers import Attempt, Pair

AHEAD = 3
"""So many documents a worker are begun or wait on the disk for the one before them."""


class InWorkers:
    """Makes in processes that are started, and ask for the PIN, with the first document."""

    def __init__(
        self,
        start: Callable[[int], SigningWorkers],
        submit: Callable[[SigningWorkers, Path, Path], Future[MadeDocument]],
        workers: int,
        *,
        judge: Callable[[Path, Path], None],
    ) -> None:
        """Make documents in workers; nothing is started yet.

        Args:
            start: so many of them; asks for the PIN.
            submit: has one make a document.
            workers: how many.
            judge: a document, as it is judged before the PIN is asked for; raises `PKIError`.
        """
        self._start = start
        self._submit = submit
        self._most = workers
        self._judge = judge
        self._pool: SigningWorkers | None = None
        self._begun: deque[tuple[Pair, Future[MadeDocument]]] = deque()
        self._stopped = False

    def attempts(self, pairs: Sequence[Pair]) -> Iterator[Attempt]:
        """Yield what came of each.

        What is refused before the first document that a key is needed for asks for no PIN.
        """
        refused = 0
        for pair in pairs:
            error = self._refusal(pair)
            if error is None:
                break
            refused += 1
            yield Attempt(*pair, None, error)
            if self._stopped:
                return
        yield from self._made(pairs[refused:])

    def _refusal(self, pair: Pair) -> PKIError | None:
        try:
            self._judge(*pair)
        except PKIError as error:
            return error
        return None

    def _made(self, pairs: Sequence[Pair]) -> Iterator[Attempt]:
        if not pairs:
            return
        try:
            pool = self._pool = self._start(min(self._most, len(pairs)))
        except PKIError as error:
            yield Attempt(*pairs[0], None, error)
            return
        coming = iter(pairs)
        begun = self._begun
        while True:
            while not self._stopped and len(begun) < AHEAD * self._most:
                pair = next(coming, None)
                if pair is None:
                    break
                begun.append((pair, self._begin(pool, pair)))
            if not begun:
                return
            pair, future = begun[0]
            attempt = None if self._stopped and future.cancel() else _outcome(pair, future)
            begun.popleft()  # not before: whoever is interrupted while it waits takes it away
            if attempt is not None:
                yield attempt

    def stop(self) -> None:
        """Begin no further document."""
        self._stopped = True

    def close(self) -> None:
        """Let the workers end when what they are at is done; nobody gives that out any more."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        for _, future in self._begun:
            if not future.cancelled() and future.exception() is None:
                _drop(future.result())

    def _begin(self, pool: SigningWorkers, pair: Pair) -> Future[MadeDocument]:
        try:
            return self._submit(pool, *pair)
        except PKIError as error:  # no worker is left
            failed: Future[MadeDocument] = Future()
            failed.set_exception(error)
            return failed


def _drop(made: MadeDocument) -> None:
    if made.part is not None:
        with suppress(OSError):
            take_away(made.part)


def _outcome(pair: Pair, future: Future[MadeDocument]) -> Attempt:
    try:
        return Attempt(*pair, future.result())
    except PKIError as error:
        return Attempt(*pair, None, error)
