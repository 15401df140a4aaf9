"""`antin cert bulk` on a file: looked through and issued, beside issuing in bulk alone.

The floor is `issue_in_bulk` on the same requests: without the file, without looking it through, and
without the certificates' files.
"""

from __future__ import annotations

import csv
from functools import partial
from itertools import chain
from pathlib import Path

from bench import bulk, issue
from bench.material import Material
from bench.rounds import Contender
from cli.issuing.bulk_outputs import outputs_in
from pki.batches.checking import Checking
from pki.batches.issuing import Ending, Issuing
from pki.batches.lines import Batch
from pki.batches.trial import Trial
from pki.clock import SystemClock


class Antin(bulk.Antin):
    """What the command does between its options and its report."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._folder = material.folder.resolve()

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        self._path = folder / "officials.csv"
        with self._path.open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(("csr", *(short for short, _ in issue.OFFICE), "CN"))
            office = [value for _, value in issue.OFFICE]
            for number, path in enumerate(self.material.mixed()):
                name = path.relative_to(self.material.folder)
                lines.writerow((name, *office, f"Official {number}"))

    def work(self) -> None:
        trial = Trial.of(
            self._authority.issuer,
            self._profile,
            folder=self._folder,
            requester="bench",
            now=SystemClock().now(),
        )
        checking = Checking(Batch(self._path), trial, self._authority, self._workers)
        issuing = Issuing(checking, checking.look_through())
        open_key = partial(bulk.load_key, self._key_path)
        ended = issuing.run(open_key, self._workers)
        with outputs_in(self.folder / "certificates") as outputs:
            assert outputs is not None
            written = chain.from_iterable(map(outputs.put, ended))
            told = chain(written, outputs.rest())
            self._done = sum(one.ending is Ending.ISSUED and error is None for one, error in told)
        self._authority.register.close()

    def check(self) -> None:
        assert self._done == self.material.requests
        assert len(list((self.folder / "certificates").iterdir())) == self._done


class Alone(bulk.Antin):
    """Issuing in bulk, from requests that are in memory."""

    def check(self) -> None:
        assert self._done == self.material.requests


CONTENDERS = (Contender("Antin", Antin), Contender("floor", Alone))
