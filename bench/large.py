"""Issuing one at a time where the register holds millions already, beside one that holds few."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from bench import issue
from bench.material import Material
from bench.rounds import Contender
from pki.audit.tree import HASH_OCTETS, Edge, leaf_hash
from pki.register.sql import open_register

ROWS, ROWS_QUICK = 5_000_000, 50_000
ROUNDS = 8
"""As many as come and more: each takes requests of its own, for a key is certified once."""

CERTIFICATES = """
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :rows)
INSERT INTO certificates (issuer, serial, state, tbs_der, der, subject, profile, not_before,
  not_after, fingerprint, spki_sha256, requester, reserved_at, subject_folded, holder)
SELECT issuer, printf('4%015x%016x', n * (1152921504606846975 / :rows), random()), state, tbs_der,
  der, printf('CN=Person %d,%s', n, subject), profile, not_before, not_after,
  lower(hex(randomblob(32))), lower(hex(randomblob(32))), requester, reserved_at,
  printf('cn=person %d,%s', n, subject_folded), lower(hex(randomblob(16)))
FROM numbers, (SELECT * FROM certificates WHERE issuer = 'issuing')
"""


class Antin(issue.Antin):
    """`Authority.issue` with so many certificates in the register, each with its audit entries."""

    NAME = "large"
    """Of the file; jobs of one run do not share any."""

    def __init__(self, material: Material, rows: int) -> None:
        super().__init__(material)
        path = material.folder / f"{self.NAME}-{rows}.sqlite"
        made = issue.new_authority(path, self._key)
        self._authority = made
        self.issue(range(1))
        made.register.close()
        if rows:
            fill(path, rows)
        made.register = open_register(path)
        self._rows = rows
        self._rounds = 0

    def prepare(self, folder: Path) -> None:
        self.folder = folder
        self._rounds += 1

    def work(self) -> None:
        each = each_round(self.material.requests)
        self.issue(range((self._rounds - 1) * each + 1, self._rounds * each + 1))

    def check(self) -> None:
        newest = self.authority.register.last_audit_entry()
        own = each_round(self.material.requests) + 3  # the root, the authority and the first
        assert newest is not None
        assert newest.sequence > 2 * (self._rows + own) - 2


def each_round(requests: int) -> int:
    """Return how many certificates make a round."""
    return (requests - 1) // ROUNDS


def fill(path: Path, rows: int) -> None:
    """Put that many certificates, like the one that is there, in a register, and their entries.

    The guards and what can be made at the end are taken away meanwhile, and laid again.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        later = database.execute(
            "SELECT type, name, sql FROM sqlite_master"
            " WHERE type IN ('trigger', 'index') AND sql IS NOT NULL"
        ).fetchall()
        for kind, name, _ in later:
            database.execute(f"DROP {kind} {name}")
        database.execute("BEGIN")
        database.execute(CERTIFICATES, {"rows": rows})
        database.executemany("INSERT INTO audit VALUES (?, ?, ?, ?)", _entries(database, 2 * rows))
        database.execute("COMMIT")
        for _, _, sql in later:
            database.execute(sql)
        database.execute("PRAGMA journal_mode = WAL")


def _entries(database: sqlite3.Connection, count: int) -> Iterator[tuple[int, str, bytes, bytes]]:
    """Yield entries that follow in the log, the last two of it again and again."""
    last = database.execute("SELECT at, content FROM audit ORDER BY sequence").fetchall()
    edge = Edge()
    for _, content in last:
        edge, _ = edge.append(leaf_hash(content))
    at = last[-1][0]
    patterns = [_around_number(content) for _, content in last[-2:]]
    for number in range(count):
        before, after = patterns[number % 2]
        content = b"%s%d%s" % (before, edge.size + 1, after)
        edge, subtrees = edge.append(leaf_hash(content))
        assert len(subtrees) % HASH_OCTETS == 0
        yield edge.size, at, content, subtrees


def _around_number(content: bytes) -> tuple[bytes, bytes]:
    before, number, after = content.rpartition(b"%d" % json.loads(content)["sequence"])
    assert number
    return before, after


def contenders(rows: int) -> tuple[Contender, ...]:
    """Return Antin with so many rows, the floor, and Antin with few."""
    return (
        Contender("Antin", partial(Antin, rows=rows)),
        Contender("floor", Floor),
        Contender("Antin, few rows", partial(Antin, rows=0)),
    )


class Floor(issue.Floor):
    """As many requests as a round has."""

    def requests(self) -> tuple[Path, ...]:
        return self.material.csrs()[: each_round(self.material.requests)]

    def check(self) -> None:
        assert len(self._made) == each_round(self.material.requests)
