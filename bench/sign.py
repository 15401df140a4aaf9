"""Signing PDFs at B-B, invisibly, with an RSA-2048 key in SoftHSM (PKCS#1 v1.5, SHA-256).

Everyone logs in once, before the clock starts, reads each file and writes each result.
"""

from __future__ import annotations

from contextlib import closing
from functools import partial

from bench import sign_peers
from bench.material import USER_PIN, Material
from bench.rounds import Contender
from bench.sign_peers import Signing, Sources
from hsm.keys import open_key
from hsm.pin import GivenPinSource, Pin
from pki.clock import SystemClock
from pki.fetcher import NoNetwork
from signing.batch.ahead import Ahead
from signing.batch.begun import prepare_document
from signing.batch.giving import Giving, sign_each
from signing.batch.journal import open_journal
from signing.batch.makers import Maker
from signing.display.profile import load_display
from signing.files import Existing
from signing.key import SigningKey
from signing.options import SigningOptions
from signing.services import SigningServices
from signing.sign import Signatory
from verify.policy import default_policy
from verify.trust import TrustStore

OPTIONS = SigningOptions(pss=False, display=load_display("none"))


def services_of(material: Material) -> SigningServices:
    """Return what signing reaches out to: nothing but the clock."""
    trust = TrustStore((material.certificate("root"),))
    return SigningServices(SystemClock(), NoNetwork(), trust, default_policy())


class Antin(Signing):
    """What `antin sign` does with each: the document and the signer checked, the result judged, a
    journal that is on the disk before the output takes its name."""

    def __init__(self, material: Material, sources: Sources = Material.pdfs) -> None:
        super().__init__(material, sources)
        certificate = material.certificate("token")
        source = GivenPinSource(Pin(USER_PIN))
        modules = (material.tokens.module(),)
        key = open_key(material.token_key, modules, source, certificate=certificate)
        self._signer = SigningKey(certificate, material.chain(), lambda: key)
        self._options = OPTIONS
        self._services = services_of(material)

    def work(self) -> None:
        maker = self.maker(Signatory(self._signer, self._options, self._services))
        with (
            open_journal(self.folder) as journal,
            closing(Giving(existing=Existing.REFUSE, journal=journal)) as giving,
        ):
            for attempt, error in sign_each(tuple(self.pairs()), maker, giving):
                assert error is None, (attempt.document, error)

    def maker(self, signatory: Signatory) -> Maker:
        """Return who makes the documents."""
        how = {"signatory": signatory, "existing": Existing.REFUSE}
        return Ahead(partial(prepare_document, **how))


def contenders(sources: Sources) -> tuple[Contender, ...]:
    """Return Antin, the floor and the peer, at work on these documents."""
    tasks = {"Antin": Antin, "floor": sign_peers.Floor, "pyHanko": sign_peers.PyHanko}
    return tuple(Contender(name, partial(task, sources=sources)) for name, task in tasks.items())
