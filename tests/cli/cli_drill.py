"""Pages that are gone through line by line, as they stand in the docs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from cli_runs import Ran, run_antin

BLOCK = re.compile(r"^```(console|toml|csv \S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PLACEHOLDER = re.compile(r"\b[A-Z]+-(SERIAL|KEY|REQUEST)\b")


def page(name: str) -> str:
    """Return a page of the docs."""
    return (Path(__file__).parents[2] / "docs" / name).read_text("utf-8")


class Drill:
    """Goes through a page, or a part of one, in a home."""

    def __init__(
        self, text: str, home: Path, words: dict[str, str], status: Mapping[str, int]
    ) -> None:
        """Take what is to be gone through.

        Args:
            text: of the page.
            home: where every command runs.
            words: what stands for the words in capitals.
            status: what the page says that a line ends with; every other ends with 0.
        """
        self.home = home
        self.words = words
        self._status = status
        self._steps = list(_read(text))
        self.ran: dict[str, Ran] = {}

    def until(self, begins: str | None) -> None:
        """Do every step before the line that begins so; all that are left with None."""
        while self._steps and not (begins and self._steps[0][1].startswith(begins)):
            kind, text = self._steps.pop(0)
            if kind == "toml":
                self._configure(text)
            elif kind == "line":
                self._run(text)
            else:
                (self.home / kind.removeprefix("csv ")).write_text(text, "utf-8")
        assert self._steps or begins is None, f"the page has no line {begins!r}"

    def _run(self, line: str) -> None:
        for word, value in self.words.items():
            line = line.replace(word, value)
        assert not PLACEHOLDER.search(line), line
        (program, *arguments) = shlex.split(line)
        assert program == "antin"
        ran = run_antin("--home", self.home, *arguments)
        assert ran.status == self._status.get(line, 0), (line, ran)
        self.ran[line] = ran

    def _configure(self, text: str) -> None:
        """Write a block into the settings: under the table that it names, else `[pins]`."""
        table = "[pins]\n"
        if text.startswith("["):
            table, text = text.split("\n", 1)
            table += "\n"
        path = self.home / "antin.toml"
        before = path.read_text("utf-8")
        assert table in before
        path.write_text(before.replace(table, f"{table}{text}"), "utf-8")


def _read(text: str) -> Iterator[tuple[str, str]]:
    for kind, block in BLOCK.findall(text):
        if kind != "console":
            yield kind, block
        else:
            yield from (("line", line.removeprefix("$ ")) for line in block.splitlines())
