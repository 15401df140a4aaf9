"""Documents to be judged beside the small ones: long-term ones, and one with many signatures.

Made by pyHanko, each once a run by whoever wants it first. Nothing here loads `verify`, which puts
quicker readers into pyHanko: a peer that works on these is pyHanko as it is installed.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

from asn1crypto import crl as asn1_crl
from asn1crypto import keys as asn1_keys
from asn1crypto import pem as asn1_pem
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfTimeStamper, SimpleSigner, sign_pdf
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from bench import tsa
from bench.material import PEM, Material
from pki.clock import SystemClock

LISTS = ("root", "issuing")
ANCHORS = 1600
SIGNATURES = 25
EARLIER = timedelta(hours=1)
"""Long-term documents were signed so long before the lists in them: older ones prove nothing."""


def long_term(material: Material) -> tuple[Path, ...]:
    """Return the small PDFs signed at B-LTA, all evidence inside."""
    paths = tuple(path.with_name(f"lta-{path.name}") for path in material.pdfs())
    if not paths[-1].exists():
        tsa.certify(material, tsa.OF_RSA)
        logging.disable()  # pyHanko warns that nothing will be fetched, which nothing needs
        signer, before = _signer(material), _stamper(material, SystemClock().now() - EARLIER)
        for source, target in zip(material.pdfs(), paths, strict=True):
            meta = PdfSignatureMetadata(
                field_name="Signature1",
                subfilter=SigSeedSubFilter.PADES,
                embed_validation_info=True,
                validation_context=context(material),
            )
            writer = IncrementalPdfFileWriter(BytesIO(source.read_bytes()))
            writer = IncrementalPdfFileWriter(sign_pdf(writer, meta, signer, before))
            stamped = PdfTimeStamper(_stamper(material)).timestamp_pdf(
                writer, "sha256", context(material)
            )
            target.write_bytes(stamped.getvalue())
    return paths


def many_times(material: Material, signatures: int) -> Path:
    """Return one small PDF that was signed so often, one after the other."""
    path = material.folder / f"signatures-{signatures}.pdf"
    if not path.exists():
        signer = _signer(material)
        data = material.pdfs()[0].read_bytes()
        for number in range(signatures):
            field = f"Signature{number + 1}"
            meta = PdfSignatureMetadata(field_name=field, subfilter=SigSeedSubFilter.PADES)
            data = sign_pdf(IncrementalPdfFileWriter(BytesIO(data)), meta, signer).getvalue()
        path.write_bytes(data)
    return path


def anchors(material: Material) -> Path:
    """Return a file with certificates of so many authorities, the root of the bench among them."""
    path = material.folder / "anchors.pem"
    if not path.exists():
        others = (_authority(number) for number in range(1, ANCHORS))
        path.write_bytes((material.folder / "root.pem").read_bytes() + b"".join(others))
    return path


def certificate(material: Material, name: str) -> asn1_x509.Certificate:
    """Return a certificate as pyHanko wants it."""
    return asn1_x509.Certificate.load(_der(material.folder / f"{name}.pem"))


def crls(material: Material) -> list[asn1_crl.CertificateList]:
    """Return the revocation lists as pyHanko wants them."""
    return [asn1_crl.CertificateList.load(material.crl_path(name).read_bytes()) for name in LISTS]


def context(
    material: Material, roots: Sequence[asn1_x509.Certificate] | None = None
) -> ValidationContext:
    """Return pyHanko's trust and evidence: offline, revocation lists demanded."""
    return ValidationContext(
        trust_roots=roots or [certificate(material, "root")],
        other_certs=[certificate(material, "issuing")],
        crls=crls(material),
        allow_fetching=False,
        revocation_mode="hard-fail",
    )


def _authority(number: int) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Authority {number}")])
    start = SystemClock().now().replace(microsecond=0) - timedelta(days=1)
    return (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=700))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(PEM)
    )


def _stamper(material: Material, at: datetime | None = None) -> DummyTimeStamper:
    key = asn1_keys.PrivateKeyInfo.load(_der(material.folder / f"{tsa.OF_RSA}.key"))
    store = SimpleCertificateStore()
    store.register_multiple([certificate(material, name) for name in LISTS])
    return DummyTimeStamper(certificate(material, tsa.OF_RSA), key, store, fixed_dt=at)


def _signer(material: Material) -> SimpleSigner:
    folder = material.folder
    return SimpleSigner.load(
        str(folder / "signer.key"),
        str(folder / "signer.pem"),
        ca_chain_files=(str(folder / "issuing.pem"), str(folder / "root.pem")),
    )


def _der(path: Path) -> bytes:
    return bytes(asn1_pem.unarmor(path.read_bytes())[2])
