"""A bound on a process's memory, where the system has one: POSIX."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext


def bound_memory(more_bytes: int) -> AbstractContextManager[None]:
    """Let a block take no more than that beside what the process has; what asks for more fails.

    Around judging alone: a process that fails while it takes a document on could not say so.
    Windows has no such bound.
    """
    if sys.platform == "win32":
        return nullcontext()
    else:  # noqa: RET505  by branches alone a type checker knows which system it is
        return _bounded(more_bytes)


def held_bytes() -> int:
    """Return how much private writable memory the process has; 0 where nobody can tell."""
    if sys.platform == "win32":
        return 0
    else:  # noqa: RET505  as above
        return _held()


if sys.platform != "win32":
    import os
    import resource

    _STATM = "/proc/self/statm"
    _PAGE = resource.getpagesize()

    def _held() -> int:
        """Linux tells what it counts against RLIMIT_DATA; elsewhere it is the most that was had."""
        try:
            file = os.open(_STATM, os.O_RDONLY)
        except OSError:
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        try:
            return int(os.read(file, 128).split()[5]) * _PAGE
        finally:
            os.close(file)

    @contextmanager
    def _bounded(more_bytes: int) -> Iterator[None]:
        """Linux counts private writable memory against RLIMIT_DATA (since 4.7).

        What a document before had and gave back does not widen the bound of the next one.
        """
        before = soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limits = [one for one in (soft, hard) if one != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_DATA, (min((_held() + more_bytes, *limits)), hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_DATA, before)
