"""The overview of a province, and of millions: what was counted before, and what came since.

The floor is one row read from the same file: opening it is all that it costs.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

from bench import large
from bench.material import Material
from bench.rounds import Contender, Task
from pki.clock import SystemClock
from pki.register.sql import open_register
from pki.watching.counts import count
from pki.watching.overview import look_over

NEW = 100
"""Certificates that came since the last time."""


class Antin(large.Antin):
    """`antin overview`, after some certificates more."""

    NAME = "overview"

    def __init__(self, material: Material, rows: int) -> None:
        super().__init__(material, rows)
        self._place = material.folder / f"{Antin.NAME}-{rows}.sqlite"
        self._counts = material.folder / f"overview-{rows}.json"
        with closing(open_register(self._place)) as register:
            count(register, SystemClock().now(), self._counts)

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        each = min(NEW, large.each_round(self.material.requests))
        self.issue(range((self._rounds - 1) * each + 1, self._rounds * each + 1))

    def work(self) -> None:
        register = self.authority.register
        now = SystemClock().now()
        self._found = look_over(register, count(register, now, self._counts), now)

    def check(self) -> None:
        assert self._found.own["valid"] > self._rows, self._found.own


class Floor(Task):
    """One row."""

    def __init__(self, material: Material, rows: int) -> None:
        super().__init__(material)
        self._path = material.folder / f"{Antin.NAME}-{rows}.sqlite"

    def work(self) -> None:
        with closing(sqlite3.connect(self._path)) as database:
            self._last = database.execute("SELECT max(id) FROM certificates").fetchone()[0]

    def check(self) -> None:
        assert self._last


def contenders(rows: int) -> tuple[Contender, ...]:
    """Return Antin and the floor."""
    return (
        Contender("Antin", partial(Antin, rows=rows)),
        Contender("floor", partial(Floor, rows=rows)),
    )
