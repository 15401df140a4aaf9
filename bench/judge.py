"""Judging PDFs offline, trust and revocation lists given or in the document.

Small ones with a signature each at B-B and at B-LTA, one with many signatures, small ones where
many are trusted.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bench import judge_material, judge_peers
from bench.judge_peers import GOOD, Judging
from bench.material import Material
from bench.rounds import Contender
from pki.clock import SystemClock
from verify.document import verify_document
from verify.evidence import NONE, Evidence, Item
from verify.indication import Indication
from verify.listed import Listing, State
from verify.policy import default_policy
from verify.trust import TrustStore, load_trust

BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")
SIGNATURES = judge_material.SIGNATURES
ANCHORS = judge_material.ANCHORS
PART = 5
"""The floor of many signatures is the cost of a fifth of them, so many times."""


class Antin(Judging):
    """`verify_document`: the whole process of EN 319 102-1, changes after signing included."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._trust = self.trust()
        self._policy = default_policy()
        self._at = SystemClock().now()
        self._evidence = self.evidence()

    def trust(self) -> TrustStore:
        """Return whom it trusts."""
        return TrustStore((self.material.certificate("root"),))

    def evidence(self) -> Evidence:
        """Return what it is given beside a document."""
        paths = (self.material.crl_path(name) for name in judge_material.LISTS)
        return Evidence(crls=tuple(Item(path.read_bytes(), self._at) for path in paths))

    def judge(self, data: bytes) -> str:
        report = verify_document(
            data,
            policy=self._policy,
            trust=self._trust,
            at=self._at,
            evidence=self._evidence,
        )
        return GOOD if report.indication is Indication.TOTAL_PASSED else repr(report.findings)


class LongTerm(Antin):
    """The same at B-LTA, with nothing beside the document."""

    def paths(self) -> tuple[Path, ...]:
        return judge_material.long_term(self.material)

    def evidence(self) -> Evidence:
        return NONE


class ManyAnchors(Antin):
    """The same where many are trusted."""

    def trust(self) -> TrustStore:
        return load_trust((judge_material.anchors(self.material),))


class ManyListed(Antin):
    """The same where as many are trusted by a list."""

    def trust(self) -> TrustStore:
        anchors = load_trust((judge_material.anchors(self.material),)).anchors
        granted = State(_CA, _GRANTED, datetime(2020, 1, 1, tzinfo=UTC))
        return TrustStore(
            listed=tuple(
                (each, Listing("VN", f"Provider {number}", "CA", (granted,)))
                for number, each in enumerate(anchors)
            )
        )


_CA = "http://uri.etsi.org/TrstSvc/Svctype/CA/QC"
_GRANTED = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted"


class ManySignatures(Antin):
    """One document with many signatures."""

    def paths(self) -> tuple[Path, ...]:
        return (judge_material.many_times(self.material, SIGNATURES),)


class FewSignatures(Antin):
    """As many signatures in documents with few each."""

    def paths(self) -> tuple[Path, ...]:
        return (judge_material.many_times(self.material, SIGNATURES // PART),) * PART


class Floor(Judging):
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
        return GOOD

    def _digest(self, data: bytes) -> bytes:
        found = BYTE_RANGE.search(data)
        assert found
        _, first, start, rest = map(int, found.groups())
        return hashlib.sha256(data[:first] + data[start : start + rest]).digest()


_PDFSIG = (Contender("pdfsig", judge_peers.PDFSig),) if shutil.which("pdfsig") else ()

SMALL = (
    Contender("Antin", Antin),
    Contender("floor", Floor),
    Contender("pyHanko", judge_peers.PyHanko),
    *_PDFSIG,
)
LONG_TERM = (
    Contender("Antin", LongTerm),
    Contender("floor", Antin),
    Contender("pyHanko's AdES", judge_peers.PyHankoLongTerm),
)
MANY_SIGNATURES = (
    Contender("Antin", ManySignatures),
    Contender("floor", FewSignatures),
    Contender("pyHanko", judge_peers.PyHankoManySignatures),
)
MANY_ANCHORS = (
    Contender("Antin", ManyAnchors),
    Contender("floor", Antin),
    Contender("pyHanko", judge_peers.PyHankoManyAnchors),
)
MANY_LISTED = (
    Contender("Antin", ManyListed),
    Contender("floor", Antin),
    Contender("anchors from a file", ManyAnchors),
)
