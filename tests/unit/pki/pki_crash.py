"""Kills an authority's process at a chosen event, and asks what is left of it.

An event is a call that changes a file (create, write, sync, cut, rename, link, remove), a message
to a server, or a side of a signature: before it is made, and when it is made and nobody has it.
`pki_crash_shim.c` counts them below Python and SQLite, and ends the process by SIGKILL at the one
that was asked for; a write can be torn, too: half of it is done.

This is not a power cut. What a killed process wrote, the kernel still has, synced or not; what the
disk has after a power cut is held by `synchronous=FULL` and by the sync before each rename, which
no test here shows.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SOURCE = HERE / "pki_crash_shim.c"
_FLAGS = ("-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")
_SERVE = "import pki_crash_day; pki_crash_day.serve()"
_SETS = "COV_", "COVERAGE_"

Opener = Callable[[Path], AbstractContextManager[str]]
"""Gives the address of a place for a register, empty, for as long as one point takes."""


@contextmanager
def in_sqlite(home: Path) -> Iterator[str]:
    """Let the register lie in a file of the home."""
    yield f"sqlite:///{home / 'register.db'}"


@dataclass(frozen=True)
class Point:
    """Where a day ends."""

    at: int
    """Number of the event, from 1; 0 is the end of the day."""
    torn: bool = False
    """The write is half done."""


@dataclass(frozen=True)
class Outcome:
    """What came of one point."""

    point: Point
    killed: bool
    events: str
    """Each event of a day that was lived to its end, by a letter (`pki_crash_shim.c`); k and K
    are the sides of a signature."""
    wrong: tuple[str, ...]


def build_shim(compiler: Path, folder: Path) -> Path:
    """Compile the shim."""
    shim = folder / "crash.so"
    command = [compiler, *_FLAGS, "-o", shim, SOURCE, "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return shim


class Days:
    """A process that lives as many days as it is told to; each is a fork that may be killed."""

    def __init__(self, shim: Path, folder: Path, opener: Opener) -> None:
        self._folder, self._opener = folder.resolve(), opener
        self._names = itertools.count(1)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_SETS)}
        paths = [str(HERE), *filter(None, [kept.get("PYTHONPATH")])]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVE],
            env=kept | {"LD_PRELOAD": str(shim), "PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def live(self, point: Point, mutant: str | None = None) -> Outcome:
        """Live a day up to that point, and examine what it left."""
        beside = self._folder / str(next(self._names))
        home = beside / "home"
        home.mkdir(parents=True)
        with self._opener(home) as url:
            order = {"url": url, "home": str(home), "beside": str(beside), "mutant": mutant}
            answer = self._ask(order | {"at": point.at, "torn": point.torn})
        if not answer["wrong"]:
            shutil.rmtree(beside)
        return Outcome(point, answer["killed"], answer["events"], tuple(answer["wrong"]))

    def close(self) -> None:
        """End the process."""
        with self._process:
            assert self._process.stdin
            self._process.stdin.close()

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


def points_of(events: str) -> tuple[Point, ...]:
    """Return every point of a day: each event, and each write torn."""
    whole = [Point(number) for number in range(1, len(events) + 1)]
    torn = [Point(number, torn=True) for number, kind in enumerate(events, 1) if kind in "wm"]
    return (*whole, *torn)
