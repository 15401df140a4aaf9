"""Judging as a command: one document and a folder of them, each a whole process.

The floor of one document is starting Python and importing pyHanko's validation. That of the folder
is two processes that do nothing but judge; its peer is run once a file, as it wants it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench import judge_material, judge_peers
from bench.material import Material
from bench.rounds import Contender, Task
from bench.service import Bare

TIMES = 3
MANY = 10
"""How often each document lies in the folder."""
_UNCOMPILED = "PYTHONDONTWRITEBYTECODE"
_PEER = Path(".bench/bin/pyhanko")


class _Command(Task):
    """Runs a program, whose compiled modules are kept as an installer does."""

    def run(self, command: list[str], status: int = 0) -> str:
        """Return what it writes."""
        environment = {key: value for key, value in os.environ.items() if key != _UNCOMPILED}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def antin(self) -> list[str]:
        """Return `antin verify` with an empty home, and the root as what it trusts."""
        home = self.material.folder / "judging-home"
        home.mkdir(exist_ok=True)
        program = Path(sys.executable).with_name("antin")
        trust = ("--trust", str(self.material.folder / "root.pem"))
        return [str(program), "--home", str(home), "verify", *trust]


class One(_Command):
    """`antin verify one.pdf`, its evidence inside."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._path = judge_material.long_term(material)[0]
        self._said = ""

    def command(self) -> list[str]:
        """Return program and arguments."""
        return [*self.antin(), str(self._path)]

    def work(self) -> None:
        for _ in range(TIMES):
            self._said = self.run(self.command())

    def check(self) -> None:
        assert self.passed(self._said), self._said

    def passed(self, said: str) -> bool:
        """Say whether that is the verdict of a document that passed."""
        return "TOTAL-PASSED" in said


class PyHankoOne(One):
    """`pyhanko sign adesverify` on the same."""

    def command(self) -> list[str]:
        trust = ("--trust", str(self.material.folder / "root.pem"), "--trust-replace")
        return [str(_PEER), "sign", "adesverify", *trust, str(self._path)]

    def passed(self, said: str) -> bool:
        return "INTACT:TRUSTED" in said and "ACCEPTABLE_MODIFICATIONS" in said


class OneFloor(One):
    """Python, started, with pyHanko's validation imported."""

    def command(self) -> list[str]:
        return [sys.executable, "-c", "import pyhanko.sign.validation; print('TOTAL-PASSED')"]


class Folder(_Command):
    """`antin verify FOLDER --json-lines`: one command for all."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._folder = material.folder / "incoming"
        self._folder.mkdir()
        for path in material.signed():
            for number in range(MANY):
                shutil.copy(path, self._folder / f"{path.stem}-{number}.pdf")
        self._lines: list[str] = []

    def work(self) -> None:
        lists = (str(self.material.crl_path(name)) for name in judge_material.LISTS)
        given = [word for path in lists for word in ("--evidence", path)]
        command = [*self.antin(), str(self._folder), "--offline", "--json-lines", *given]
        self._lines = self.run(command).splitlines()

    def check(self) -> None:
        verdicts = [json.loads(line)["indication"] for line in self._lines]
        assert verdicts == ["TOTAL-PASSED"] * (MANY * self.material.documents), set(verdicts)


class PDFSigEach(judge_peers.PDFSig):
    """`pdfsig`, a process a file, over the same files."""

    def paths(self) -> tuple[Path, ...]:
        return self.material.signed() * MANY


ONE = (
    Contender("Antin", One),
    Contender("floor", OneFloor),
    *((Contender("pyhanko adesverify", PyHankoOne),) if _PEER.is_file() else ()),
)
FOLDER = (
    Contender("Antin", Folder),
    Contender("floor", Bare),
    *((Contender("pdfsig", PDFSigEach),) if shutil.which("pdfsig") else ()),
)
