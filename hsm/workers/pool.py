"""A pool of processes that sign with one key of a token: a `concurrent.futures.Executor`.

Every future ends: in what the task gave or raised, in `WorkerLostError` where its worker ended in
the middle (killed, out of memory, a module that crashed), in `WorkersGoneError` where no worker was
left to begin it. A task is never done a second time: the token may have signed.
"""

from __future__ import annotations

import atexit
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import ParamSpec, TypeVar

from hsm.errors import WorkersGoneError, WrongPINError
from hsm.pin import PinSource
from hsm.workers.messages import KeyOrder, Outcome
from hsm.workers.worker import PINForWorkers, Worker, end_workers

P = ParamSpec("P")
T = TypeVar("T")


def signing_workers(order: KeyOrder, pin_source: PinSource, *, workers: int) -> SigningWorkers:
    """Start processes that have each opened the key, as `open_key` would here.

    The PIN is asked for once. The first worker tries it; only then do the others get it, one after
    the other, each through a pipe made for it.

    Args:
        order: which key.
        pin_source: asked once, here.
        workers: how many processes, one at least.

    Raises:
        WrongPINError: the token refused the PIN; it cost one try, and the same PIN costs none more.
        WorkerPINPadError: the token's PIN is typed on the reader; nothing was tried.
        WorkerPINEachTimeError: the key wants a PIN at every signature, without `one_pin`.
        WorkerNotStartedError: a process could not be started, or ended before it was ready.
        PKIError: as `open_key`.
    """
    pin = PINForWorkers(pin_source)
    started: list[Worker] = []
    try:
        for _ in range(max(1, workers)):  # side by side; what they open comes below, in turn
            started.append(Worker(order))  # noqa: PERF401  those that run are ended if one fails
        for worker in started:
            worker.let_in(pin)
    except BaseException:
        end_workers(started)
        raise
    return SigningWorkers(tuple(started), token=pin.label)


@dataclass(frozen=True, slots=True)
class _Job:
    payload: bytes
    future: Future[object] = field(default_factory=Future)

    def settle(self, outcome: Outcome) -> None:
        if outcome.error is not None:
            self.future.set_exception(outcome.error)
        else:
            self.future.set_result(outcome.value)


class SigningWorkers(Executor):
    """Processes with the same key; made by `signing_workers`, ended by `with` or `shutdown`.

    A task is a function at the top of a module that calls `worker_key()`; it, its arguments and
    its result are pickled. Short tasks cost more to send than to do: let one sign several things.
    """

    def __init__(self, workers: tuple[Worker, ...], *, token: str) -> None:
        """Take over workers that are ready."""
        self.token = token
        """The token's label."""
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._changing = threading.Lock()
        self._closed = False
        self._left = len(workers)
        self._drivers = tuple(
            threading.Thread(target=self._drive, args=(one,), name="signing", daemon=True)
            for one in workers
        )
        for driver in self._drivers:
            driver.start()
        # As the standard library's own executors: what was submitted is done before the end.
        atexit.register(self.shutdown)

    @property
    def workers(self) -> int:
        """How many workers are left: one that lost its login, or ended, is not replaced."""
        return self._left

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Let a worker do `fn(*args, **kwargs)`.

        Raises:
            WorkersGoneError: no worker is left.
            RuntimeError: the pool was shut down.
            TypeError, AttributeError, pickle.PicklingError: the task cannot be sent.
        """
        job = _Job(pickle.dumps((fn, args, kwargs)))
        with self._changing:
            if self._closed:
                raise RuntimeError("the pool of signing workers was shut down")
            if not self._left:
                raise WorkersGoneError(token=self.token)
            self._jobs.put(job)
        return job.future  # type: ignore[return-value]

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        """Let the workers end when all tasks are done; with `cancel_futures`, those begun."""
        with self._changing:
            first, self._closed = not self._closed, True
            dropped = self._take_all() if cancel_futures else []
            if first:
                for _ in self._drivers:
                    self._jobs.put(None)
        for job in dropped:
            job.future.cancel()
            job.future.set_running_or_notify_cancel()
        if wait:
            for driver in self._drivers:
                driver.join()
            atexit.unregister(self.shutdown)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Shut down; on an error, Ctrl-C too, no further task is begun."""
        self.shutdown(wait=True, cancel_futures=kind is not None)

    def _drive(self, worker: Worker) -> None:
        """Give tasks to one worker until it can take no more."""
        while (job := self._jobs.get()) is not None:
            if not job.future.set_running_or_notify_cancel():
                continue
            outcome = worker.do(job.payload)
            refused = isinstance(outcome.error, WrongPINError)
            if outcome.fit and not refused:
                job.settle(outcome)
                continue
            # A PIN that was right and is not any more: the others must not try it too.
            self._lose(all_of_them=refused)
            job.settle(outcome)
            break
        end_workers((worker,))

    def _lose(self, *, all_of_them: bool) -> None:
        with self._changing:
            self._left = 0 if all_of_them else max(0, self._left - 1)
            waiting = self._take_all() if not self._left else []
        for job in waiting:
            if job.future.set_running_or_notify_cancel():
                job.future.set_exception(WorkersGoneError(token=self.token))

    def _take_all(self) -> list[_Job]:
        """Take every task that nobody has begun; those who end the drivers stay."""
        taken: list[_Job] = []
        ends = 0
        while True:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                break
            if job is None:
                ends += 1
            else:
                taken.append(job)
        for _ in range(ends):
            self._jobs.put(None)
        return taken
