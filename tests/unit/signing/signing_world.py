"""A small authority for the tests of `signing`: real keys, real CRLs, OCSP and RFC 3161 answers.

The services answer through the `Fetcher` seam, in this process; each can be put out of order.
The peers' tests use Antin's own services over loopback HTTP instead.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from types import SimpleNamespace
from typing import Any

from asn1crypto import algos, cms, core, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from fpdf import FPDF
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers import Signer
from pyhanko_certvalidator.registry import SimpleCertificateStore

from pki.clock import FixedClock
from pki.errors.fetching import FetchFailedError
from pki.fetcher import FetchRequest
from pki.keys import PrivateKey, algorithm_der, digest_for, hash_for, sign_data
from pki.ocsp import OCSPResponder, OCSPSigner
from signing._asn1 import to_asn1
from signing.coroutine import finish
from signing.key import SigningKey
from signing.options import SigningOptions
from signing.services import SigningServices
from signing.token import TimeStampResp
from verify.policy import Policy, default_policy
from verify.trust import TrustStore

NOW = dt.datetime(2026, 11, 21, 14, 0, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
SIGNER_NAME = "Nguyễn Văn Đức"
BASE = "http://127.0.0.1:9"
"""Nobody answers there: these tests hand the answers in."""
TSA_URL = f"{BASE}/tsa"


@cache
def make_key(kind: str = "ec-p256") -> PrivateKey:
    """Return one key of that kind for the whole run: RSA keys are slow to make."""
    match kind.partition("/")[0]:
        case "rsa-2048":
            return rsa.generate_private_key(65537, 2048)
        case "rsa-3072":
            return rsa.generate_private_key(65537, 3072)
        case "ec-p384":
            return ec.generate_private_key(ec.SECP384R1())
        case "ec-p521":
            return ec.generate_private_key(ec.SECP521R1())
        case "ec-p256":
            return ec.generate_private_key(ec.SECP256R1())
    return UNLISTED[kind].generate()


UNLISTED: dict[str, Any] = {
    "ed25519": ed25519.Ed25519PrivateKey,
    "ml-dsa-44": mldsa.MLDSA44PrivateKey,
    "ml-dsa-65": mldsa.MLDSA65PrivateKey,
    "ml-dsa-87": mldsa.MLDSA87PrivateKey,
}
"""Kinds of keys that the default policy does not accept."""


def wide_policy() -> Policy:
    """Return the default policy with these kinds in it, as an administration's own may have."""
    policy = default_policy()
    schemes = (*policy.algorithms.schemes, *UNLISTED)
    algorithms = policy.algorithms.model_copy(update={"schemes": schemes})
    return policy.model_copy(update={"algorithms": algorithms})


def name(common_name: str, **more: str) -> x509.Name:
    oids = {"title": NameOID.TITLE, "organization": NameOID.ORGANIZATION_NAME}
    return x509.Name(
        [x509.NameAttribute(oids[key], value) for key, value in more.items()]
        + [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    )


def key_usage(*bits: str) -> x509.KeyUsage:
    every = """
        digital_signature content_commitment key_encipherment data_encipherment key_agreement
        key_cert_sign crl_sign encipher_only decipher_only
    """
    return x509.KeyUsage(**{bit: bit in bits for bit in every.split()})


@dataclass
class Issuer:
    """An authority with its key."""

    certificate: x509.Certificate
    key: PrivateKey

    def issue(
        self,
        subject: x509.Name,
        key: PrivateKey,
        *extensions: tuple[x509.ExtensionType, bool],
        not_before: dt.datetime = NOW - DAY,
        not_after: dt.datetime = NOW + 365 * DAY,
    ) -> x509.Certificate:
        return build_certificate(
            subject, key, self, extensions, not_before=not_before, not_after=not_after
        )


def build_certificate(
    subject: x509.Name,
    key: PrivateKey,
    issuer: Issuer | None,
    extensions: tuple[tuple[x509.ExtensionType, bool], ...],
    *,
    not_before: dt.datetime = NOW - 100 * DAY,
    not_after: dt.datetime = NOW + 3650 * DAY,
) -> x509.Certificate:
    signing_key = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()),
            critical=False,
        )
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical=critical)
    return builder.sign(signing_key, hash_for(signing_key))


OFFICIAL, AGENCY = "1.3.6.1.4.1.32473.68.1", "1.3.6.1.4.1.32473.68.2"
"""Policies of the profiles for persons and for organisations."""


def duty(policy: str) -> x509.CertificatePolicies:
    """Return the extension that says what a certificate is for."""
    identifier = x509.ObjectIdentifier(policy)
    return x509.CertificatePolicies([x509.PolicyInformation(identifier, None)])


def policy_named(extensions: tuple[tuple[x509.ExtensionType, bool], ...]) -> bool:
    return any(isinstance(each, x509.CertificatePolicies) for each, _ in extensions)


