"""Authorities of other algorithms on the command line: ML-DSA over P-256 and back, RSASSA-PSS."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import SignatureAlgorithmOID

from pki.register.sql import open_register

MAKERS = {
    "ml-dsa-65": mldsa.MLDSA65PrivateKey.generate,
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
}


def own_profile(folder: Path, name: str, *, pss: bool = False) -> Path:
    """Write a profile of one's own that takes ML-DSA-65 besides."""
    text = (files("pki.profiles") / f"{name}.toml").read_text("utf-8")
    text = text.replace(f'name = "{name}"', f'name = "own-{name}"')
    text = text.replace("key_types = [", 'key_types = ["ml-dsa-65", ')
    path = folder / f"{name}.toml"
    path.write_text(text + ("rsa_pss = true\n" if pss else ""), "utf-8")
    return path


def write_key(path: Path, key) -> str:
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    return f"file:{path}"


@pytest.mark.parametrize(
    ("kinds", "algorithm"),
    [
        (("ml-dsa-65", "p256", "rsa"), SignatureAlgorithmOID.ECDSA_WITH_SHA256),
        (("p256", "ml-dsa-65", "ml-dsa-65"), x509.ObjectIdentifier("2.16.840.1.101.3.4.3.18")),
        (("p256", "rsa", "p256"), SignatureAlgorithmOID.RSASSA_PSS),
    ],
)
def test_a_hierarchy_from_end_to_end(antin, demo_home: Path, tmp_path: Path, kinds, algorithm):
    """Two authorities, a request, a certificate, its revocation, a list, the audit log."""
    root, issuing, leaf = kinds

    def done(*arguments: object):
        ran = antin("--home", demo_home, *arguments)
        assert ran.status == 0, ran
        return ran

    profiles = {
        name: own_profile(tmp_path, name, pss=name == "issuing")
        for name in ("root", "issuing", "official")
    }
    for name, kind, more in (("r", root, ()), ("i", issuing, ("--parent", "r"))):
        key = write_key(tmp_path / f"{name}.key", MAKERS[kind]())
        profile = profiles["issuing" if more else "root"]
        subject = f"C=VN,O=UBND tỉnh Mẫu,CN=Cơ quan {name}"
        done("ca", "create", name, "--profile", profile, "--subject", subject, "--key", key, *more)
    key = MAKERS[leaf]()
    csr = tmp_path / "leaf.csr"
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    digest = None if leaf.startswith("ml") else hashes.SHA256()
    csr.write_bytes(builder.sign(key, digest).public_bytes(Encoding.PEM))
    names = ("--set", "C=VN", "--set", "O=UBND", "--set", "CN=Lê Thị Mẫu")
    asked = ("cert", "issue", "--ca", "i", "--profile", profiles["official"], "--csr", csr)
    told = done(*asked, *names, "--json").json
    certificate = x509.load_pem_x509_certificate(told["pem"].encode())
    assert certificate.signature_algorithm_oid == algorithm
    assert certificate.public_key() == key.public_key()
    above = [
        x509.load_pem_x509_certificate(done("ca", "export", name).out.encode()) for name in "ir"
    ]
    certificate.verify_directly_issued_by(above[0])
    above[0].verify_directly_issued_by(above[1])
    done("cert", "revoke", told["serial"], "--reason", "superseded", "--yes")
    done("crl", "issue", "--ca", "i")
    register = open_register(demo_home / "register.sqlite")
    newest = register.newest_crl("i")
    register.close()
    crl = x509.load_der_x509_crl(newest.der)
    assert crl.is_signature_valid(above[0].public_key())
    assert crl.signature_algorithm_oid == algorithm
    assert crl.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None
    done("audit", "verify")
