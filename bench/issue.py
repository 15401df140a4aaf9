"""Issuing certificates for ready requests, one at a time, with a P-256 key in software."""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from bench import django_ca
from bench.material import DER, Material
from bench.rounds import Contender, Task
from pki.authority.authority import Authority
from pki.authority.create import NewAuthority, create_issuing, create_root
from pki.clock import SystemClock
from pki.collecting import collect_seldom
from pki.keys import PrivateKey
from pki.profile import load_profile
from pki.records.certificates import CertificateQuery, CertificateRecord, CertificateState
from pki.register.sql import create_register
from pki.request import parse_request
from pki.subject import Subject, build_subject
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
        self._key = self.key()
        collect_seldom()  # as a server does once everything is loaded

    def key(self) -> PrivateKey:
        """Return the authority's."""
        return generate_private_key(SECP256R1())

    @property
    def authority(self) -> Authority:
        """The one of this round."""
        assert self._authority
        return self._authority

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        self.close()
        self._authority = new_authority(folder / "register.sqlite", self._key)

    def work(self) -> None:
        self.issue(range(self.material.requests))

    def issue(self, numbers: range) -> None:
        """Issue for these of the requests."""
        paths = self.material.csrs()
        for number in numbers:
            request = parse_request(paths[number].read_bytes())
            self.authority.issue(request, self._profile, subject(number), requester="bench")

    def check(self) -> None:
        assert len(issued(self.authority)) == self.material.requests

    def close(self) -> None:
        if self._authority:
            self._authority.register.close()


def subject(number: int) -> Subject:
    """Return whom the request of that number is for."""
    return build_subject((*OFFICE, ("CN", f"Official {number}")))


def issued(authority: Authority) -> tuple[CertificateRecord, ...]:
    """Return what the authority issued."""
    asked = CertificateQuery(issuer=authority.issuer.name, state=CertificateState.ISSUED)
    return authority.register.find_certificates(asked)


def new_authority(path: Path, key: PrivateKey) -> Authority:
    """Make a register with a root and below it an issuing authority with that key."""
    clock = SystemClock()
    register = create_register(path, clock)
    root = create_root(_new("root", generate_private_key(SECP256R1())), register, clock)
    return create_issuing(root, _new("issuing", key))


def _new(name: str, key: PrivateKey) -> NewAuthority:
    return NewAuthority(
        name=name,
        subject=build_subject((*OFFICE, ("CN", name))),
        key=key,
        key_uri="file:not-kept",
        profile=load_profile(name),
        urls=AuthorityURLs.under("http://pki.example.vn", name),
        requester="bench",
    )


class OpenSSL(Task):
    """`openssl ca -batch`: one process, one index, every request on its command line."""

    def requests(self) -> tuple[Path, ...]:
        """Return what is certified."""
        return self.material.csrs()

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        (folder / "new").mkdir()
        (folder / "index.txt").touch()
        text = OPENSSL_CONFIGURATION.format(folder=folder, material=self.material.folder)
        (folder / "ca.cnf").write_text(text, "utf-8")

    def work(self) -> None:
        options = ["-batch", "-notext", "-config", str(self.folder / "ca.cnf")]
        subprocess.run(
            ["openssl", "ca", *options, "-infiles", *map(str, self.requests())],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def check(self) -> None:
        assert len(list((self.folder / "new").iterdir())) == self.material.requests


class Floor(Task):
    """What cannot be left out: read the request, build the certificate, sign it once.

    It says what Antin's say, in as many extensions. Nothing is stored, judged or read back.
    """

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        key = load_pem_private_key((material.folder / "issuing.key").read_bytes(), None)
        assert isinstance(key, EllipticCurvePrivateKey)
        self._key = key
        self._issuer = material.certificate("issuing")
        self._made: list[bytes] = []

    def requests(self) -> tuple[Path, ...]:
        """Return what is certified."""
        return self.material.csrs()

    def work(self) -> None:
        self._made = [
            self._certify(x509.load_pem_x509_csr(path.read_bytes())) for path in self.requests()
        ]

    def _certify(self, request: x509.CertificateSigningRequest) -> bytes:
        start, key = SystemClock().now(), request.public_key()
        builder = (
            x509.CertificateBuilder(
                self._issuer.subject, request.subject, key, x509.random_serial_number()
            )
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=365))
        )
        for extension, critical in _extensions(key, self._key.public_key()):
            builder = builder.add_extension(extension, critical)
        return builder.sign(self._key, SHA256()).public_bytes(DER)

    def check(self) -> None:
        assert len(self._made) == self.material.requests


def _extensions(
    key: CertificatePublicKeyTypes, issuer: EllipticCurvePublicKey
) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    policy = x509.PolicyInformation(x509.ObjectIdentifier("1.3.6.1.4.1.32473.68.1"), None)
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION, _SIGNING]
    ocsp, above = AuthorityInformationAccessOID.OCSP, AuthorityInformationAccessOID.CA_ISSUERS
    access = [
        x509.AccessDescription(ocsp, _url("ocsp")),
        x509.AccessDescription(above, _url("ca/issuing.cer")),
    ]
    point = x509.DistributionPoint([_url("crl/issuing.crl")], None, None, None)
    return (
        (x509.KeyUsage(*(bit < 2 for bit in range(9))), True),
        (x509.ExtendedKeyUsage(usages), False),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
        (x509.CertificatePolicies([policy]), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), False),
        (x509.CRLDistributionPoints([point]), False),
        (x509.AuthorityInformationAccess(access), False),
    )


_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")


def _url(path: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(f"http://pki.example.vn/{path}")


ANTIN = Contender("Antin", Antin)
OPENSSL = (Contender("openssl ca", OpenSSL),) if shutil.which("openssl") else ()
PEERS = (*django_ca.ISSUING, *OPENSSL)
FLOOR = Contender("floor", Floor)
