"""The lanes of a module, each for one call at a time, and the threads that wait for one.

A thread that has waited for a while comes next. Without that a busy thread takes its lane again
before the others have woken up, and one that wants all lanes never gets them.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from queue import SimpleQueue
from typing import Any

_A_WHILE = 0.01
"""Seconds. Shorter, and threads in a hurry wait for each other's waking up."""
_PIECE = 0.5
"""Seconds. Windows lets Ctrl-C through between two waits, not during one."""


@dataclass(eq=False)
class Lane:
    """One call at a time, and what it keeps between calls."""

    kept: dict[Any, Any] = field(default_factory=dict)
    """What the module keeps here by token: only the call that has the lane looks at it."""
    _jobs: SimpleQueue[Callable[[], None] | None] = field(default_factory=SimpleQueue)
    _thread: threading.Thread | None = None

    def open(self) -> None:
        """Have a thread."""
        if self._thread is None:
            # A daemon: a module that hangs must not keep the process from ending.
            thread = threading.Thread(target=self._work, name="pkcs11", daemon=True)
            thread.start()
            self._thread = thread

    def start(self, job: Callable[[], None]) -> None:
        """Let the lane's thread do the job, which raises nothing."""
        self._jobs.put(job)

    def close(self) -> None:
        """Let the lane's thread end once it has done what it was given."""
        if self._thread is not None:
            self._thread = None
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


class _Waiting:
    """A thread that waits for a lane."""

    def __init__(self) -> None:
        self.since = time.monotonic()
        self.bell = threading.Lock()
        self.bell.acquire()
        self.rung = False


class Lanes:
    """The lanes, and who waits for one."""

    def __init__(self, number: int) -> None:
        self.all = tuple(Lane() for _ in range(number))
        self._free = list(self.all)
        self._waiting: deque[_Waiting] = deque()
        self._changing = threading.Lock()

    def take(self, limit: timedelta | None, hopeless: Callable[[], bool]) -> Lane | None:
        """Return a free lane, or None where there is none within the limit or no hope for one.

        Args:
            limit: how long to wait; None for as long as it takes.
            hopeless: asked before each piece of waiting.
        """
        with self._changing:
            if self._free and not (self._waiting and self._overlooks_somebody()):
                return self._free.pop()
            me = _Waiting()
            self._waiting.append(me)
            self._ring()
        try:
            for piece in pieces(limit):
                rung = me.bell.acquire(timeout=0 if hopeless() else piece)
                if rung and (lane := self._take_as(me)):
                    return lane
                if hopeless():
                    break
            return None
        finally:
            self._leave(me)

    def give(self, lane: Lane) -> None:
        """Let another call have the lane."""
        with self._changing:
            self._free.append(lane)
            if self._waiting:
                self._ring()

    def _overlooks_somebody(self) -> bool:
        return time.monotonic() - self._waiting[0].since > _A_WHILE

    def _take_as(self, me: _Waiting) -> Lane | None:
        with self._changing:
            me.rung = False
            if not self._free:
                return None
            self._waiting.remove(me)
            lane = self._free.pop()
            self._ring()
            return lane

    def _leave(self, me: _Waiting) -> None:
        with self._changing:
            if me in self._waiting:
                self._waiting.remove(me)
                self._ring()

    def _ring(self) -> None:
        """Wake who waits longest, if there is a lane for it."""
        if self._free and self._waiting and not self._waiting[0].rung:
            self._waiting[0].rung = True
            self._waiting[0].bell.release()


def pieces(limit: timedelta | None) -> Iterator[float]:
    """Cut a wait into pieces of seconds, one at least."""
    if limit is None:
        while True:
            yield _PIECE
    left = limit.total_seconds()
    end = time.monotonic() + left
    while True:
        yield min(left, _PIECE)
        left = end - time.monotonic()
        if left <= 0:
            return
