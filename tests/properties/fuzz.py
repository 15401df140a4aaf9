"""`make fuzz`: spoils documents until the time is over; what brings out a wrong answer is kept.

Documents that pass by turns with those of other projects, where they are; each judged in a process
that is ended after a minute. The seed is printed first; with it the same numbers come again.
"""

from __future__ import annotations

import argparse
import collections
import os
import secrets
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from itertools import count
from pathlib import Path

from pebble import ProcessExpired
from properties.verify_mutations import KINDS, check_and_keep

from verify.http.processes import Processes

ORIGINS = ("pdf-attacks", "dss-pades", "pyhanko", "itext-sign", "pdf-malformed")
LARGEST = 200_000
"""Octets of a document of others."""
TOO_LONG = 60
"""Seconds for one document."""


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz ARGS=…", description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="for so long (600)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9), help="a number")
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"), help="where they are kept")
    return parser.parse_args()


def others() -> tuple[Path, ...]:
    """Return documents of other projects, none where there are no corpora."""
    corpora = Path(os.environ.get("ANTIN_CORPORA", "../shared/corpora"))
    found = (path for origin in ORIGINS for path in sorted((corpora / origin).rglob("*.pdf")))
    return tuple(path for path in found if 0 < path.stat().st_size <= LARGEST)


def one(kind: str, number: int, folder: Path, document: Path | None) -> str:
    """Judge what a number makes of a document, in a process of its own."""
    data = document.read_bytes() if document is not None else None
    return check_and_keep(kind, number, folder, data=data)


def work(seed: int, documents: tuple[Path, ...]) -> Iterator[tuple[str, int, Path | None]]:
    """Yield what is to be done, without end."""
    kinds = tuple(KINDS)
    for step in count():
        number = seed * 10**6 + step
        document = documents[step // 2 % len(documents)] if documents and step % 2 else None
        yield kinds[step // 2 % len(kinds)], number, document


def fuzz(seed: int, seconds: int, folder: Path) -> tuple[collections.Counter[str], list[str]]:
    """Return what came of the documents, and what is wrong with which."""
    folder.mkdir(parents=True, exist_ok=True)
    told: collections.Counter[str] = collections.Counter()
    wrong: list[str] = []
    workers = os.cpu_count() or 1
    processes = Processes(workers)
    waiting: collections.deque[tuple[str, Future[str]]] = collections.deque()
    end = time.monotonic() + seconds
    try:
        for kind, number, document in work(seed, others()):
            if time.monotonic() < end:
                _, future = processes.schedule(
                    one, kind, number, folder, document, seconds=TOO_LONG
                )
                waiting.append((f"{kind}-{number} of {document or 'ours'}", future))
            elif not waiting:
                break
            if len(waiting) >= 4 * workers or time.monotonic() >= end:
                name, future = waiting.popleft()
                try:
                    told[future.result()] += 1
                except (AssertionError, TimeoutError, ProcessExpired) as error:
                    wrong.append(f"{name}: {type(error).__name__} {error}")
                    say(wrong[-1])
    finally:
        processes.stop()
    return told, wrong


def say(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    chosen = options()
    say(f"seed {chosen.seed}: {chosen.seconds} s, what is wrong goes to {chosen.keep}")
    told, wrong = fuzz(chosen.seed, chosen.seconds, chosen.keep)
    say(f"{told.total()} answers: " + ", ".join(f"{k} {v}" for k, v in told.most_common()))
    if wrong:
        sys.exit(f"{len(wrong)} wrong answers")


if __name__ == "__main__":
    main()
