"""The gate of one module: how many PKCS#11 calls run at a time, on which thread, for how long.

A lane lets one call through at a time. A module has one lane, unless it was initialised for several
threads (`sessions`). Without a limit a call runs on the caller's own thread, which is what the
embedded token gets: it is a library and cannot hang on hardware. With a limit every lane has a
thread of its own and the caller waits for it: a token that hangs then costs the caller the limit
and no more, and Ctrl-C works while it does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from hsm.errors import TokenTimeoutError
from hsm.lanes import Lane, Lanes, pieces

T = TypeVar("T")


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
        return any(self._done.acquire(timeout=piece) for piece in pieces(limit))

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
        self._lanes = Lanes(lanes)
        self._mine = threading.local()
        self._together = threading.Lock()
        self._alone = lanes == 1
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
        lane = self._take(limit, what, self._all_hang)
        return self._do(lane, work, limit, what)

    def run_alone(
        self, work: Callable[[Lane], T], *, limit: timedelta | None = None, what: str = ""
    ) -> T:
        """Do the work while no other call runs.

        From within a call only where there is one lane: a call would wait for itself otherwise.

        Raises:
            TokenTimeoutError: as `run`, and at once where a call hangs: it still has its lane.
        """
        if len(self._lanes.all) == 1:
            return self.run(work, limit=limit, what=what)
        limit = limit or self.limits.call
        lanes: list[Lane] = []
        with self._together:
            try:
                while len(lanes) < len(self._lanes.all):
                    lanes.append(self._take(self.limits.call, what, lambda: self.hangs))
                self._alone = True
                return self._do(lanes.pop(), work, limit, what)
            finally:
                self._alone = False
                for lane in lanes:
                    self._lanes.give(lane)

    def close(self) -> None:
        """Let the threads end; a later call starts them again."""
        for lane in self._lanes.all:
            lane.close()

    @property
    def alone(self) -> bool:
        """Whether the call that asks is the only one: always so where there is one lane."""
        return self._alone

    @property
    def hangs(self) -> bool:
        """Whether some call is over its limit and has not come back."""
        return self._overdue > 0

    def _take(self, limit: timedelta, what: str, hopeless: Callable[[], bool]) -> Lane:
        lane = self._lanes.take(limit if self._supervised else None, hopeless)
        if lane is None:
            raise TokenTimeoutError(token=what, seconds=int(limit.total_seconds()))
        return lane

    def _all_hang(self) -> bool:
        """Say whether nobody need wait once more for what did not come the first time."""
        return self._overdue >= len(self._lanes.all)

    def _do(self, lane: Lane, work: Callable[[Lane], T], limit: timedelta, what: str) -> T:
        if self._supervised:
            return self._supervise(lane, work, limit, what)
        try:
            return self._inside(lane, work)
        finally:
            self._lanes.give(lane)

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
            self._lanes.give(lane)

        job = _Job(lambda: self._inside(lane, work), leave)
        try:
            lane.open()
        except BaseException:  # no thread to be had, or Ctrl-C: nothing runs in the lane yet
            self._lanes.give(lane)
            raise
        lane.start(job.do)
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
