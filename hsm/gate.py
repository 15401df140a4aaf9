"""The gate of one module: how many PKCS#11 calls run at a time, on which thread, for how long.

A lane lets one call through at a time. A module has one lane, unless it was initialised for several
threads (`sessions`). Without a limit a call runs on the caller's own thread, which is what the
embedded token gets: it is a library and cannot hang on hardware. With a limit every lane has a
thread of its own and the caller waits for it: a token that hangs then costs the caller the limit
and no more, and Ctrl-C works while it does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from hsm.errors import TokenTimeoutError

T = TypeVar("T")
_PIECE = 0.5
"""Seconds. Windows lets Ctrl-C through between two waits, not during one."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a module may take before it is given up."""

    call: timedelta = timedelta(seconds=30)
    """Everything that is not named below. A smart card on a slow reader takes seconds."""
    sign: timedelta = timedelta(seconds=60)
    pad: timedelta = timedelta(minutes=2)
    """A person types on the reader's own keys."""
    generate: timedelta = timedelta(minutes=10)
    """RSA-4096 on a smart card takes minutes."""


@dataclass(eq=False)
class Lane:
    """One call at a time, and what it keeps between calls."""

    kept: dict[Any, Any] = field(default_factory=dict)
    """What the module keeps here by token: only the call that has the lane looks at it."""
    _jobs: SimpleQueue[_Job | None] = field(default_factory=SimpleQueue)
    _thread: threading.Thread | None = None

    def open(self) -> None:
        """Have a thread."""
        if self._thread is None:
            # A daemon: a module that hangs must not keep the process from ending.
            thread = threading.Thread(target=self._work, name="pkcs11", daemon=True)
            thread.start()
            self._thread = thread

    def start(self, job: _Job) -> None:
        """Let the lane's thread do the job."""
        self._jobs.put(job)

    def stop(self) -> None:
        """Let the lane's thread end once it has done what it was given."""
        if self._thread is not None:
            self._thread = None
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.do()
            del job  # what came too late is let go of now, not with the next job


class _Job:
    """Work that a lane's thread does while the caller waits."""

    def __init__(self, work: Callable[[], Any], leave: Callable[[], None]) -> None:
        self._work = work
        self._leave = leave
        self._done = threading.Lock()
        self._done.acquire()
        self._result: Any = None
        self._error: BaseException | None = None

    def do(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:  # noqa: BLE001  raised again where the result is awaited
            self._error = error
        self._leave()
        self._done.release()

    def wait(self, limit: timedelta) -> bool:
        return any(self._done.acquire(timeout=piece) for piece in _pieces(limit))

    def result(self) -> Any:  # noqa: ANN401  what the work returns; `run` knows its type
        """Return or raise what came of the work; `wait` said that it is done."""
        if self._error is not None:
            try:
                raise self._error
            finally:
                self._error = None  # the traceback holds this frame: a circle otherwise
        return self._result


class Gate:
    """Lets calls through."""

    def __init__(self, *, lanes: int, limits: Limits | None) -> None:
        self.limits = limits or Limits()
        self._supervised = limits is not None
        self._all = tuple(Lane() for _ in range(lanes))
        self._free: SimpleQueue[Lane] = SimpleQueue()
        for lane in self._all:
            self._free.put(lane)
        self._mine = threading.local()
        self._alone = threading.Lock()
        self._overdue = 0
        self._counting = threading.Lock()

    def run(
        self, work: Callable[[Lane], T], *, limit: timedelta | None = None, what: str = ""
    ) -> T:
        """Do the work in a free lane, and return what it returns or raise what it raises.

        A call from within runs at once, in the lane that its caller has.

        Args:
            work: gets the lane.
            limit: how long it may take; None takes `limits.call`. Waiting for a lane counts apart.
            what: the token or module, for the error.

        Raises:
            TokenTimeoutError: it takes longer, or other calls that do have every lane. What it
                gives later is thrown away.
        """
        lane: Lane | None = getattr(self._mine, "lane", None)
        if lane is not None:
            return work(lane)
        limit = limit or self.limits.call
        if not self._supervised:
            lane = self._free.get()
            try:
                return self._inside(lane, work)
            finally:
                self._free.put(lane)
        return self._supervise(self._lane(limit, what), work, limit, what)

    def run_alone(self, work: Callable[[Lane], T], *, what: str = "") -> T:
        """Do the work while no other call runs; what the lanes keep is dropped before.

        Not from within a call, which would wait for itself.

        Raises:
            TokenTimeoutError: as `run`; a call that hangs still has its lane.
        """
        limit = self.limits.call
        with self._alone:
            lanes: list[Lane] = []
            try:
                for _ in self._all:  # one by one: those that were had are put back if one fails
                    lanes.append(self._lane(limit, what))  # noqa: PERF401
                for lane in lanes:
                    lane.kept.clear()
                last = lanes.pop()
                if self._supervised:
                    return self._supervise(last, work, limit, what)
                try:
                    return self._inside(last, work)
                finally:
                    self._free.put(last)
            finally:
                for lane in lanes:
                    self._free.put(lane)

    def close(self) -> None:
        """Let the threads end; a later call starts them again."""
        for lane in self._all:
            lane.stop()

    @property
    def hangs(self) -> bool:
        """Whether some call is over its limit and has not come back."""
        return self._overdue > 0

    def _lane(self, limit: timedelta, what: str) -> Lane:
        if not self._supervised:
            return self._free.get()
        for piece in _pieces(limit):
            # Where every lane hangs, nobody waits once more for what did not come the first time.
            hopeless = self._overdue >= len(self._all)
            with suppress(Empty):
                return self._free.get(timeout=0 if hopeless else piece)
            if hopeless:
                break
        raise TokenTimeoutError(token=what, seconds=int(limit.total_seconds()))

    def _inside(self, lane: Lane, work: Callable[[Lane], T]) -> T:
        self._mine.lane = lane
        try:
            return work(lane)
        finally:
            self._mine.lane = None

    def _supervise(self, lane: Lane, work: Callable[[Lane], T], limit: timedelta, what: str) -> T:
        late = left = False

        def leave() -> None:
            nonlocal left
            with self._counting:
                left = True
                if late:
                    self._overdue -= 1
                    lane.kept.clear()  # nobody knows what state the call left it in
            self._free.put(lane)

        job = _Job(lambda: self._inside(lane, work), leave)
        try:
            lane.open()
        except BaseException:  # no thread to be had, or Ctrl-C: nothing runs in the lane yet
            self._free.put(lane)
            raise
        lane.start(job)
        in_time = False
        try:
            in_time = job.wait(limit)
        finally:  # Ctrl-C too leaves a call behind
            if not in_time:
                with self._counting:
                    late = not left
                    self._overdue += late
        if late:
            raise TokenTimeoutError(token=what, seconds=int(limit.total_seconds()))
        return job.result()  # type: ignore[no-any-return]


def _pieces(limit: timedelta) -> Iterator[float]:
    """Cut a wait into pieces of seconds, one at least."""
    end = time.monotonic() + limit.total_seconds()
    left = limit.total_seconds()
    while True:
        yield min(left, _PIECE)
        left = end - time.monotonic()
        if left <= 0:
            return
