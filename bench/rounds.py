"""Interleaved rounds: every contender does the same work in turn, each in a process of its own.

A process apiece keeps libraries, token sessions and caches apart; turns keep a busy machine from
favouring anyone. One round that is not counted comes first, and what it made is checked.
"""

from __future__ import annotations

import multiprocessing
import shutil
import statistics
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from bench.material import Material


class Task:
    """One contender at work."""

    def __init__(self, material: Material) -> None:
        self.material = material
        self.folder = material.folder

    def prepare(self, folder: Path) -> None:
        """Get ready for a round whose output goes to `folder`; not timed."""
        self.folder = folder

    def work(self) -> None:
        """Do the work; timed."""
        raise NotImplementedError

    def check(self) -> None:
        """Look at what the round before the first one made; raise if it is not the real work."""
        raise NotImplementedError

    def close(self) -> None:
        """End what was started."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A name for the table and the task behind it."""

    name: str
    task: Callable[[Material], Task]


def measure(
    contenders: Sequence[Contender], material: Material, *, rounds: int
) -> dict[str, list[float]]:
    """Return the seconds of every round by contender."""
    workers = [Worker(contender, material) for contender in contenders]
    seconds: dict[str, list[float]] = {worker.name: [] for worker in workers}
    try:
        for worker in workers:
            worker.do("check")
        for turn in range(rounds):
            start = turn % len(workers)
            for worker in workers[start:] + workers[:start]:
                seconds[worker.name].append(worker.do("round"))
    finally:
        for worker in workers:
            worker.stop()
    return seconds


def median(seconds: Sequence[float]) -> float:
    """Return the middle one."""
    return statistics.median(seconds)


class Worker:
    """The process of one contender, seen from here."""

    def __init__(self, contender: Contender, material: Material) -> None:
        self.name = contender.name
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        arguments = (contender, material, other)
        self._process = context.Process(target=_serve, args=arguments)
        self._process.start()
        other.close()
        self._answer()  # ready: the next one starts after it, SoftHSM minds logins at one time

    def do(self, what: str) -> float:
        """Have one round done and return its seconds."""
        self._pipe.send(what)
        return self._answer()

    def _answer(self) -> float:
        try:
            answer = self._pipe.recv()
        except EOFError as error:
            raise SystemExit(f"bench: {self.name} ended without an answer") from error
        if isinstance(answer, str):
            raise SystemExit(f"bench: {self.name} failed\n{answer}")
        return float(answer)

    def stop(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join(timeout=10)
        self._process.kill()


def _serve(contender: Contender, material: Material, pipe: Connection) -> None:
    try:
        with closing(contender.task(material)) as task:
            pipe.send(0.0)
            while True:
                pipe.send(_round(task, contender.name, pipe.recv()))
    except EOFError:
        return
    except Exception:  # noqa: BLE001  the parent ends the run with the whole of it
        pipe.send(traceback.format_exc())


def _round(task: Task, name: str, what: str) -> float:
    folder = task.material.folder / "rounds" / "".join(filter(str.isalnum, name))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    task.prepare(folder)
    start = time.perf_counter()
    task.work()
    seconds = time.perf_counter() - start
    if what == "check":
        task.check()
    return seconds
