"""Several ways to one end in one process, by turns: what differs is the way and nothing else.

For what takes microseconds, where two processes differ more than two ways do.
"""

from __future__ import annotations

import multiprocessing
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection

from bench.material import Material

Way = Callable[[], float | None]
"""Does a round; says itself how many seconds it took, or is timed."""


class Ways:
    """What one process measures; made there."""

    ways: dict[str, Way]

    def check(self) -> None:
        """Look whether each way does the real work; raise if it does not."""

    def logins(self) -> int:
        """Return how often a process logged in to a token: the one that did most."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what is open."""


Measured = tuple[dict[str, list[float]], int]
"""Seconds of every round by way, and logins."""


def measure_ways(make: Callable[[Material], Ways], material: Material, *, rounds: int) -> Measured:
    """Measure in a process of its own; one round of each way comes before and is not counted."""
    context = multiprocessing.get_context("spawn")
    pipe, other = context.Pipe()
    process = context.Process(target=_serve, args=(make, material, rounds, other))
    process.start()
    other.close()
    try:
        answer: Measured | str = pipe.recv()
    except EOFError:
        answer = "it ended without an answer"
    process.join()
    if isinstance(answer, str):
        raise SystemExit(f"bench: {answer}")
    return answer


def _serve(
    make: Callable[[Material], Ways], material: Material, rounds: int, pipe: Connection
) -> None:
    try:
        with closing(make(material)) as measured:
            measured.check()
            pipe.send((_take_turns(measured.ways, rounds), measured.logins()))
    except Exception:  # noqa: BLE001  the parent ends the run with the whole of it
        pipe.send(traceback.format_exc())


def _take_turns(ways: dict[str, Way], rounds: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for turn in range(-1, rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            start = time.perf_counter()
            told = ways[name]()
            took = time.perf_counter() - start if told is None else told
            if turn >= 0:
                seconds[name].append(took)
    return seconds
