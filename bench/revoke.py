"""Revoking one at a time, each its own transaction, on SQLite."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from cryptography import x509

from bench import django_ca, issue
from bench.rounds import Contender, Task
from pki.records.certificates import CertificateQuery, CertificateRecord, CertificateState


class Antin(issue.Antin):
    """`Authority.revoke`: the state, the revocation and the audit entry, on the disk."""

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        self.issue(range(self.material.requests))
        self._records: tuple[CertificateRecord, ...] = issue.issued(self.authority)

    def work(self) -> None:
        for record in self._records:
            self.authority.revoke(record.serial, x509.ReasonFlags.superseded, requester="bench")

    def check(self) -> None:
        asked = CertificateQuery(issuer=self.authority.issuer.name)
        states = {one.state for one in self.authority.register.find_certificates(asked)}
        assert states == {CertificateState.REVOKED}
        assert len(self._records) == self.material.requests


class Floor(Task):
    """One row and one durable commit for each, from one connection."""

    def work(self) -> None:
        path = self.folder / "floor.sqlite"
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            database.execute("CREATE TABLE revoked (serial TEXT PRIMARY KEY, reason TEXT)")
            for number in range(self.material.requests):
                database.execute("INSERT INTO revoked VALUES (?, 'superseded')", (f"{number:x}",))

    def check(self) -> None:
        with closing(sqlite3.connect(self.folder / "floor.sqlite")) as database:
            (rows,) = database.execute("SELECT count(*) FROM revoked").fetchone()
        assert rows == self.material.requests


CONTENDERS = (Contender("Antin", Antin), Contender("floor", Floor), *django_ca.REVOKING)
