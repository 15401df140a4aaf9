"""POSIX only: a rename is on the disk when the folder it happened in is.

Windows neither opens folders nor needs it: NTFS journals its names.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Wait until names made in `folder` are on the disk; on Windows, return at once.

    Raises:
        OSError: the folder cannot be opened, or the disk fails.
    """
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
