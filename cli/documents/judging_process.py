"""What a process does that judges documents for `antin verify`: see `cli.documents.apart`.

Nothing but this is loaded before what is said to be left out is left out.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cli.late_packages import load_packages_late
from cli.lean import collect_seldom, leave_out_aiohttp, leave_out_plugins
from cli.quick_classes import make_classes_quickly

if TYPE_CHECKING:
    from cli.documents.batch import Outcome

_WORK: list[Callable[[Path], Outcome]] = []


def begin(work: bytes) -> None:
    """Get ready.

    Args:
        work: what is done with each document, pickled by the process that started this one.
    """
    collect_seldom()
    make_classes_quickly()
    leave_out_aiohttp()
    leave_out_plugins()
    load_packages_late()
    _WORK[:] = [pickle.loads(work)]  # noqa: S301  from the process that started this one


def judge_one(document: Path, memory_bytes: int) -> Outcome:
    """Judge a document in so much memory beside what the process has.

    Raises:
        MemoryError: it wants more.
    """
    from verify.http.memory_posix import bound_memory

    with bound_memory(memory_bytes):
        return _WORK[0](document)