CA_EXTENSIONS = (
    (x509.BasicConstraints(ca=True, path_length=None), True),
    (key_usage("key_cert_sign", "crl_sign"), True),
)


def pointers(
    crl_url: str, ocsp_url: str | None = None
) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    where = x509.DistributionPoint([x509.UniformResourceIdentifier(crl_url)], None, None, None)
    found: list[tuple[x509.ExtensionType, bool]] = [(x509.CRLDistributionPoints([where]), False)]
    if ocsp_url:
        access = x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(ocsp_url)
        )
        found.append((x509.AuthorityInformationAccess([access]), False))
    return tuple(found)


@dataclass
class World:
    """Root, issuing authority, OCSP and time-stamp signers, one official, and their services."""

    kind: str = "ec-p256"
    key: PrivateKey | None = None
    """In place of a software key of that kind."""
    base: str = BASE
    policy: Policy = field(default_factory=default_policy)
    root_crl_age: dt.timedelta = dt.timedelta(0)
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    revoked: dict[int, tuple[dt.datetime, x509.ReasonFlags]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    key_openings: int = 0
    change_token: Callable[[tsp.TSTInfo], tsp.TSTInfo] = lambda info: info
    change_answer: Callable[[bytes], bytes] = lambda answer: answer
    tsa_usage: tuple[x509.ExtensionType, bool] = (
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]),
        True,
    )

    def __post_init__(self) -> None:
        root_key = ec.generate_private_key(ec.SECP256R1())
        root = build_certificate(name("Antin test root"), root_key, None, CA_EXTENSIONS)
        self.root = Issuer(root, root_key)
        ca_key = ec.generate_private_key(ec.SECP256R1())
        ca = self.root.issue(
            name("Antin test authority"),
            ca_key,
            *CA_EXTENSIONS,
            *pointers(f"{self.base}/crl/root.crl"),
            not_before=NOW - 90 * DAY,
            not_after=NOW + 3000 * DAY,
        )
        self.ca = Issuer(ca, ca_key)
        self.ocsp_key = ec.generate_private_key(ec.SECP256R1())
        self.ocsp_certificate = self.ca.issue(
            name("Antin test OCSP"),
            self.ocsp_key,
            (key_usage("digital_signature"), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
            (x509.OCSPNoCheck(), False),
        )
        self.change_tsa()
        self.certificate = self.issue_signer()

    def change_tsa(self) -> None:
        """Give the time-stamp service another key and certificate."""
        self.tsa_key = ec.generate_private_key(ec.SECP256R1())
        self.tsa_certificate = self.ca.issue(
            name("Antin test TSA"),
            self.tsa_key,
            (key_usage("digital_signature"), True),
            self.tsa_usage,
            *pointers(f"{self.base}/crl/ca.crl", f"{self.base}/ocsp"),
        )

    def issue_signer(
        self,
        *extensions: tuple[x509.ExtensionType, bool],
        common_name: str = SIGNER_NAME,
        usage: x509.KeyUsage | None = None,
        **times: dt.datetime,
    ) -> x509.Certificate:
        subject = name(common_name, title="Chủ tịch", organization="Ủy ban nhân dân xã Hòa Bình")
        return self.ca.issue(
            subject,
            self.key or make_key(self.kind),
            (usage or key_usage("digital_signature", "content_commitment"), True),
            *pointers(f"{self.base}/crl/ca.crl", f"{self.base}/ocsp"),
            *((duty(OFFICIAL), False),) * (not policy_named(extensions)),
            *extensions,
            **times,
        )

    def open_key(self) -> PrivateKey:
        self.key_openings += 1
        return self.key or make_key(self.kind)

    def signer(self, certificate: x509.Certificate | None = None) -> SigningKey:
        chain = (self.ca.certificate, self.root.certificate)
        return SigningKey(certificate or self.certificate, chain, self.open_key)

    @property
    def trust(self) -> TrustStore:
        return TrustStore((self.root.certificate,))

    def services(self) -> SigningServices:
        return SigningServices(self.clock, self, self.trust, self.policy)

    def revoke(self, certificate: x509.Certificate, at: dt.datetime | None = None) -> None:
        reason = x509.ReasonFlags.key_compromise
        self.revoked[certificate.serial_number] = (at or self.clock.now(), reason)

    def fetch(self, request: FetchRequest) -> bytes:
        """The `Fetcher` seam."""
        service = request.url.removeprefix(f"{self.base}/")
        self.asked.append(service)
        kind = service.partition("/")[0]
        answers = {
            "ocsp": lambda: self.answer_ocsp(request.body or b""),
            "tsa": lambda: self.change_answer(self.answer_tsa(request.body or b"")),
            "crl/root.crl": lambda: self.full_crl("root").der,
            "crl/ca.crl": lambda: self.full_crl("ca").der,
        }
        if kind in self.broken or service not in answers:
            raise FetchFailedError(url=request.url, reason="connection refused")
        return answers[service]()

    def newest_crl(self, name: str, *, delta: bool = False) -> SimpleNamespace | None:
        """What the web application asks of the register; there are no delta lists."""
        return None if delta else self.full_crl(name)

    def full_crl(self, name: str) -> SimpleNamespace:
        issuer, age = (self.root, self.root_crl_age) if name == "root" else (self.ca, DAY * 0)
        issued = self.clock.now() - age
        return SimpleNamespace(
            der=self.build_crl(issuer, issued), this_update=issued, next_update=issued + 90 * DAY
        )

    def build_crl(self, issuer: Issuer, issued: dt.datetime) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(issued)
            .next_update(issued + 90 * DAY)
            .add_extension(x509.CRLNumber(1), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
                critical=False,
            )
        )
        for serial, (at, reason) in self.revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def answer_ocsp(self, body: bytes) -> bytes:
        return self.responder().respond(body)

    def responder(self) -> OCSPResponder:
        signer = OCSPSigner("ca", self.ca.certificate, self.ocsp_certificate, self.ocsp_key)
        return OCSPResponder(self, [signer], clock=self.clock)

    def find_certificate(self, _authority: str, _serial: int) -> SimpleNamespace:
        """What the responder asks of the register: everything here was issued."""
        return SimpleNamespace(was_issued=True)

    def find_revocation(self, _authority: str, serial: int) -> SimpleNamespace | None:
        """What the responder asks of the register."""
        if serial not in self.revoked:
            return None
        at, reason = self.revoked[serial]
        return SimpleNamespace(revoked_at=at, reason=reason)

    def answer_tsa(self, body: bytes) -> bytes:
        request = tsp.TimeStampReq.load(body)
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": "1.3.6.1.4.1.4146.2.2",
                "message_imprint": request["message_imprint"],
                "serial_number": 7,
                "gen_time": self.clock.now(),
                "nonce": request["nonce"],
            }
        )
        token = self.sign_token(self.change_token(info))
        answer = tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token})
        return answer.dump()

    def sign_token(self, info: tsp.TSTInfo) -> cms.ContentInfo:
        signer = PyHankoSigner(self.tsa_certificate, (self.ca.certificate,), self.tsa_key)
        content = cms.EncapsulatedContentInfo(
            {"content_type": "tst_info", "content": core.ParsableOctetString(info.dump())}
        )
        return finish(signer.async_sign_general_data(content, signer.digest_name, detached=False))


