"""What a process that was killed left beside the outputs: files that never took a name."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

STALE = timedelta(minutes=10)
"""Whoever still writes a file changed it since."""
_PART = re.compile(r"\.[0-9a-f]{16}\.part")


def take_away(folder: Path, now: datetime) -> int:
    """Remove what `pki.atomic` began in a folder and nobody goes on with; return how many.

    Args:
        folder: of outputs.
        now: what is younger than `STALE` is kept.
    """
    taken = 0
    with suppress(OSError):
        for path in folder.iterdir():
            if not _PART.fullmatch(path.name):
                continue
            with suppress(OSError):
                if now.timestamp() - path.stat().st_mtime > STALE.total_seconds():
                    path.unlink()
                    taken += 1
    return taken
