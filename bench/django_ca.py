"""django-ca beside Antin: the same requests, from an environment of its own (`.ci/setup bench`)."""

from __future__ import annotations

import subprocess
from pathlib import Path

from bench.material import Material
from bench.rounds import Contender, Task

HERE = Path(__file__).parent
PYTHON = HERE.parent / ".bench" / "bin" / "python"


class Issuing(Task):
    """`Certificate.objects.create_cert` for each request, each its own transaction."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        folder = material.folder / type(self).__name__
        folder.mkdir()
        self._child = subprocess.Popen(
            [PYTHON, HERE / "peers" / "django_ca_child.py", folder, *material.csrs()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.answer("ready")
        self.done = 0

    def work(self) -> None:
        self.done = self.ask("issue")

    def check(self) -> None:
        assert self.done == self.material.requests

    def close(self) -> None:
        self._child.communicate()

    def ask(self, what: str) -> int:
        """Have the child do it; return how many there are then."""
        assert self._child.stdin
        self._child.stdin.write(f"{what}\n")
        self._child.stdin.flush()
        return int(self.answer("done"))

    def answer(self, word: str) -> str:
        """Wait for the child's word; return what follows it."""
        assert self._child.stdout
        first, _, rest = self._child.stdout.readline().strip().partition(" ")
        assert first == word, "django-ca ended"
        return rest


class Revoking(Issuing):
    """`Certificate.revoke` for each, each its own transaction."""

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        self.ask("issue")

    def work(self) -> None:
        self.done = self.ask("revoke")


ISSUING = (Contender("django-ca", Issuing),) if PYTHON.exists() else ()
REVOKING = (Contender("django-ca", Revoking),) if PYTHON.exists() else ()
