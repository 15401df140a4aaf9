"""Issuing in bulk from ready requests, RSA-2048 and P-256 by turns, P-256 key in software."""

from __future__ import annotations

import multiprocessing
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from itertools import cycle, islice
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bench import cfssl, issue
from bench.material import Material
from bench.rounds import Contender, Task
from pki.authority.bulk import issue_in_bulk
from pki.authority.bulk_work import Demand
from pki.collecting import collect_seldom
from pki.profile import load_profile

WORKERS = 2
FEW, MANY = 2_000, 20_000
"""Orders between which the memory at the peak stays as it is."""
MOST_GROWTH = 24 * 1024 * 1024
"""Octets, with SQLite's cache among them; what is said of 18,000 certificates is twice as much."""


@cache
def load_key(path: Path) -> EllipticCurvePrivateKey:
    """Return the authority's key, in a worker."""
    key = load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, EllipticCurvePrivateKey)
    return key


class Antin(Task):
    """`issue_in_bulk` with two workers: all of `Authority.issue`, a batch in a transaction."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._key_path = material.folder / "issuing.key"
        self._profile = load_profile("official")
        context = multiprocessing.get_context("spawn")
        # Each signs what it wrote.
        self._workers = tuple(
            ProcessPoolExecutor(1, mp_context=context, initializer=collect_seldom)
            for _ in range(WORKERS)
        )
        self._demands = tuple(
            Demand(path.read_bytes(), (*issue.OFFICE, ("CN", f"Official {number}")), "bench")
            for number, path in enumerate(material.mixed())
        )

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        self._authority = issue.new_authority(folder / "register", load_key(self._key_path))

    def work(self) -> None:
        self.issue(self._demands)

    def issue(self, demands: Iterable[Demand]) -> None:
        """Issue for these, and count what came."""
        outcomes = issue_in_bulk(
            self._authority,
            self._profile,
            demands,
            open_key=partial(load_key, self._key_path),
            workers=self._workers,
        )
        self._done = sum(outcome.certificate_der is not None for outcome in outcomes)
        self._authority.register.close()

    def many(self, count: int) -> None:
        """Issue for as many orders, the same ones again and again: the key is the person's own.

        So nobody is refused for having some already.
        """
        of = self._profile.subject.model_copy(update={"active_per_holder": None})
        self._profile = self._profile.model_copy(update={"subject": of})
        self.issue(islice(cycle(self._demands), count))
        assert self._done == count

    def check(self) -> None:
        assert self._done == self.material.requests
        if self.material.requests >= FEW:  # not in the quick form
            few, many = (peak_memory(self.material, count) for count in (FEW, MANY))
            assert many - few < MOST_GROWTH, f"{few / 1024**2:.0f}, {many / 1024**2:.0f} MiB"
            told = f"{few / 1024**2:.0f} MiB at the peak, {MANY:,} orders: {many / 1024**2:.0f} MiB"
            print(f"{FEW:,} orders in bulk: {told}", flush=True)

    def close(self) -> None:
        for one in self._workers:
            one.shutdown()


class OpenSSL(issue.OpenSSL):
    """`openssl ca -batch` on the same requests."""

    def requests(self) -> tuple[Path, ...]:
        return self.material.mixed()


class Floor(issue.Floor):
    """The same requests read, built and signed in one process."""

    def requests(self) -> tuple[Path, ...]:
        return self.material.mixed()


def contenders() -> tuple[Contender, ...]:
    """Return Antin, the floor and the peers."""
    openssl = (Contender("openssl ca", OpenSSL),) if shutil.which("openssl") else ()
    own = (Contender("Antin", Antin), Contender("floor", Floor))
    return (*own, *cfssl.PEERS, *openssl)


def peak_memory(material: Material, count: int) -> int:
    """Return the octets at the peak of a process that issues as many, its workers apart."""
    code = "import sys; from bench.bulk import issue_alone; issue_alone(*sys.argv[1:])"
    command = [sys.executable, "-c", code, str(material.folder), str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout) * (1 if sys.platform == "darwin" else 1024)


def issue_alone(folder: str, count: str) -> None:
    """Issue in this process and its workers, and say what this one took at the peak."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        task = Antin(Material(Path(folder), 0, FEW))
        task.prepare(Path(own))
        task.many(int(count))
        task.close()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