def pyhanko_signer(signer: SigningKey) -> PyHankoSigner:
    """Return a signer as pyHanko wants it."""
    return PyHankoSigner(signer.certificate, signer.chain, signer.open_key())


class PyHankoSigner(Signer):
    """pyHanko's own making of CMS, with any key: what Antin's is compared with."""

    def __init__(
        self,
        certificate: x509.Certificate,
        chain: tuple[x509.Certificate, ...],
        key: PrivateKey,
        *,
        pss: bool = True,
    ) -> None:
        store = SimpleCertificateStore()
        store.register_multiple([to_asn1(each) for each in chain])
        super().__init__(
            prefer_pss=pss,
            embed_roots=False,
            signing_cert=to_asn1(certificate),
            cert_registry=store,
            signature_mechanism=algos.SignedDigestAlgorithm.load(algorithm_der(key, pss=pss)),
        )
        self.key = key
        self.digest_name = digest_for(key).name

    async def async_sign_raw(self, data: bytes, _digest: str, dry_run: bool = False) -> bytes:
        return bytes(8192) if dry_run else sign_data(self.key, data, pss=self.prefer_pss)


def reject(status: str = "rejection", fail_info: str = "bad_alg") -> bytes:
    """Return a time-stamp service's refusal."""
    refusal = {"status": status, "status_string": ["không"], "fail_info": {fail_info}}
    return TimeStampResp({"status": refusal}).dump()


def other_digest(info: tsp.TSTInfo) -> tsp.TSTInfo:
    """Return the token's content with the imprint of something else."""
    info["message_imprint"] = {
        "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
        "hashed_message": bytes(32),
    }
    return info


@cache
def make_pdf(pages: int = 1) -> bytes:
    """Return a small document with selectable text."""
    pdf = FPDF()
    pdf.set_creation_date(NOW)
    for number in range(pages):
        pdf.add_page()
        pdf.set_font("helvetica", size=12)
        pdf.cell(text=f"page {number + 1}")
    return bytes(pdf.output())


def change_page(data: bytes, **entries: object) -> bytes:
    """Return the document with entries of its last page changed (`Rotate=90`, `CropBox=[…]`)."""
    writer = IncrementalPdfFileWriter(BytesIO(data))
    page = writer.find_page_for_modification(-1)[0].get_object()
    for key, value in entries.items():
        page[generic.pdf_name(f"/{key}")] = (
            generic.ArrayObject(map(generic.FloatObject, value))
            if isinstance(value, list)
            else generic.NumberObject(value)
        )
    writer.update_container(page)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


INVISIBLE = SigningOptions()
