"""Makes documents in one process; while services answer for some, the next ones are signed.

A time-stamp service takes from a thousandth of a second to two minutes. What needs the key, and
what judges the result, is done here, one document after another; threads ask, and one prepares the
next document while the key signs (`signing.batch.ahead`). A document that
was begun when the process ends was given out to nobody: the journal does not know it, and it is
begun anew.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from pki.errors.tree import PKIError
from signing.batch.ahead import Preparing
from signing.batch.begun import Begin, BegunDocument, Finish
from signing.batch.made import MadeDocument
from signing.batch.makers import Attempt, Pair

IN_FLIGHT = 8
"""Documents for which services are asked at the same time: with one that takes 20 ms a document of
60 kB takes 27 ms one after another, 10 with four in flight, 8 with eight (4 of them at B-B)."""
IN_FLIGHT_BYTES = 64 * 1024 * 1024
"""So much of documents waits in memory, and as much again of what is made of them."""


class Overlapped:
    """Makes in this process, services asked meanwhile."""

    def __init__(
        self,
        prepare: Callable[[Path, Path], Begin],
        *,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        """Take what prepares a document, and for how many services are asked at a time."""
        self._prepare = prepare
        self._in_flight = in_flight
        self._stopped = False

    def attempts(self, pairs: Sequence[Pair]) -> Iterator[Attempt]:
        """Yield what came of each.

        What is wrong before services are asked is yielded before anything more is signed, so that
        whoever hears of it can still stop: a token that is gone, a PIN that is wrong.
        """
        asking = _Asking(min(self._in_flight, len(pairs)))
        waiting: deque[_Waiting] = deque()
        try:
            with ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead") as beside:
                yield from self._begun(Preparing(self._prepare, beside), pairs, asking, waiting)
            yield from _rest(waiting)
        finally:
            asking.close()

    def _begun(
        self,
        ahead: Preparing[Begin],
        pairs: Sequence[Pair],
        asking: _Asking,
        waiting: deque[_Waiting],
    ) -> Iterator[Attempt]:
        """Begin each, and yield those that are done meanwhile."""
        for pair, prepared in ahead.each(pairs):
            if self._stopped:
                return
            try:
                begun = prepared.result()()
            except PKIError as error:
                yield from _rest(waiting)
                yield Attempt(*pair, None, error)
                continue
            ahead.opened = True
            waiting.append(_Waiting(pair, asking.ask(begun), _size_of(begun)))
            while waiting and (self._is_full(waiting) or waiting[0].answer.done()):
                yield waiting.popleft().outcome()

    def _is_full(self, waiting: deque[_Waiting]) -> bool:
        size = sum(each.size for each in waiting)
        return len(waiting) >= self._in_flight or size >= IN_FLIGHT_BYTES

    def stop(self) -> None:
        """Begin no further document."""
        self._stopped = True

    def close(self) -> None:
        """Do nothing: whoever asks ends with the attempts, and keeps no process from ending."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    pair: Pair
    answer: Future[Finish]
    size: int

    def outcome(self) -> Attempt:
        try:
            return Attempt(*self.pair, self.answer.result()())
        except PKIError as error:
            return Attempt(*self.pair, None, error)


def _size_of(begun: BegunDocument | MadeDocument) -> int:
    return begun.size if isinstance(begun, BegunDocument) else 0  # a large one is in a file


def _rest(waiting: deque[_Waiting]) -> Iterator[Attempt]:
    while waiting:
        yield waiting.popleft().outcome()


class _Asking:
    """Threads that ask services.

    They are nobody's to wait for: after Ctrl-C a service that takes its minutes would keep the
    process, which the threads of `concurrent.futures` do.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._started = 0
        self._jobs: SimpleQueue[tuple[Callable[[], Finish], Future[Finish]] | None] = SimpleQueue()

    def ask(self, begun: BegunDocument | MadeDocument) -> Future[Finish]:
        """Ask for one document, at once; there is nothing to ask for one that is made."""
        answer: Future[Finish] = Future()
        if isinstance(begun, MadeDocument):
            answer.set_result(lambda: begun)
            return answer
        if self._started < self._most:
            threading.Thread(target=self._work, name="asking", daemon=True).start()
            self._started += 1
        self._jobs.put((begun.ask, answer))
        return answer

    def close(self) -> None:
        """Let the threads end when they have their answers."""
        for _ in range(self._started):
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            ask, answer = job
            try:
                answer.set_result(ask())
            except BaseException as error:  # noqa: BLE001  it is raised where it is waited for
                answer.set_exception(error)
