"""POSIX only: how much memory this process may have. Windows has no such limit from within."""

from __future__ import annotations

import sys
from contextlib import suppress


def limit_memory(most: int) -> None:
    """Let this process have at most so many bytes; on Windows, return at once."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  Windows does not have it

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with suppress(OSError, ValueError):  # macOS takes no such limit
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
