"""Issuing certificates for ready requests, with a P-256 key in software."""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bench.material import DER, Material
from bench.rounds import Contender, Task
from pki.authority.authority import Authority
from pki.authority.create import NewAuthority, create_issuing, create_root
from pki.clock import SystemClock
from pki.profile import load_profile
from pki.records import CertificateQuery, CertificateState
from pki.register.sql import create_register
from pki.request import parse_request
from pki.subject import build_subject
from pki.urls import AuthorityURLs

OFFICE = (("C", "VN"), ("O", "Ủy ban nhân dân xã Mẫu"))

OPENSSL_CONFIGURATION = """
[ca]
default_ca = bench
[bench]
database = {folder}/index.txt
new_certs_dir = {folder}/new
rand_serial = yes
unique_subject = no
default_md = sha256
default_days = 365
policy = any
x509_extensions = subscriber
certificate = {material}/issuing.pem
private_key = {material}/issuing.key
string_mask = utf8only
utf8 = yes
[any]
countryName = optional
organizationName = optional
commonName = supplied
[subscriber]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature, nonRepudiation
extendedKeyUsage = clientAuth, emailProtection
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


class Antin(Task):
    """The whole way of `Authority.issue`: write ahead, lint, sign, read back, commit, on SQLite."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._profile = load_profile("official")
        self._authority: Authority | None = None

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        if self._authority:
            self._authority.register.close()
        clock = SystemClock()
        register = create_register(folder / "register.sqlite", clock)
        root = create_root(_new("root"), register, clock)
        self._authority = create_issuing(root, _new("issuing"))

    def work(self) -> None:
        assert self._authority
        for number, path in enumerate(self.material.csrs()):
            subject = build_subject((*OFFICE, ("CN", f"Official {number}")))
            request = parse_request(path.read_bytes())
            self._authority.issue(request, self._profile, subject, requester="bench")

    def check(self) -> None:
        assert self._authority
        issued = CertificateQuery(issuer="issuing", state=CertificateState.ISSUED)
        found = self._authority.register.find_certificates(issued)
        assert len(found) == self.material.requests


def _new(name: str) -> NewAuthority:
    return NewAuthority(
        name=name,
        subject=build_subject((*OFFICE, ("CN", name))),
        key=generate_private_key(SECP256R1()),
        key_uri="file:not-kept",
        profile=load_profile(name),
        urls=AuthorityURLs.under("http://pki.example.vn", name),
        requester="bench",
    )


class OpenSSL(Task):
    """`openssl ca -batch`: one process, one index, every request on its command line."""

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        (folder / "new").mkdir()
        (folder / "index.txt").touch()
        text = OPENSSL_CONFIGURATION.format(folder=folder, material=self.material.folder)
        (folder / "ca.cnf").write_text(text, "utf-8")

    def work(self) -> None:
        options = ["-batch", "-notext", "-config", str(self.folder / "ca.cnf")]
        subprocess.run(
            ["openssl", "ca", *options, "-infiles", *map(str, self.material.csrs())],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def check(self) -> None:
        assert len(list((self.folder / "new").iterdir())) == self.material.requests


class Floor(Task):
    """What cannot be left out: read the request, build the certificate, sign it once."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        key = load_pem_private_key((material.folder / "issuing.key").read_bytes(), None)
        assert isinstance(key, EllipticCurvePrivateKey)
        self._key = key
        self._issuer = material.certificate("issuing")
        self._made: list[bytes] = []

    def work(self) -> None:
        start = SystemClock().now()
        self._made = [
            x509.CertificateBuilder(
                self._issuer.subject, request.subject, request.public_key(), number + 1
            )
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=365))
            .sign(self._key, SHA256())
            .public_bytes(DER)
            for number, request in enumerate(
                x509.load_pem_x509_csr(path.read_bytes()) for path in self.material.csrs()
            )
        ]

    def check(self) -> None:
        assert len(self._made) == self.material.requests


ANTIN = Contender("Antin", Antin)
PEERS = (Contender("openssl ca", OpenSSL),) if shutil.which("openssl") else ()
FLOOR = Contender("floor", Floor)
