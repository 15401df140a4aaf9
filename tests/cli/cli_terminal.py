"""`antin` on a pseudo-terminal, with somebody who answers its questions."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

pty = pytest.importorskip("pty")

WAIT_SECONDS = 60
PROGRAM = "from cli.app import main; main()"


def at_terminal(
    home: Path,
    *arguments: str | Path,
    answers: Sequence[str | bytes],
    language: str = "en",
    program: str = PROGRAM,
) -> tuple[int, str, list[str | bytes]]:
    """Run `antin`; give one answer to each question that ends in a colon.

    Returns its status, what it said, and the answers that nobody asked for.
    """
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", program, "--home", str(home), *map(str, arguments)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "ANTIN_LANG": language, "TERM": "xterm"},
        start_new_session=True,
    )
    os.close(slave)
    said, answered, waiting = "", 0, list(answers)
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        if select.select([master], [], [], 0.2)[0]:
            try:
                said += os.read(master, 4096).decode("utf-8", "replace")
            except OSError:  # the other side is closed
                break
            if said[answered:].rstrip().endswith(":"):
                if not waiting:  # a question too many: hang up
                    break
                time.sleep(0.2)  # the question is printed before the echo is switched off
                answer = waiting.pop(0)
                typed = answer if isinstance(answer, bytes) else answer.encode()
                os.write(master, typed + b"\n")
                answered = len(said)
    os.close(master)
    return process.wait(timeout=WAIT_SECONDS), said, waiting
