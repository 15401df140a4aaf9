"""Finding certificates of a province by what people know of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from bench import large
from bench.material import Material
from bench.rounds import Contender, Task
from pki.records.certificates import CertificateQuery

PROVINCE = 67_668
PAGE = 50
TEXTS = ("person", "person 41234", "41234 person", "no such person")
"""A page of many, one, its words the other way round, nobody."""
FOUND = (PAGE, 1, 1, 0)


class Antin(large.Antin):
    """`Register.find_certificates`, as `antin cert list --query` asks it."""

    def __init__(self, material: Material) -> None:
        super().__init__(material, PROVINCE)

    def work(self) -> None:
        register = self.authority.register
        asked = [CertificateQuery(text=text, limit=PAGE) for text in TEXTS]
        self._found = [len(register.find_certificates(query)) for query in asked]

    def check(self) -> None:
        assert tuple(self._found) == FOUND, self._found


class Floor(Task):
    """The same rows, of which somebody said where they stand."""

    STATEMENT = "SELECT * FROM certificates WHERE serial >= ? ORDER BY issuer, serial LIMIT ?"

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._path = material.folder / f"large-{PROVINCE}.sqlite"

    def prepare(self, folder: Path) -> None:
        self.folder = folder

    def work(self) -> None:
        with closing(sqlite3.connect(self._path)) as database:
            self._read = [
                len(database.execute(self.STATEMENT, ("4", rows)).fetchall()) for rows in FOUND
            ]

    def check(self) -> None:
        assert tuple(self._read) == FOUND


class Like(Floor):
    """What programs without an index for words do: every row is looked at."""

    STATEMENT = "SELECT * FROM certificates WHERE subject LIKE ? AND subject LIKE ? LIMIT ?"

    def work(self) -> None:
        with closing(sqlite3.connect(self._path)) as database:
            self._read = [
                len(database.execute(self.STATEMENT, (*patterns(text), PAGE)).fetchall())
                for text in TEXTS
            ]


def patterns(text: str) -> tuple[str, str]:
    first, _, rest = text.partition(" ")
    return f"%{first}%", f"%{rest}%"


CONTENDERS = (Contender("Antin", Antin), Contender("floor", Floor), Contender("LIKE", Like))
