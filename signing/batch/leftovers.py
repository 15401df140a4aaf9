"""What a process that was killed left beside the outputs: files that never took a name.

Those of a batch are told by their names. Whoever holds the folder's journal takes them away at
once: nobody else is at work on a batch there.
"""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from pki.atomic import part_of

STALE = timedelta(minutes=10)
"""Whoever still writes a file changed it since."""
_PART = re.compile(r"\.[0-9a-f]{16}\.part")
_OF_BATCH = re.compile(r"\.[0-9a-f]{16}\.batch\.part")


def new_part(target: Path, *, noted: bool) -> Path:
    """Return a name beside the target that nobody has, for what shall take its name later.

    Args:
        target: the output.
        noted: its folder's journal is held by the batch that asks.
    """
    if noted:
        return target.with_name(f".{secrets.token_hex(8)}.batch.part")
    return part_of(target)


def take_away(folder: Path, now: datetime) -> int:
    """Remove what was begun in a folder and nobody goes on with; return how many.

    Args:
        folder: of outputs, whose journal the caller holds.
        now: what `pki.atomic` began is kept where it is younger than `STALE`.
    """
    taken = 0
    with suppress(OSError):
        for path in folder.iterdir():
            with suppress(OSError):
                if _OF_BATCH.fullmatch(path.name) or _is_stale(path, now):
                    path.unlink()
                    taken += 1
    return taken


def _is_stale(path: Path, now: datetime) -> bool:
    if not _PART.fullmatch(path.name):
        return False
    return now.timestamp() - path.stat().st_mtime > STALE.total_seconds()
