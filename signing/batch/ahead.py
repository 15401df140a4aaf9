"""Makes documents of a batch while the token signs others: it computes, and Python need not wait.

SoftHSM takes 0.65 ms for RSA-2048, and reading a document, judging it and judging what was made of
it take 2.6: in turns that is their sum. Here a second thread judges what was signed last and
prepares what is signed next. Questions (the PIN) and calls to the token are this thread's alone,
and nothing is signed before it is known that the key signed the one before: a token that is gone,
or a PIN that is wrong, is met once.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Generic, TypeVar

from pki.errors.tree import PKIError
from signing.batch.begun import Finish, Sign
from signing.batch.makers import Attempt, Pair

SLOW_SECONDS = 0.02
"""Where the key takes longer, a document is given out before the next is signed: little is gained
by waiting, and more is lost when the process ends."""
T = TypeVar("T")


class Preparing(Generic[T]):
    """Prepares documents beside whoever signs them, each while the one before is signed."""

    def __init__(self, prepare: Callable[[Path, Path], T], beside: Executor) -> None:
        """Take what prepares a document, and the one thread that does it."""
        self._prepare = prepare
        self._beside = beside
        self.opened = False
        """Whether one was signed: before, nothing is done beside, so that what all documents need
        is loaded, and a PIN asked, with nobody at work."""

    def each(self, pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Future[T]]]:
        """Yield what was prepared, in order, done; the next one is begun then."""
        left = deque(pairs)
        while left and not self.opened:
            pair = left.popleft()
            yield pair, self._here(pair)
        coming = self._beside.submit(self._prepare, *left[0]) if left else None
        while coming is not None:
            pair, here = left.popleft(), coming
            wait((here,))
            coming = self._beside.submit(self._prepare, *left[0]) if left else None
            yield pair, here

    def _here(self, pair: Pair) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(self._prepare(*pair))
        except PKIError as error:
            done.set_exception(error)
        return done


class Ahead:
    """Makes in this process, the next document prepared meanwhile."""

    def __init__(
        self,
        prepare: Callable[[Path, Path], Sign],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what prepares a document.

        Args:
            prepare: reads and judges, up to where the key is needed.
            monotonic: seconds that only rise.
        """
        self._prepare = prepare
        self._monotonic = monotonic
        self._stopped = False

    def attempts(self, pairs: Sequence[Pair]) -> Iterator[Attempt]:
        """Yield what came of each."""
        judged: Future[Attempt] | None = None
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead") as beside:
            ahead = Preparing(self._prepare, beside)
            for pair, prepared in ahead.each(pairs):
                begun = self._monotonic()
                signed = _signed(pair, prepared)
                slow = self._monotonic() - begun > SLOW_SECONDS
                if judged is not None:
                    yield judged.result()
                    judged = None
                if isinstance(signed, Attempt):
                    yield signed
                elif slow or self._stopped or not ahead.opened:
                    yield _attempt(pair, signed)
                    ahead.opened = True
                else:
                    judged = beside.submit(_attempt, pair, signed)
                if self._stopped:
                    return
            if judged is not None:
                yield judged.result()

    def stop(self) -> None:
        """Begin no further document."""
        self._stopped = True

    def close(self) -> None:
        """Do nothing: who works beside ends with the attempts."""


def _signed(pair: Pair, prepared: Future[Sign]) -> Attempt | Finish:
    """Sign what was prepared; return what came of it where it goes no further."""
    try:
        return prepared.result()()
    except PKIError as error:
        return Attempt(*pair, None, error)


def _attempt(pair: Pair, finish: Finish) -> Attempt:
    try:
        return Attempt(*pair, finish())
    except PKIError as error:
        return Attempt(*pair, None, error)
