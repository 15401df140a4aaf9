"""A time-stamp authority below the others, its key in software: made once a run."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bench.material import PEM, PKCS8, PLAIN, Material
from pki.clock import SystemClock
from pki.keys import PrivateKey

OF_RSA = "tsa-rsa"
"""The name of the one that pyHanko's stand-in for a service can be: it signs with RSA alone."""


def certify(material: Material, file: str = "tsa") -> None:
    """Make the authority's key and certificate, unless they are there."""
    folder = material.folder
    if (folder / f"{file}.pem").exists():
        return
    own: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    if file == OF_RSA:
        own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    else:
        own = ec.generate_private_key(ec.SECP256R1())
    (folder / f"{file}.key").write_bytes(own.private_bytes(PEM, PKCS8, PLAIN))
    issuing = material.certificate("issuing")
    issuing_key = _private(material, "issuing")
    assert isinstance(issuing_key, ec.EllipticCurvePrivateKey)
    start = SystemClock().now().replace(microsecond=0) - timedelta(days=1)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "time-stamps")])
    usage = x509.KeyUsage(*(bit < 2 for bit in range(9)))  # digitalSignature, nonRepudiation
    upper = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing_key.public_key())
    number = x509.random_serial_number()
    certificate = (
        x509.CertificateBuilder(issuing.subject, name, own.public_key(), number)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=300))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(upper, critical=False)
        .sign(issuing_key, hashes.SHA256())
    )
    (folder / f"{file}.pem").write_bytes(certificate.public_bytes(PEM))


def key(material: Material) -> PrivateKey:
    """Return the authority's key."""
    return _private(material, "tsa")


def _private(material: Material, name: str) -> PrivateKey:
    found = serialization.load_pem_private_key((material.folder / f"{name}.key").read_bytes(), None)
    assert isinstance(found, PrivateKey)
    return found
