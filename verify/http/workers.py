"""The judging processes of a service, and how many documents may wait for them."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

from pebble import ProcessExpired

from verify.errors import JudgingEndedError, JudgingTooLongError, ServiceBusyError
from verify.http.judging import Asked, Judged, Rules, judge, warm
from verify.http.limits import Limits
from verify.http.processes import Processes


class Workers:
    """The processes of one service. Safe to share between threads."""

    def __init__(self, rules: Rules, limits: Limits) -> None:
        """Make them; they start with the first document, or with `start`."""
        self._rules = replace(rules, memory_bytes=limits.memory_bytes)
        self._limits = limits
        self._lock = threading.Lock()
        self._under_way = 0
        self._processes = Processes(limits.workers)

    def start(self) -> None:
        """Start a process and have it load what it needs, for who measures or ends it.

        Raises:
            PKIError: policy or trust anchors cannot be read.
        """
        self._processes.schedule(warm, self._rules, seconds=None)[1].result()

    async def judge(self, asked: Asked, *, patient: bool = False) -> Judged:
        """Return the verdict on a document.

        Args:
            asked: the document.
            patient: wait for a turn, however many wait already; for work that nobody waits for.

        Raises:
            ServiceBusyError: too many documents wait.
            JudgingTooLongError: its time was over; the process was ended.
            JudgingEndedError: the process ended by itself, or wanted more memory than it may have.
            PKIError: as `verify.http.judging.judge`.
        """
        self._enter(patient=patient)
        seconds = self._limits.seconds
        try:
            pool, future = self._processes.schedule(judge, self._rules, asked, seconds=seconds)
            try:
                # A process that ends while it takes a document on may take the news along.
                most = seconds * (self._limits.waiting + 2)
                return await asyncio.wait_for(asyncio.wrap_future(future), most)
            except BrokenProcessPool as error:
                self._processes.replace(pool)
                raise JudgingEndedError(name=asked.name) from error
        except TimeoutError as error:
            raise JudgingTooLongError(name=asked.name, seconds=max(1, round(seconds))) from error
        except (ProcessExpired, MemoryError) as error:
            raise JudgingEndedError(name=asked.name) from error
        finally:
            with self._lock:
                self._under_way -= 1

    def stop(self) -> None:
        """End all of them, whatever they do."""
        self._processes.stop()

    def _enter(self, *, patient: bool) -> None:
        most = self._limits.workers + self._limits.waiting
        with self._lock:
            if self._under_way >= most and not patient:
                raise ServiceBusyError
            self._under_way += 1
