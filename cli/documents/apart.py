"""Judges many documents in processes of their own, as the verdict service does.

A document that takes too long, wants too much memory or ends its process is one result; the others
are judged all the same. Results come in the order of the documents, and few of them wait.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from cli.documents.batch import Outcome, attempt, failed
from cli.documents.judging_process import begin, judge_one
from cli.session import Session
from pki.errors.tree import PKIError
from verify.errors import JudgingEndedError, JudgingTooLongError
from verify.http.limits import MEBIBYTE
from verify.http.processes import Processes

AHEAD = 4
"""So many documents a process are given out or wait for the one before them."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one document may take."""

    seconds: float = 300.0
    """Addresses that it names and that do not answer count."""
    memory_bytes: int = 500 * MEBIBYTE


@dataclass(slots=True)
class _UnderWay:
    """A document that was given out."""

    document: Path
    pool: ProcessPool
    future: Future[Outcome]
    again: bool = True
    """It was given out once; where its process was ended for another's sake it is once more."""


class Apart:
    """Judges in processes."""

    def __init__(
        self, session: Session, work: Callable[[Path], Outcome], *, workers: int, bounds: Bounds
    ) -> None:
        """Make them; they start with the first document.

        Args:
            session: whose language errors are told in.
            work: judges one; it travels to the processes.
            workers: how many.
            bounds: of each document.
        """
        self._session = session
        self._bounds = bounds
        self._workers = workers
        # As bytes: what loading it loads, a process loads when it is ready for that.
        self._processes = Processes(
            workers, begin, pickle.dumps(partial(attempt, session, work=work))
        )

    def attempts(self, documents: Sequence[Path]) -> Iterator[Outcome]:
        """Yield what became of each."""
        waiting: deque[_UnderWay] = deque()
        coming = iter(documents)
        while True:
            while len(waiting) < AHEAD * self._workers:
                document = next(coming, None)
                if document is None:
                    break
                waiting.append(self._give_out(document))
            if not waiting:
                return
            yield self._outcome(waiting.popleft())

    def close(self) -> None:
        """End them, whatever they do."""
        self._processes.stop()

    def _give_out(self, document: Path) -> _UnderWay:
        pool, future = self._processes.schedule(
            judge_one, document, self._bounds.memory_bytes, seconds=self._bounds.seconds
        )
        return _UnderWay(document, pool, future)

    def _outcome(self, one: _UnderWay) -> Outcome:
        name = one.document.name
        error: PKIError
        try:
            return one.future.result()
        except BrokenProcessPool:
            self._processes.replace(one.pool)
            if one.again:
                once_more = self._give_out(one.document)
                once_more.again = False
                return self._outcome(once_more)
            error = JudgingEndedError(name=name)
        except TimeoutError:
            error = JudgingTooLongError(name=name, seconds=max(1, round(self._bounds.seconds)))
        except (ProcessExpired, MemoryError):
            error = JudgingEndedError(name=name)
        return failed(self._session, one.document, error)
