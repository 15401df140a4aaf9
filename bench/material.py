"""What the contenders work on: certificates, a token with a key, small PDFs, requests.

Made anew for every run, with `cryptography`, fpdf2 and pyHanko alone, so that Antin does not work
on what it made itself; only the token and its key are set up through `hsm`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from itertools import combinations, islice
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from fpdf import FPDF
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, SimpleSigner, sign_pdf
from pyhanko.sign.fields import SigSeedSubFilter

from hsm.embedded import EmbeddedTokens
from hsm.generate import generate_key, import_certificate
from hsm.keys import open_key
from hsm.pin import GivenPinSource, Pin
from hsm.uri import KeyURI
from pki.clock import SystemClock
from pki.keys import KeyType

TOKEN_LABEL = "bench"  # noqa: S105  a name
USER_PIN = "135790"
OTHER_TOKENS = 3
DER = serialization.Encoding.DER
PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8
PLAIN = serialization.NoEncryption()
TEXT = "The office confirms receipt of document number {number}. This page is made for measuring."


@dataclass(frozen=True, slots=True)
class Material:
    """Where everything lies, and how much of it there is."""

    folder: Path
    documents: int
    requests: int

    def pdfs(self) -> tuple[Path, ...]:
        """Return small PDFs nobody signed."""
        return tuple(self.folder / f"pdf-{number:03}.pdf" for number in range(self.documents))

    def signed(self) -> tuple[Path, ...]:
        """Return the same PDFs, each signed at B-B with an RSA-2048 key."""
        return tuple(self.folder / f"signed-{number:03}.pdf" for number in range(self.documents))

    def csrs(self) -> tuple[Path, ...]:
        """Return certificate requests for P-256 keys."""
        return tuple(self.folder / f"{number:05}.csr" for number in range(self.requests))

    def mixed(self) -> tuple[Path, ...]:
        """Return as many requests, for RSA-2048 and P-256 keys by turns."""
        rsa_too = (self.folder / f"{number:05}.rsa.csr" for number in range(self.requests // 2))
        pairs = zip(rsa_too, self.csrs(), strict=False)
        return tuple(path for pair in pairs for path in pair)

    @property
    def tokens(self) -> EmbeddedTokens:
        """The SoftHSM token `TOKEN_LABEL` with an RSA-2048 and a P-256 key, and three others."""
        return EmbeddedTokens(self.folder / "softhsm")

    @property
    def token_key(self) -> KeyURI:
        """The RSA-2048 key of token `TOKEN_LABEL`."""
        return KeyURI.parse((self.folder / "token.uri").read_text("utf-8"))

    @property
    def token_ec_key(self) -> KeyURI:
        """The P-256 key beside it."""
        return KeyURI.parse((self.folder / "ec.uri").read_text("utf-8"))

    def certificate(self, name: str) -> x509.Certificate:
        """Return the certificate of `root`, `issuing`, `signer` (in software), `token` or `ec`."""
        return x509.load_pem_x509_certificate((self.folder / f"{name}.pem").read_bytes())

    def chain(self) -> tuple[x509.Certificate, ...]:
        """Return the authorities above the signers."""
        return self.certificate("issuing"), self.certificate("root")

    def crl_path(self, name: str) -> Path:
        """Return the DER revocation list of `root` or `issuing`."""
        return self.folder / f"{name}.crl"


def make(folder: Path, *, documents: int, requests: int) -> Material:
    """Make everything in `folder`."""
    material = Material(folder, documents, requests)
    issuing = _authorities(folder)
    _token_signer(material, issuing)
    for number, path in enumerate(material.pdfs()):
        path.write_bytes(_page(number))
    _sign_all(material, issuing)
    _crl(folder, "issuing", issuing)
    for number, path in enumerate(material.csrs()):
        _request(path, number, ec.generate_private_key(ec.SECP256R1()))
    for number, rsa_key in enumerate(_rsa_keys(requests // 2)):
        _request(folder / f"{number:05}.rsa.csr", requests + number, rsa_key)
    return material


def _request(path: Path, number: int, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> None:
    request = x509.CertificateSigningRequestBuilder().subject_name(_name(f"Official {number}"))
    path.write_bytes(request.sign(key, hashes.SHA256()).public_bytes(PEM))


def _rsa_keys(count: int) -> Iterator[rsa.RSAPrivateKey]:
    """Yield different RSA-2048 keys, made of few primes by pairs: thousands of primes take long."""
    primes: list[int] = []
    while len(primes) * (len(primes) - 1) // 2 < count:
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_numbers()
        primes += (made.p, made.q)
    pairs = combinations(primes, 2)
    for p, q in islice(((p, q) for p, q in pairs if (p * q).bit_length() == 2048), count):
        d = rsa.rsa_recover_private_exponent(65537, p, q)
        parts = (rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q))
        public = rsa.RSAPublicNumbers(65537, p * q)
        numbers = rsa.RSAPrivateNumbers(p, q, d, *parts, public)
        yield numbers.private_key(unsafe_skip_rsa_key_validation=True)


def _authorities(folder: Path) -> ec.EllipticCurvePrivateKey:
    root, issuing = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    _certify(folder, "root", root.public_key(), root, issuer="root")
    _certify(folder, "issuing", issuing.public_key(), root, issuer="root")
    _crl(folder, "root", root)
    (folder / "issuing.key").write_bytes(issuing.private_bytes(PEM, PKCS8, PLAIN))
    return issuing


def _token_signer(material: Material, issuing: ec.EllipticCurvePrivateKey) -> None:
    _keep_key(material, issuing, TOKEN_LABEL, "token", KeyType.RSA_2048)
    _keep_key(material, issuing, TOKEN_LABEL, "ec", KeyType.EC_P256)
    for number in range(1, OTHER_TOKENS + 1):
        _keep_key(material, issuing, f"other {number}", f"other-{number}", KeyType.EC_P256)


def _keep_key(
    material: Material,
    issuing: ec.EllipticCurvePrivateKey,
    label: str,
    name: str,
    key_type: KeyType,
) -> None:
    """Make a key and its certificate on a token, which is made too if there is none."""
    pin, module = Pin(USER_PIN), material.tokens.module()
    if not any(token.label == label for token in module.tokens()):
        material.tokens.create_token(label, pin, pin)
    uri = generate_key(module, label, pin, label=name, key_type=key_type)
    (material.folder / f"{name}.uri").write_text(str(uri), "utf-8")
    public = open_key(uri, (module,), GivenPinSource(pin)).public_key()
    assert isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
    _certify(material.folder, name, public, issuing, issuer="issuing")
    import_certificate(module, label, pin, uri, material.certificate(name))


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Ủy ban nhân dân xã Mẫu"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _certify(
    folder: Path,
    name: str,
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    issuer: str,
) -> None:
    authority = name in {"root", "issuing"}
    start = SystemClock().now().replace(microsecond=0) - timedelta(days=1)
    usage = x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
    upper = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    certificate = (
        x509.CertificateBuilder(_name(issuer), _name(name), key, x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=700))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(upper, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(PEM))


def _crl(folder: Path, name: str, key: ec.EllipticCurvePrivateKey) -> None:
    now = SystemClock().now().replace(microsecond=0)
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(_name(name))
        .last_update(now)
        .next_update(now + timedelta(days=7))
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    (folder / f"{name}.crl").write_bytes(crl.public_bytes(DER))


def _page(number: int) -> bytes:
    document = FPDF()
    document.add_page()
    document.set_font("Helvetica", size=12)
    document.multi_cell(0, 8, TEXT.format(number=number))
    return bytes(document.output())


def _sign_all(material: Material, issuing: ec.EllipticCurvePrivateKey) -> None:
    folder = material.folder
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    _certify(folder, "signer", key.public_key(), issuing, issuer="issuing")
    (folder / "signer.key").write_bytes(key.private_bytes(PEM, PKCS8, PLAIN))
    signer = SimpleSigner.load(
        str(folder / "signer.key"),
        str(folder / "signer.pem"),
        ca_chain_files=(str(folder / "issuing.pem"), str(folder / "root.pem")),
    )
    for source, target in zip(material.pdfs(), material.signed(), strict=True):
        writer = IncrementalPdfFileWriter(BytesIO(source.read_bytes()))
        meta = PdfSignatureMetadata(field_name="Signature1", subfilter=SigSeedSubFilter.PADES)
        target.write_bytes(sign_pdf(writer, meta, signer).getvalue())
