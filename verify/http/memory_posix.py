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


if sys.platform != "win32":
    import resource

    @contextmanager
    def _bounded(more_bytes: int) -> Iterator[None]:
        """Linux counts private writable memory against RLIMIT_DATA (since 4.7)."""
        before = soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        bound = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 + more_bytes
        limits = [one for one in (soft, hard, bound) if one != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_DATA, (min(limits), hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_DATA, before)
