"""What `openssl cms` signs is judged as it judges it; what differs, neither lets pass."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509

from pki.clock import SystemClock
from verify.content import Digest
from verify.detached import verify_signature
from verify.evidence import Evidence, Item
from verify.indication import Indication, SubIndication
from verify.policy import default_policy
from verify.report import Report
from verify.signature_value import compute_digest
from verify.trust import TrustStore

CONTENT = "Kế hoạch số 7/KH-UBND\n".encode() * 1000
KEYS = {
    "rsa": ("-newkey", "rsa:2048"),
    "p256": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "p384": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"),
}
PSS = ("-keyopt", "rsa_padding_mode:pss")


@dataclass
class OpenSSL:
    """The program, in a folder of its own."""

    program: Path
    folder: Path

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [str(self.program), *arguments]
        return subprocess.run(command, capture_output=True, check=False, cwd=self.folder)

    def sign(self, name: str, *more: str, form: str = "DER") -> bytes:
        signer = ("-signer", f"{name}.pem", "-inkey", f"{name}.key")
        ran = self("cms", "-sign", "-binary", "-in", "content", "-outform", form, *signer, *more)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def verifies(self, signature: bytes, *, content: str | None = "content") -> bool:
        (self.folder / "signature").write_bytes(signature)
        beside = () if content is None else ("-content", content)
        ran = self(
            "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature", "-noverify",
            "-out", "out", *beside,
        )  # fmt: skip
        return ran.returncode == 0

    def certificate(self, name: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate((self.folder / f"{name}.pem").read_bytes())


@pytest.fixture(scope="module")
def openssl(peer, tmp_path_factory) -> OpenSSL:
    found = OpenSSL(peer("openssl"), tmp_path_factory.mktemp("openssl"))
    (found.folder / "content").write_bytes(CONTENT)
    (found.folder / "other").write_bytes(CONTENT + b" ")
    for name, kind in KEYS.items():
        ran = found(
            "req", "-x509", *kind, "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem",
            "-subj", f"/CN={name}", "-days", "30", "-addext", "keyUsage=digitalSignature",
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
    return found


def judged(openssl: OpenSSL, signature: bytes, content, *names: str, **more) -> Report:
    trust = TrustStore(tuple(openssl.certificate(name) for name in names or KEYS))
    at = SystemClock().now()
    return verify_signature(signature, content, policy=default_policy(), trust=trust, at=at, **more)


WAYS = {
    "rsa": ("rsa",),
    "rsa cades": ("rsa", "-cades"),
    "rsa pss": ("rsa", *PSS),
    "rsa pss cades": ("rsa", "-md", "sha384", *PSS, "-cades"),
    "p256 cades": ("p256", "-cades"),
    "p384": ("p384", "-md", "sha384", "-cades"),
    "sha512": ("p384", "-md", "sha512"),
    "sha3": ("rsa", "-md", "sha3-256"),
    "by its key": ("rsa", "-keyid", "-cades"),
    "without attributes": ("rsa", "-noattr"),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_openssl_signs_passes_and_nothing_else(openssl: OpenSSL, way: str):
    signature = openssl.sign(*WAYS[way])
    assert openssl.verifies(signature)
    report = judged(openssl, signature, CONTENT)
    assert report.indication is Indication.TOTAL_PASSED, report.signatures
    assert report.signatures[0].level == ("B-B" if "-cades" in WAYS[way] else None)
    assert not openssl.verifies(signature, content="other")
    differs = judged(openssl, signature, CONTENT + b" ")
    assert differs.sub_indication is SubIndication.HASH_FAILURE
    name = report.signatures[0].digests[0]
    of_digest = judged(openssl, signature, Digest(name, compute_digest(name, (CONTENT,)) or b""))
    passed = of_digest.indication is Indication.TOTAL_PASSED
    assert passed is (way != "without attributes")


@pytest.mark.parametrize("stream", [(), ("-stream",)], ids=["der", "indefinite lengths"])
def test_content_inside_is_judged_and_given(openssl: OpenSSL, stream):
    signature = openssl.sign("p256", "-nodetach", *stream)
    assert openssl.verifies(signature, content=None)
    assert judged(openssl, signature, None).indication is Indication.TOTAL_PASSED
    assert judged(openssl, signature, CONTENT).indication is Indication.TOTAL_PASSED
    at = signature.index(b"UBND")
    spoiled = signature[:at] + b"X" + signature[at + 1 :]
    assert not openssl.verifies(spoiled, content=None)
    assert judged(openssl, spoiled, None).sub_indication is SubIndication.HASH_FAILURE


def test_pem_is_the_same_signature(openssl: OpenSSL):
    armoured = openssl.sign("rsa", "-cades", form="PEM")
    assert armoured.startswith(b"-----BEGIN CMS-----")
    assert judged(openssl, armoured, CONTENT).indication is Indication.TOTAL_PASSED


def test_several_signers_are_judged_each(openssl: OpenSSL):
    first = openssl.sign("rsa", "-nodetach", "-cades")
    (openssl.folder / "first").write_bytes(first)
    ran = openssl(
        "cms", "-resign", "-binary", "-inform", "DER", "-in", "first", "-outform", "DER",
        "-signer", "p256.pem", "-inkey", "p256.key", "-cades",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert openssl.verifies(ran.stdout, content=None)
    both = judged(openssl, ran.stdout, None)
    assert both.indication is Indication.TOTAL_PASSED
    assert {item.signer.common_name for item in both.signatures if item.signer} == {"rsa", "p256"}
    one = judged(openssl, ran.stdout, None, "rsa")
    assert one.indication is Indication.INDETERMINATE
    found = {item.signer.common_name: item.indication for item in one.signatures if item.signer}
    assert found == {"rsa": Indication.TOTAL_PASSED, "p256": Indication.INDETERMINATE}


def test_a_certificate_may_come_from_beside(openssl: OpenSSL):
    signature = openssl.sign("p256", "-nocerts", "-cades")
    missing = judged(openssl, signature, CONTENT, "rsa")
    assert missing.sub_indication is SubIndication.NO_SIGNING_CERTIFICATE_FOUND
    der = openssl("x509", "-in", "p256.pem", "-outform", "DER").stdout
    beside = Evidence(certificates=(Item(der, SystemClock().now()),))
    report = judged(openssl, signature, CONTENT, "p256", evidence=beside)
    assert report.indication is Indication.TOTAL_PASSED
