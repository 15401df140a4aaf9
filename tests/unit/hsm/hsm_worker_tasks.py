"""Tasks for signing workers: a task is found by its name, so it stands in a module."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from hsm.errors import KeyNotFoundError
from hsm.workers.process import worker_key
from pki.keys import sign_data

DOCUMENTS = [b"document %d" % number for number in range(40)]


BEGUN: list[str] = []


def begin(what: str) -> None:
    """Note that a worker was told to begin, before it had its key."""
    try:
        worker_key()
    except RuntimeError:
        BEGUN.append(what)


def begun() -> tuple[int, list[str]]:
    time.sleep(0.05)
    return os.getpid(), BEGUN


def fail_to_begin() -> None:
    raise KeyNotFoundError(wanted="-", token="official")  # noqa: S106  its label


class Unsent(Exception):  # noqa: N818
    """An error that can be pickled and not be made again."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one)
        self.two = two


def sign(data: bytes) -> bytes:
    return sign_data(worker_key(), data)


def sign_all(items: list[bytes]) -> list[bytes]:
    return [sign(data) for data in items]


def sign_slowly(data: bytes, seconds: float = 0.05) -> tuple[int, bytes]:
    """Leave the other workers time to take a task too."""
    time.sleep(seconds)
    return os.getpid(), sign(data)


def surroundings() -> str:
    """Return what others can see of this process."""
    seen = [repr(sys.orig_argv), repr(sys.argv), repr(dict(os.environ))]
    seen += [
        path.read_bytes().decode(errors="replace")
        for path in (Path("/proc/self/cmdline"), Path("/proc/self/environ"))
        if path.exists()
    ]
    return "\n".join(seen)


def end_at_once(status: int) -> None:
    os._exit(status)


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave_program() -> None:
    sys.exit("a task does not end its worker")


def fail(kind: str) -> None:
    if kind == "ours":
        raise KeyNotFoundError(wanted="01", token="An")  # noqa: S106  a label
    if kind == "unsent":
        raise Unsent("one", "two")
    raise ValueError(kind)


def unsent() -> object:
    return lambda: "a function that has no name"


def ignores_ctrl_c() -> bool:
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN


class Only:
    """Known to the workers alone, in one test."""


def only() -> Only:
    return Only()
