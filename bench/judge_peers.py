"""Whom judging is measured against.

Each in a process of its own that never loads `verify`: that puts quicker readers into pyHanko,
and a peer must not be measured with them.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from io import BytesIO
from pathlib import Path

from asn1crypto import pem as asn1_pem
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import (
    REQUIRE_REVINFO,
    CertRevTrustPolicy,
)
from pyhanko_certvalidator.registry import SimpleTrustManager

from bench import judge_material
from bench.material import Material
from bench.rounds import Task

GOOD = "good"


class Judging(Task):
    """Judges every document of a round; each verdict is GOOD or tells why not."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self.verdicts: list[str] = []
        self.documents = self.paths()

    def paths(self) -> tuple[Path, ...]:
        """Return what is judged."""
        return self.material.signed()

    def check(self) -> None:
        assert self.verdicts == [GOOD] * len(self.documents), self.verdicts[:3]

    def work(self) -> None:
        self.verdicts = [self.judge(path.read_bytes()) for path in self.documents]

    def judge(self, data: bytes) -> str:
        """Return the verdict on one."""
        raise NotImplementedError


class _Untouched(Judging):
    def check(self) -> None:
        assert "verify" not in sys.modules, "this is not pyHanko as it is installed"
        super().check()


class PyHanko(_Untouched):
    """`validate_pdf_signature` for each signature, modifications analysed, lists demanded."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._roots = self.roots()

    def roots(self) -> list[asn1_x509.Certificate]:
        """Return whom it trusts."""
        return [judge_material.certificate(self.material, "root")]

    def judge(self, data: bytes) -> str:
        for signature in PdfFileReader(BytesIO(data)).embedded_regular_signatures:
            context = judge_material.context(self.material, self._roots)
            status = validate_pdf_signature(signature, context)
            if not status.bottom_line:
                return str(status.summary())
        return GOOD


class PyHankoManyAnchors(PyHanko):
    """The same with the roots of many."""

    def roots(self) -> list[asn1_x509.Certificate]:
        pem = judge_material.anchors(self.material).read_bytes()
        return [
            asn1_x509.Certificate.load(der) for _, _, der in asn1_pem.unarmor(pem, multiple=True)
        ]


class PyHankoManySignatures(PyHanko):
    """The same over one document with many signatures."""

    def paths(self) -> tuple[Path, ...]:
        return (judge_material.many_times(self.material, judge_material.SIGNATURES),)


class PyHankoLongTerm(_Untouched):
    """`ades_lta_validation`, offline, with the evidence in the document."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        root = judge_material.certificate(material, "root")
        policy = CertValidationPolicySpec(
            trust_manager=SimpleTrustManager.build([root]),
            revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO),
        )
        self._spec = PdfSignatureValidationSpec(
            SignatureValidationSpec(
                cert_validation_policy=policy,
                revinfo_gathering_policy=RevocationInfoGatheringSpec(
                    online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY
                ),
            )
        )

    def paths(self) -> tuple[Path, ...]:
        return judge_material.long_term(self.material)

    def judge(self, data: bytes) -> str:
        (signature,) = PdfFileReader(BytesIO(data)).embedded_regular_signatures
        result = asyncio.run(ades_lta_validation(signature, self._spec))
        return GOOD if isinstance(result.ades_subindic, AdESPassed) else repr(result.ades_subindic)


class PDFSig(Judging):
    """Poppler's `pdfsig`, one process a file as it wants it; certificates are not judged."""

    def work(self) -> None:
        self.verdicts = [
            GOOD if b"Signature is Valid" in _run(str(path)) else "bad" for path in self.documents
        ]


def _run(path: str) -> bytes:
    return subprocess.run(
        ["pdfsig", "-nocert", path],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    ).stdout
