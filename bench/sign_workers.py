"""Two processes that sign documents against one, beside what `openssl speed -multi 2` gains.

One is what `antin sign` is where no workers are asked for: it signs, and gives out. The workers are
started and logged in before the clock starts; what they make is given out by the process that
asked, with its journal, as `antin sign --workers` does.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from functools import cache, partial
from pathlib import Path

from bench import real
from bench.material import USER_PIN, Material
from bench.paired import Ways
from bench.sign import OPTIONS, services_of
from bench.token_workers import CountedTokens, logins_of, openssl_rate
from hsm.keys import open_key
from hsm.pin import GivenPinSource, Pin
from hsm.workers.messages import KeyOrder
from hsm.workers.pool import SigningWorkers, signing_workers
from hsm.workers.process import worker_key
from pki.collecting import collect_seldom
from signing.batch.ahead import Ahead
from signing.batch.begun import prepare_document
from signing.batch.giving import Giving, sign_each
from signing.batch.journal import open_journal
from signing.batch.made import MadeDocument, judge_document, make_beside
from signing.batch.makers import Maker
from signing.batch.workers import InWorkers
from signing.files import Existing
from signing.key import SigningKey
from signing.sign import Signatory

AT_LEAST = 80
"""Documents in a round."""
_TWO = 2


@cache
def _signatory(material: Material) -> Signatory:
    signer = SigningKey(material.certificate("token"), material.chain(), worker_key)
    return Signatory(signer, OPTIONS, services_of(material))


def make_in_worker(material: Material, source: Path, target: Path) -> MadeDocument:
    """Make one document with the worker's key."""
    signatory = _signatory(material)
    how = {"later": None, "existing": Existing.REFUSE, "noted": True}
    return make_beside(source, target, signatory, **how)


class Workers(Ways):
    """All real documents, or small ones where there are none, by one process and by two workers.

    So many that the beginning and the end of a round, where one alone has something to do,
    count for little.
    """

    def __init__(self, material: Material) -> None:
        self._material = material
        self._certificate = material.certificate("token")
        found = real.documents(material) or material.pdfs()
        self._sources = (found * (AT_LEAST // len(found) + 1))[: max(AT_LEAST, len(found))]
        modules = (CountedTokens(material.tokens.directory),)
        order = KeyOrder(material.token_key, modules, begin=collect_seldom)
        source = GivenPinSource(Pin(USER_PIN))
        self._pool = signing_workers(order, source, workers=_TWO)
        here = (material.tokens.module(),)
        key = open_key(material.token_key, here, source, certificate=self._certificate)
        self._signer = SigningKey(self._certificate, material.chain(), lambda: key)
        self.ways = {"1": partial(self._sign, self._here), "2": partial(self._sign, self._workers)}
        if shutil.which("openssl"):
            self.ways |= {f"openssl {n}": partial(self._speed, n) for n in (1, 2)}

    def check(self) -> None:
        self._sign(self._workers)
        made = sorted(self._folder.glob("*.pdf"))
        assert [path.name for path in made] == [target.name for _, target in self._pairs()]
        pdfsig = shutil.which("pdfsig")
        if pdfsig:
            done = subprocess.run(
                [pdfsig, "-nocert", made[0]], capture_output=True, text=True, check=False
            )
            assert "Signature is Valid" in done.stdout, done.stdout + done.stderr

    def logins(self) -> int:
        return max(logins_of(self._pool, _TWO).values())

    def close(self) -> None:
        self._pool.shutdown()

    @property
    def _folder(self) -> Path:
        return self._material.folder / "rounds" / "workers"

    def _pairs(self) -> tuple[tuple[Path, Path], ...]:
        numbered = enumerate(self._sources)
        return tuple((source, self._folder / f"{number:04}.pdf") for number, source in numbered)

    def _here(self) -> Maker:
        how = {"existing": Existing.REFUSE}
        signatory = Signatory(self._signer, OPTIONS, services_of(self._material))
        return Ahead(partial(prepare_document, signatory=signatory, **how))

    def _workers(self) -> Maker:
        judge = partial(
            judge_document, signatory=_signatory(self._material), existing=Existing.REFUSE
        )
        return InWorkers(lambda _: self._pool, self._submit, _TWO, judge=judge)

    def _sign(self, maker: Callable[[], Maker]) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        pairs = self._pairs()
        with (
            open_journal(self._folder) as journal,
            closing(Giving(existing=Existing.REFUSE, journal=journal)) as giving,
        ):
            for attempt, error in sign_each(pairs, maker(), giving):
                assert error is None, (attempt.document, error)

    def _submit(self, pool: SigningWorkers, source: Path, target: Path) -> Future[MadeDocument]:
        return pool.submit(make_in_worker, self._material, source, target)

    def _speed(self, processes: int) -> float:
        return len(self._sources) / openssl_rate("rsa2048", processes)


def worker_lines(times: dict[str, float]) -> list[tuple[str, ...]]:
    """Return what two processes gain, Antin's and OpenSSL's."""
    gain = times["1"] / times["2"]
    told = ("signing PDFs, two workers against one process", f"{times['2']:.2f} s", f"{gain:.2f}")
    if "openssl 1" not in times:
        return [(*told, "", "")]
    peer = times["openssl 1"] / times["openssl 2"]
    said = f"0.9 of the {peer:.2f} that `openssl speed -multi 2` gains"
    return [(*told, f"≥ {0.9 * peer:.2f}", said)]
