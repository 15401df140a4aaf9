"""Judging processes: as many as there are, each with a document at a time, none for ever.

Pebble keeps them: it ends a process whose time is over, starts another in its place, and tells of
one that ended by itself.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from typing import Any, cast

from pebble import ProcessExpired, ProcessPool

from verify.errors import JudgingEndedError, JudgingTooLongError, ServiceBusyError
from verify.http.judging import Asked, Judged, Rules, judge, warm
from verify.http.limits import Limits

DOCUMENTS_A_PROCESS = 1000
"""After so many a process is replaced: what libraries keep does not add up."""


class Workers:
    """The processes of one service. Safe to share between threads."""

    def __init__(self, rules: Rules, limits: Limits) -> None:
        """Make them; they start with the first document, or with `start`."""
        self._rules = replace(rules, memory_bytes=limits.memory_bytes)
        self._limits = limits
        self._lock = threading.Lock()
        self._under_way = 0
        self._pool = self._new_pool()

    def start(self) -> None:
        """Start a process and have it load what it needs, for who measures or ends it.

        Raises:
            PKIError: policy or trust anchors cannot be read.
        """
        self._pool.schedule(warm, args=(self._rules,)).result()

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
            pool, future = self._schedule(asked)
            try:
                # A process that ends while it takes a document on may take the news along.
                most = seconds * (self._limits.waiting + 2)
                return await asyncio.wait_for(asyncio.wrap_future(future), most)
            except BrokenProcessPool as error:
                self._replace(pool)
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
        _stop(self._pool)

    def _new_pool(self) -> ProcessPool:
        # A forked process would share locks and connections that other threads hold.
        return ProcessPool(
            self._limits.workers,
            max_tasks=DOCUMENTS_A_PROCESS,
            context=cast("Any", multiprocessing.get_context("spawn")),  # Pebble types POSIX's alone
        )

    def _schedule(self, asked: Asked) -> tuple[ProcessPool, Future[Judged]]:
        pool = self._pool
        arguments, seconds = (self._rules, asked), self._limits.seconds
        try:
            return pool, pool.schedule(judge, args=arguments, timeout=seconds)
        except RuntimeError:  # it broke since
            pool = self._replace(pool)
            return pool, pool.schedule(judge, args=arguments, timeout=seconds)

    def _replace(self, broken: ProcessPool) -> ProcessPool:
        """Put a new pool in the place of one that broke, unless somebody did already.

        Pebble gives a pool up when a process ends while none has a document.
        """
        with self._lock:
            if self._pool is broken:
                threading.Thread(target=_stop, args=(broken,), daemon=True).start()
                self._pool = self._new_pool()
            return self._pool

    def _enter(self, *, patient: bool) -> None:
        most = self._limits.workers + self._limits.waiting
        with self._lock:
            if self._under_way >= most and not patient:
                raise ServiceBusyError
            self._under_way += 1


def _stop(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]  # Pebble's own
    pool.join()
