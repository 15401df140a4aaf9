"""A file of lines and a folder of requests at a small administration."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pki_people import agency, device, person, post, put
from pki_world import World, new_key
from test_pki_bulk import request

from pki.authority.bulk import Workers
from pki.batches.checking import Checking, Findings
from pki.batches.issuing import Ended, Issuing
from pki.batches.lines import Batch
from pki.batches.trial import Trial
from pki.keys import PrivateKey
from pki.profile import Profile, load_profile
from pki.requests.desk import Desk

OFFICIAL = load_profile("official")
Row = dict[str, str]


@dataclass
class Batches:
    """A world with a registry, and what its clerk hands in."""

    world: World
    folder: Path
    profile: Profile = OFFICIAL
    requester: str = "account:van-thu"
    keys: dict[str, PrivateKey] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.folder / "tệp.csv"

    def ask(self, name: str, kind: str = "p256", **more: str) -> Row:
        """Make a key and a request for somebody, and return the line."""
        key = self.keys[name] = new_key(kind)
        (self.folder / f"{name}.csr").write_bytes(request(key))
        return {"csr": f"{name}.csr", "C": "VN", "O": "UBND xã", "CN": name, **more}

    def write(self, rows: Sequence[Row]) -> None:
        columns = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
        self.path.write_text(text.getvalue(), encoding="utf-8", newline="")

    def checking(self, rows: Sequence[Row] | None, workers: Sequence[Workers] = ()) -> Checking:
        if rows is not None:
            self.write(rows)
        trial = Trial.of(
            self.world.issuing.issuer,
            self.profile,
            folder=self.folder.resolve(),
            requester=self.requester,
            now=self.world.clock.now(),
        )
        return Checking(Batch(self.path), trial, self.world.issuing, workers)

    def look(self, rows: Sequence[Row] | None = None) -> Findings:
        return self.checking(rows).look_through()

    def codes(self, rows: Sequence[Row] | None = None) -> list[tuple[int, str]]:
        return [(fault.line, fault.error.code) for fault in self.look(rows).faults]

    def issue(self, rows: Sequence[Row] | None = None, *, skip_bad: bool = False) -> list[Ended]:
        checking = self.checking(rows)
        issuing = Issuing(checking, checking.look_through(), skip_bad=skip_bad)
        key = self.world.issuing.issuer.key
        found = [*issuing.earlier(), *issuing.run(lambda: key)]
        return sorted(found, key=lambda one: one.line)


def make_batches(world: World, folder: Path) -> Batches:
    """Fill the registry and open the desk."""
    put(world.register, agency(), agency("UBND-Y"), person(), person("NV-2"), post(), device())
    world.issuing.desk = Desk(
        world.register, world.register.cases, world.clock, people=world.register
    )
    requests = folder / "yêu cầu"
    requests.mkdir()
    return Batches(world, requests)
