"""Whom signing is measured against, and the floor.

Each in a process of its own that never loads `verify`: that puts quicker readers into pyHanko,
and a peer must not be measured with them.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pkcs11
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, sign_pdf
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.pkcs11 import PKCS11Signer
from pyhanko.sign.timestamps import HTTPTimeStamper, TimeStamper

from bench.material import DER, TOKEN_LABEL, USER_PIN, Material
from bench.real import FIELD
from bench.rounds import Task
from bench.stamp_service import Service
from hsm.embedded import find_softhsm

DIGEST_INFO_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
Sources = Callable[[Material], tuple[Path, ...]]


def repeated(material: Material, *, wanted: int) -> tuple[Path, ...]:
    """Return so many documents, the small PDFs again and again."""
    found = material.pdfs()
    return tuple(found[number % len(found)] for number in range(wanted))


class Signing(Task):
    """Signs every document of a round into a folder."""

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


class PyHanko(Signing):
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

        self._stamper: TimeStamper | None = None

    def work(self) -> None:
        for source, target in self.pairs():
            with source.open("rb") as file, target.open("wb") as output:
                writer = IncrementalPdfFileWriter(file)
                sign_pdf(writer, self._meta, self._signer, self._stamper, output=output)

    def check(self) -> None:
        assert "verify" not in sys.modules, "this is not pyHanko as it is installed"
        super().check()


class PyHankoStamped(PyHanko):
    """The same with a time-stamp each, by pyHanko's HTTP client."""

    def __init__(self, material: Material, sources: Sources = Material.pdfs) -> None:
        super().__init__(material, sources)
        self._service = Service(material)
        self._stamper = HTTPTimeStamper(self._service.url)

    def close(self) -> None:
        self._service.close()


class Floor(Signing):
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
