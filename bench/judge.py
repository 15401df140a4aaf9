"""Judging small PDFs with one B-B signature each, offline, trust and revocation lists given."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from io import BytesIO

from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from bench.material import DER, Material
from bench.rounds import Contender, Task
from pki.clock import SystemClock
from verify.document import verify_document
from verify.evidence import Evidence, Item
from verify.indication import Indication
from verify.policy import default_policy
from verify.trust import TrustStore

BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


class _Judging(Task):
    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self.verdicts: list[str] = []

    def check(self) -> None:
        assert self.verdicts == ["good"] * self.material.documents, self.verdicts[:3]

    def work(self) -> None:
        self.verdicts = [self.judge(path.read_bytes()) for path in self.material.signed()]

    def judge(self, data: bytes) -> str:
        raise NotImplementedError


class Antin(_Judging):
    """`verify_document`: the whole process of EN 319 102-1, changes after signing included."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._trust = TrustStore((material.certificate("root"),))
        self._policy = default_policy()
        self._at = SystemClock().now()
        lists = (material.crl_path(name).read_bytes() for name in ("root", "issuing"))
        self._evidence = Evidence(crls=tuple(Item(der, self._at) for der in lists))

    def judge(self, data: bytes) -> str:
        report = verify_document(
            data,
            policy=self._policy,
            trust=self._trust,
            at=self._at,
            evidence=self._evidence,
        )
        return "good" if report.indication is Indication.TOTAL_PASSED else repr(report.findings)


class PyHanko(_Judging):
    """pyHanko's `validate_pdf_signature`, revocation lists demanded."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        issuing, root = (asn1_x509.Certificate.load(c.public_bytes(DER)) for c in material.chain())
        self._roots, self._others = [root], [issuing]
        self._crls = [
            asn1_crl.CertificateList.load(material.crl_path(name).read_bytes())
            for name in ("root", "issuing")
        ]

    def judge(self, data: bytes) -> str:
        context = ValidationContext(
            trust_roots=self._roots,
            other_certs=self._others,
            crls=self._crls,
            allow_fetching=False,
            revocation_mode="hard-fail",
        )
        (signature,) = PdfFileReader(BytesIO(data)).embedded_regular_signatures
        status = validate_pdf_signature(signature, context)
        return "good" if status.bottom_line else status.summary()


class PDFSig(_Judging):
    """Poppler's `pdfsig`, one process a file as it wants it; certificates are not judged."""

    def work(self) -> None:
        self.verdicts = [
            "good" if b"Signature is Valid" in self._run(str(path)) else "bad"
            for path in self.material.signed()
        ]

    def _run(self, path: str) -> bytes:
        return subprocess.run(
            ["pdfsig", "-nocert", path],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        ).stdout


class Floor(_Judging):
    """What cannot be left out: read, SHA-256 over the byte range, one RSA verification."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        key = load_pem_private_key((material.folder / "signer.key").read_bytes(), None)
        public = material.certificate("signer").public_key()
        assert isinstance(public, RSAPublicKey)
        self._public = public
        self._signatures = {}
        for path in material.signed():
            digest = self._digest(path.read_bytes())
            self._signatures[digest] = key.sign(digest, PKCS1v15(), Prehashed(SHA256()))  # type: ignore[union-attr,call-arg]

    def judge(self, data: bytes) -> str:
        digest = self._digest(data)
        self._public.verify(self._signatures[digest], digest, PKCS1v15(), Prehashed(SHA256()))
        return "good"

    def _digest(self, data: bytes) -> bytes:
        found = BYTE_RANGE.search(data)
        assert found
        _, first, start, rest = map(int, found.groups())
        return hashlib.sha256(data[:first] + data[start : start + rest]).digest()


ANTIN = Contender("Antin", Antin)
PEERS = (
    Contender("pyHanko", PyHanko),
    *((Contender("pdfsig", PDFSig),) if shutil.which("pdfsig") else ()),
)
FLOOR = Contender("floor", Floor)
