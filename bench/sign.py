"""Signing PDFs at B-B, invisibly, with an RSA-2048 key in SoftHSM (PKCS#1 v1.5, SHA-256).

Everyone logs in once, before the clock starts, reads each file and writes each result.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pkcs11
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, sign_pdf
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.pkcs11 import PKCS11Signer

from bench.material import DER, TOKEN_LABEL, USER_PIN, Material
from bench.real import FIELD
from bench.rounds import Contender, Task
from hsm.embedded import find_softhsm
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

DIGEST_INFO_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")


Sources = Callable[[Material], tuple[Path, ...]]
OPTIONS = SigningOptions(pss=False, display=load_display("none"))


def services_of(material: Material) -> SigningServices:
    """Return what signing reaches out to: nothing but the clock."""
    trust = TrustStore((material.certificate("root"),))
    return SigningServices(SystemClock(), NoNetwork(), trust, default_policy())


class _Signing(Task):
    def __init__(self, material: Material, sources: Sources = Material.pdfs) -> None:
        super().__init__(material)
        self._sources = sources(material)

    def pairs(self) -> Iterator[tuple[Path, Path]]:
        for number, source in enumerate(self._sources):
            yield source, self.folder / f"{number:04}-{source.name}"

    def check(self) -> None:
        outputs = sorted(self.folder.glob("*.pdf"))
        assert len(outputs) == len(self._sources)
        pdfsig = shutil.which("pdfsig")
        if pdfsig:
            done = subprocess.run(
                [pdfsig, "-nocert", outputs[0]], capture_output=True, text=True, check=False
            )
            assert "Signature is Valid" in done.stdout, done.stdout + done.stderr


def _session() -> pkcs11.Session:
    library = pkcs11.lib(str(find_softhsm()))
    return library.get_token(token_label=TOKEN_LABEL).open(user_pin=USER_PIN)


class Antin(_Signing):
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


class PyHanko(_Signing):
    """pyHanko's own loop: one session, one signer, one `sign_pdf` a file."""

    def __init__(self, material: Material, sources: Sources = Material.pdfs) -> None:
        super().__init__(material, sources)
        certificate, *chain = (
            asn1_x509.Certificate.load(c.public_bytes(DER))
            for c in (material.certificate("token"), *material.chain())
        )
        self._signer = PKCS11Signer(
            _session(),
            signing_cert=certificate,
            ca_chain=chain,
            key_id=material.token_key.id,
        )
        self._meta = PdfSignatureMetadata(
            field_name=FIELD, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
        )

    def work(self) -> None:
        for source, target in self.pairs():
            with source.open("rb") as file, target.open("wb") as output:
                sign_pdf(IncrementalPdfFileWriter(file), self._meta, self._signer, output=output)


class Floor(_Signing):
    """What cannot be left out: read, SHA-256, one C_Sign, write."""

    def __init__(self, material: Material, sources: Sources = Material.pdfs) -> None:
        super().__init__(material, sources)
        self._key = _session().get_key(
            object_class=pkcs11.ObjectClass.PRIVATE_KEY, id=material.token_key.id
        )

    def work(self) -> None:
        for source, target in self.pairs():
            data = source.read_bytes()
            signature = self._key.sign(
                DIGEST_INFO_SHA256 + hashlib.sha256(data).digest(),
                mechanism=pkcs11.Mechanism.RSA_PKCS,
            )
            target.write_bytes(data + signature)

    def check(self) -> None:
        outputs = sorted(self.folder.glob("*.pdf"))
        assert len(outputs) == len(self._sources)


def contenders(sources: Sources) -> tuple[Contender, ...]:
    """Return Antin, the floor and the peer, at work on these documents."""
    tasks = {"Antin": Antin, "floor": Floor, "pyHanko": PyHanko}
    return tuple(Contender(name, partial(task, sources=sources)) for name, task in tasks.items())
