"""The one place that looks at POSIX file modes; on other systems it has nothing to say."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def others_may_read(status: os.stat_result) -> bool:
    """Say whether group or others may read the file; False where modes mean nothing."""
    if os.name != "posix":
        return False
    return bool(status.st_mode & (stat.S_IRGRP | stat.S_IROTH))


def keep_private(path: Path) -> None:
    """Take every right from group and others; does nothing where modes mean nothing.

    Raises:
        OSError: the mode cannot be changed.
    """
    if os.name == "posix":
        path.chmod(stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXU)
