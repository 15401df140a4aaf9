"""What only POSIX systems have: file modes, process groups, local sockets.

On other systems each function says so, and does nothing.
"""

from __future__ import annotations

import os
import signal
import socket
import stat
import sys
from contextlib import suppress
from pathlib import Path


def others_may_read(status: os.stat_result) -> bool:
    """Say whether group or others may read the file; False where modes mean nothing."""
    if sys.platform == "win32":
        return False
    return bool(status.st_mode & (stat.S_IRGRP | stat.S_IROTH))


def keep_private(path: Path) -> None:
    """Take every right from group and others; does nothing where modes mean nothing.

    Raises:
        OSError: the mode cannot be changed.
    """
    if sys.platform != "win32":
        path.chmod(stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXU)


def kill_group(leader: int) -> bool:
    """Kill a process that leads a group of its own, and all it started that stayed in the group.

    The caller has not waited for the leader yet, so that its number is still its own.

    Returns:
        Whether the system has process groups; without them nothing was done.
    """
    if sys.platform == "win32":
        return False
    with suppress(ProcessLookupError, PermissionError):  # gone, or (macOS) all but gone
        os.killpg(leader, signal.SIGKILL)
    return True


def socket_answers(path: Path, *, limit_seconds: float) -> bool:
    """Say whether somebody listens at a local socket; False where there are none."""
    if sys.platform == "win32":
        return False
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(limit_seconds)
        try:
            client.connect(str(path))
        except (OSError, ValueError):
            return False
    return True
