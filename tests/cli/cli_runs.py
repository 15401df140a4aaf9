"""`antin` run in this process, and `antin serve` beside it for real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from cli.app import build_command
from hsm.loading import close_modules
from pki.clock import Clock
from pki.words import Language


@dataclass(frozen=True)
class Ran:
    """What a run of `antin` said and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def code(self) -> str:
        """The error's code, from JSON or from words."""
        if self.out.startswith("{"):
            return str(self.json["error"]["code"])
        return self.err.rsplit("error: ", 1)[1].splitlines()[0].rsplit("[", 1)[1].rstrip("]")


Antin = Callable[..., Ran]


def run_antin(
    *arguments: str | Path, clock: Clock | None = None, language: Language = Language.EN
) -> Ran:
    """Run the program in this process; SoftHSM is loaded anew, as a process of its own would."""
    close_modules()
    out, err = StringIO(), StringIO()
    status = 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            words = ["--lang", language.value, *map(str, arguments)]
            build_command(language)(words, prog_name="antin", obj=clock)
        except SystemExit as end:
            status = int(end.code or 0)
    close_modules()
    return Ran(status, out.getvalue(), err.getvalue())


@contextmanager
def serving(home: Path, *options: str) -> Iterator[str]:
    """Run `antin serve` on a home; yield its address."""
    program = [sys.executable, "-c", "from cli.app import main; main()"]
    environment = {**os.environ, "ANTIN_LANG": "en"}
    process = subprocess.Popen(
        [*program, "--home", str(home), "serve", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        assert line.startswith(("ready http://", "ready https://")), process.communicate(
            timeout=10
        )[1]
        yield line.split()[1]
    finally:
        process.terminate()
        process.communicate(timeout=20)
