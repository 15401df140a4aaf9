"""Processes that judge: as many as there are, each with a document at a time, none for ever.

Pebble keeps them: it ends a process whose time is over, starts another in its place, and tells of
one that ended by itself. It gives all of them up when one ends while none has a document; they are
replaced then.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar, cast

from pebble import ProcessPool

DOCUMENTS_A_PROCESS = 1000
"""After so many a process is replaced: what libraries keep does not add up."""

Result = TypeVar("Result")


class Processes:
    """A pool that is made anew where it broke. Safe to share between threads."""

    def __init__(
        self, workers: int, begin: Callable[..., None] | None = None, *given: object
    ) -> None:
        """Make them; they start with the first document.

        Args:
            workers: how many.
            begin: is called in each before its first document, with `given`.
            given: must travel.
        """
        self._how = workers, begin, given
        self._lock = threading.Lock()
        self._pool = self._new_pool()

    def schedule(
        self, work: Callable[..., Result], *given: object, seconds: float | None
    ) -> tuple[ProcessPool, Future[Result]]:
        """Have one of them do `work`; its time is over after so many seconds, if any.

        Returns:
            What to give to `replace` where the future ends in a `BrokenProcessPool`, and what
            comes: the result, what was raised, `TimeoutError`, or Pebble's `ProcessExpired`.
        """
        pool = self._pool
        try:
            return pool, pool.schedule(work, args=given, timeout=seconds)
        except RuntimeError:  # it broke since
            pool = self.replace(pool)
            return pool, pool.schedule(work, args=given, timeout=seconds)

    def replace(self, broken: ProcessPool) -> ProcessPool:
        """Put new ones in the place of those that broke, unless somebody did already."""
        with self._lock:
            if self._pool is broken:
                threading.Thread(target=_stop, args=(broken,), daemon=True).start()
                self._pool = self._new_pool()
            return self._pool

    def stop(self) -> None:
        """End all of them, whatever they do."""
        _stop(self._pool)

    def _new_pool(self) -> ProcessPool:
        workers, begin, given = self._how
        # A forked process would share locks and connections that other threads hold.
        return ProcessPool(
            workers,
            max_tasks=DOCUMENTS_A_PROCESS,
            initializer=begin,
            initargs=given,
            context=cast("Any", multiprocessing.get_context("spawn")),  # Pebble types POSIX's alone
        )


def _stop(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]  # Pebble's own
    pool.join()
