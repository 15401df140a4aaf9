"""Authorities that others keep: `openssl ca`, EasyRSA and XCA, run for real; histories made up."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from pki_world import NOW, PUBLIC_URL

from pki.authority.authority import Authority
from pki.authority.create import open_authority
from pki.clock import Clock, whole_second
from pki.importing.apply import Terms, apply_plan, check_list
from pki.importing.material import Material
from pki.importing.plan import Plan, Wanted, build_plan
from pki.importing.sources import read_source
from pki.keys import PrivateKey
from pki.records.register import Register
from pki.urls import AuthorityURLs

BEGIN = whole_second(NOW) - timedelta(days=400)
LIFETIME = timedelta(days=7)
CONFIGURATION = """
[ca]
default_ca = here
[here]
dir = {folder}
database = $dir/index.txt
new_certs_dir = $dir/newcerts
certificate = $dir/cacert.pem
private_key = $dir/private/cakey.pem
serial = $dir/serial
crlnumber = $dir/crlnumber
default_md = sha256
default_days = 900
default_crl_days = 30
policy = any
unique_subject = no
x509_extensions = leaf
[any]
countryName = optional
organizationName = optional
commonName = supplied
[leaf]
basicConstraints = CA:FALSE
"""


def name_of(common: str) -> x509.Name:
    pairs = ((NameOID.COUNTRY_NAME, "VN"), (NameOID.COMMON_NAME, common))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in pairs])


@dataclass
class OldAuthority:
    """A key and a certificate that no Antin made, and what they signed."""

    name: x509.Name = field(default_factory=lambda: name_of("Gốc cũ"))
    key: PrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    serial: int = 0x1000
    key_identifier: bool = True
    identifier: bytes | None = None
    """By what its key is named; None is the SHA-1 of RFC 5280."""
    usage: bool = True
    is_authority: bool = True
    certificate: x509.Certificate = field(init=False)

    def __post_init__(self) -> None:
        builder = self._builder(self.name, self.key, self.serial)
        builder = builder.add_extension(x509.BasicConstraints(self.is_authority, None), True)
        if self.key_identifier:
            identifier = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
            if self.identifier is not None:
                identifier = x509.SubjectKeyIdentifier(self.identifier)
            builder = builder.add_extension(identifier, False)
        flags = (False,) * 5 + (True, self.usage, False, False)
        builder = builder.add_extension(x509.KeyUsage(*flags), True)
        self.certificate = builder.sign(self.key, hashes.SHA256())  # type: ignore[arg-type]

    def issue(
        self,
        serial: int,
        common: str = "",
        *,
        key: PrivateKey | None = None,
        days: int = 800,
        signed_by: PrivateKey | None = None,
    ) -> x509.Certificate:
        subject = name_of(common or f"số {serial}")
        builder = self._builder(subject, key or self.key, serial, days)
        return builder.sign(signed_by or self.key, hashes.SHA256())  # type: ignore[arg-type]

    def list(
        self,
        *entries: tuple[int, datetime, x509.ReasonFlags | None],
        number: int | None = 1,
        at: datetime = NOW - timedelta(days=1),
        signed_by: PrivateKey | None = None,
        extensions: Sequence[x509.ExtensionType] = (),
        entry_extensions: Sequence[x509.ExtensionType] = (),
    ) -> x509.CertificateRevocationList:
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.name)
        builder = builder.last_update(at).next_update(at + timedelta(days=30))
        for value in (*extensions, *([x509.CRLNumber(number)] if number is not None else [])):
            builder = builder.add_extension(value, isinstance(value, x509.DeltaCRLIndicator))
        for serial, since, reason in entries:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
            for value in (*entry_extensions, *([x509.CRLReason(reason)] if reason else [])):
                entry = entry.add_extension(value, False)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(signed_by or self.key, hashes.SHA256())  # type: ignore[arg-type]

    def _builder(
        self, subject: x509.Name, key: PrivateKey, serial: int, days: int = 800
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .issuer_name(self.name)
            .subject_name(subject)
            .public_key(key.public_key())
            .serial_number(serial)
            .not_valid_before(BEGIN)
            .not_valid_after(BEGIN + timedelta(days=days))
        )


def pem(item: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    return item.public_bytes(Encoding.PEM)


def key_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def index_time(at: datetime) -> str:
    return at.strftime("%y%m%d%H%M%SZ")


def index_line(serial: int, revoked: str = "", status: str | None = None) -> str:
    status = status or ("R" if revoked else "V")
    text = f"{serial:X}"
    text = text if len(text) % 2 == 0 else f"0{text}"
    return f"{status}\t380101000000Z\t{revoked}\t{text}\tunknown\t/CN={text}\n"


class OpenSSLAuthority:
    """`openssl ca` in a folder."""

    def __init__(self, openssl: Path, folder: Path) -> None:
        self.openssl, self.folder = openssl, folder
        for name in ("newcerts", "private"):
            (folder / name).mkdir(parents=True)
        (folder / "index.txt").touch()
        (folder / "serial").write_text("01\n", "utf-8")
        (folder / "crlnumber").write_text("1F\n", "utf-8")
        configuration = CONFIGURATION.format(folder=folder)
        (folder / "openssl.cnf").write_text(configuration, "utf-8")
        self.run(
            *("req", "-x509", "-newkey", "rsa:2048", "-noenc", "-days", "3650", "-utf8"),
            *("-subj", "/C=VN/O=UBND tỉnh Mẫu/CN=Gốc OpenSSL", "-set_serial", "0x77"),
            *("-keyout", folder / "private/cakey.pem", "-out", folder / "cacert.pem"),
        )

    def run(self, *arguments: object) -> str:
        done = subprocess.run(
            [self.openssl, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=self.folder,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ca(self, *arguments: object) -> None:
        self.run("ca", "-batch", "-config", "openssl.cnf", *arguments)

    def issue(self, common: str) -> Path:
        csr = self.folder / "request.csr"
        self.run(
            *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"),
            *("-utf8", "-subj", f"/C=VN/CN={common}", "-keyout", self.folder / "leaf.key"),
            *("-out", csr),
        )
        serial = (self.folder / "serial").read_text("utf-8").strip()
        self.ca("-utf8", "-in", csr, "-notext")
        return self.folder / "newcerts" / f"{serial}.pem"

    def revoke(self, certificate: Path, *options: str) -> None:
        self.ca("-revoke", certificate, *options)

    def list(self) -> Path:
        path = self.folder / "crl.pem"
        self.ca("-gencrl", "-out", path)
        return path

    @property
    def key(self) -> PrivateKey:
        return load_key(self.folder / "private/cakey.pem")


def load_key(path: Path) -> PrivateKey:
    key = load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, PrivateKey)
    return key


def plan_of(
    source: Path | Material, register: Register, *, now: datetime = NOW, **more: object
) -> Plan:
    material = source if isinstance(source, Material) else read_source(source)[1]
    return build_plan(material, Wanted("old", "quản trị", **more), register, now)  # type: ignore[arg-type]


def terms_of(key: PrivateKey) -> Terms:
    return Terms(key, "file:old.key", "root", LIFETIME, "quản trị")


def bring(plan: Plan, key: PrivateKey, register: Register, clock: Clock) -> Authority:
    """Do a plan and open the authority."""
    apply_plan(plan, terms_of(key), register, clock)
    urls = AuthorityURLs.under(PUBLIC_URL, "old")
    return open_authority(register, "old", key=key, urls=urls, clock=clock)


def first_list(
    plan: Plan, authority: Authority
) -> tuple[x509.CertificateRevocationList, dict[int, x509.ReasonFlags]]:
    """Issue the next list, check it as the importer does, and return what it says."""
    crl = authority.issue_crl()
    check_list(plan, crl, authority.register)
    reasons = {}
    for entry in crl:
        found = [
            one.value.reason for one in entry.extensions if isinstance(one.value, x509.CRLReason)
        ]
        reasons[entry.serial_number] = found[0] if found else x509.ReasonFlags.unspecified
    return crl, reasons


def codes(plan: Plan) -> list[str]:
    return [one.words.id.removeprefix("pki.importing.") for one in plan.findings]
