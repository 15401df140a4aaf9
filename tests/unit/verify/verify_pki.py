"""A small administration for the tests of judging: authorities, services, signed documents.

Every time is said; nothing here asks a clock. pyHanko makes the documents, cryptography the
certificates, lists and answers.
"""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import dataclass, replace
from dataclasses import field as default
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO

from asn1crypto import cms as asn1_cms
from asn1crypto import core, keys, tsp
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.ades import cades_asn1
from pyhanko.sign.general import as_signing_certificate_v2
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
from pyhanko.sign.timestamps.api import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator.registry import SimpleCertificateStore

from verify.document import verify_document
from verify.evidence import NONE, Evidence, Item
from verify.policy import Policy, default_policy
from verify.report import Report
from verify.trust import TrustStore

_ = cades_asn1  # registers the content time-stamp with asn1crypto
BORN = datetime(2026, 1, 1, tzinfo=UTC)
SIGNED = datetime(2026, 3, 1, 9, 0, 0, tzinfo=UTC)
LATER = SIGNED + timedelta(minutes=10)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
YEAR = timedelta(days=365)


@cache
def key(name: str, kind: str = "p256"):  # noqa: ARG001  the name is the cache's key
    """Return a key, the same for the same name."""
    if kind in HASHING_INSIDE:
        return HASHING_INSIDE[kind].generate()
    match kind:
        case "p256":
            return ec.generate_private_key(ec.SECP256R1())
        case "p521":
            return ec.generate_private_key(ec.SECP521R1())
        case _:
            return rsa.generate_private_key(65537, int(kind.removeprefix("rsa")))


HASHING_INSIDE = {
    "ed25519": ed25519.Ed25519PrivateKey,
    "ed448": ed448.Ed448PrivateKey,
    "ml-dsa-44": mldsa.MLDSA44PrivateKey,
    "ml-dsa-65": mldsa.MLDSA65PrivateKey,
    "ml-dsa-87": mldsa.MLDSA87PrivateKey,
}


def accepting(**changes: object) -> Policy:
    """Return the default policy with other algorithms."""
    policy = default_policy()
    algorithms = policy.algorithms.model_copy(update=changes)
    return policy.model_copy(update={"algorithms": algorithms})


def wide_policy() -> Policy:
    """Return the default policy with Ed25519 and ML-DSA in it."""
    more = ("ed25519", "ml-dsa-44", "ml-dsa-65", "ml-dsa-87")
    return accepting(schemes=(*default_policy().algorithms.schemes, *more))


@dataclass(frozen=True)
class Party:
    """A key with its certificate, and who issued it (None: itself)."""

    certificate: x509.Certificate
    key: object
    issuer: Party | None = None

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def asn1(self):
        return asn1_x509.Certificate.load(self.der)

    @property
    def asn1_key(self):
        return keys.PrivateKeyInfo.load(
            self.key.private_bytes(
                Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    @property
    def chain(self) -> tuple[Party, ...]:
        return (self, *(self.issuer.chain if self.issuer else ()))


def name(common: str, **more: str) -> x509.Name:
    oids = {"organization": NameOID.ORGANIZATION_NAME, "given_name": NameOID.GIVEN_NAME,
            "title": NameOID.TITLE, "uid": NameOID.USER_ID}  # fmt: skip
    attributes = [x509.NameAttribute(oids[item], value) for item, value in more.items()]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def usage(*names: str) -> x509.KeyUsage:
    every = inspect.signature(x509.KeyUsage).parameters
    return x509.KeyUsage(**{item: item in names for item in every})


def hash_of(private) -> hashes.HashAlgorithm | None:
    return None if isinstance(private, tuple(HASHING_INSIDE.values())) else hashes.SHA256()


def issue(
    common: str,
    issuer: Party | None,
    *extensions: tuple[x509.ExtensionType, bool],
    kind: str = "p256",
    not_before: datetime = BORN,
    not_after: datetime = BORN + 10 * YEAR,
    subject: x509.Name | None = None,
    serial: int | None = None,
    digest: hashes.HashAlgorithm | None = None,
    key_name: str | None = None,
    pss: bool = False,
) -> Party:
    """Issue a certificate; with no issuer it signs itself."""
    own = key(key_name or common, kind)
    signing = issuer.key if issuer else own
    subject = name(common) if subject is None else subject
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(own.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), False
        )
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if pss else None
    made = builder.sign(signing, digest or hash_of(signing), rsa_padding=scheme)
    return Party(made, own, issuer)


def authority(
    common: str, issuer: Party | None = None, *more, path_length=None, **options
) -> Party:
    return issue(
        common,
        issuer,
        (x509.BasicConstraints(True, path_length), True),
        (usage("key_cert_sign", "crl_sign", "digital_signature"), True),
        *more,
        **options,
    )


def official(issuer: Party, *more, common: str = "Nguyễn Văn A", **options) -> Party:
    options.setdefault("subject", name(common, organization="Sở Nội vụ", title="Giám đốc"))
    extensions = more or ((usage("digital_signature", "content_commitment"), True),)
    return issue(common, issuer, *extensions, **options)


def stamper(issuer: Party, common: str = "Time", *, critical: bool = True, **options) -> Party:
    return issue(
        common,
        issuer,
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical),
        (usage("digital_signature"), True),
        **options,
    )


def responder(issuer: Party, common: str = "OCSP", *, nocheck: bool = True, **options) -> Party:
    extensions = [
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
        (usage("digital_signature"), True),
    ]
    if nocheck:
        extensions.append((x509.OCSPNoCheck(), False))
    return issue(common, issuer, *extensions, **options)


@dataclass(frozen=True)
class World:
    """Root, issuing authority, official, time-stamp authority, OCSP responders of both levels."""

    root: Party
    issuing: Party
    official: Party
    tsa: Party
    ocsp: Party
    root_ocsp: Party

    @property
    def trust(self) -> TrustStore:
        return TrustStore((self.root.certificate,))


@cache
def make_world() -> World:
    root = authority("Root")
    issuing = authority("Issuing", root, path_length=0)
    return World(
        root, issuing, official(issuing), stamper(issuing), responder(issuing),
        responder(root, "Root OCSP"),
    )  # fmt: skip


def crl(
    issuer: Party,
    issued: datetime,
    *,
    revoked: dict[x509.Certificate, datetime] | None = None,
    next_update: datetime | None = None,
    reason: x509.ReasonFlags | None = None,
    signer: Party | None = None,
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
) -> bytes:
    """Return a CRL."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(issued)
        .next_update(next_update or issued + 7 * DAY)
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    for certificate, when in (revoked or {}).items():
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(certificate.serial_number)
            .revocation_date(when)
        )
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), False)
        builder = builder.add_revoked_certificate(entry.build())
    signing = (signer or issuer).key
    return builder.sign(signing, hash_of(signing)).public_bytes(Encoding.DER)


def answer(
    party: Party,
    signer: Party,
    issued: datetime,
    *,
    revoked_at: datetime | None = None,
    reason: x509.ReasonFlags | None = None,
    status: ocsp.OCSPCertStatus | None = None,
    next_update: datetime | bool | None = None,
    produced_at: datetime | None = None,
    issuer: Party | None = None,
    with_certificate: bool = True,
) -> bytes:
    """Return an OCSP response about `party`, signed by `signer` (produced at the same moment)."""
    status = status or (ocsp.OCSPCertStatus.REVOKED if revoked_at else ocsp.OCSPCertStatus.GOOD)
    until = None if next_update is False else next_update or issued + DAY
    issuer = issuer or party.issuer
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=party.certificate, issuer=issuer.certificate, algorithm=hashes.SHA256(),
            cert_status=status, this_update=issued, next_update=until,
            revocation_time=revoked_at, revocation_reason=reason,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
    )  # fmt: skip
    if with_certificate:
        builder = builder.certificates([signer.certificate])
    made = builder.sign(signer.key, hash_of(signer.key)).public_bytes(Encoding.DER)
    # cryptography takes the clock's
    return resigned(made, signer, produced_at=core.GeneralizedTime(produced_at or issued))


def resigned(der: bytes, signer: Party, *, algorithm: object = None, **changes: object) -> bytes:
    """Sign an answer again with other parts, and perhaps another name for the algorithm."""
    outer = asn1_ocsp.OCSPResponse.load(der)
    basic = outer["response_bytes"]["response"].parsed
    data = basic["tbs_response_data"].copy()
    for part, value in changes.items():
        data[part] = value
    tbs = data.dump(force=True)
    if isinstance(signer.key, rsa.RSAPrivateKey):
        value = signer.key.sign(tbs, padding.PKCS1v15(), hashes.SHA256())
    else:
        value = signer.key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    again = asn1_ocsp.BasicOCSPResponse({
        "tbs_response_data": data,
        "signature_algorithm": algorithm or basic["signature_algorithm"],
        "signature": value,
        "certs": basic["certs"],
    })  # fmt: skip
    return asn1_ocsp.OCSPResponse({
        "response_status": "successful",
        "response_bytes": {
            "response_type": "basic_ocsp_response",
            "response": core.ParsableOctetString(again.dump()),
        },
    }).dump()  # fmt: skip


class FixedTimeStamper(TimeStamper):
    """A time-stamp authority that says the time it is told, with any key."""

    def __init__(self, party: Party, moment: datetime, *, spoil: str = "") -> None:
        super().__init__(include_nonce=False)
        self.party, self.moment, self.spoil = party, moment, spoil

    def request_tsa_response(self, req):
        imprint = req["message_imprint"]
        if self.spoil == "imprint":
            imprint = tsp.MessageImprint({
                "hash_algorithm": imprint["hash_algorithm"],
                "hashed_message": bytes(len(imprint["hashed_message"].native)),
            })  # fmt: skip
        info = tsp.TSTInfo({
            "version": "v1", "policy": "1.2.3", "message_imprint": imprint,
            "serial_number": 1, "gen_time": core.GeneralizedTime(self.moment),
        }).dump()  # fmt: skip
        token = signed_data(self.party, info, content_type="tst_info")
        return tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token})

    async def async_request_tsa_response(self, req):
        return self.request_tsa_response(req)

    def token(self, data: bytes) -> asn1_cms.ContentInfo:
        """Return a token over `data` without the protocol around it."""
        imprint = {
            "hash_algorithm": {"algorithm": "sha256"},
            "hashed_message": hashlib.sha256(data).digest(),
        }
        request = tsp.TimeStampReq({"version": 1, "message_imprint": imprint})
        return self.request_tsa_response(request)["time_stamp_token"]


def signed_data(party: Party, content: bytes, *, content_type: str) -> asn1_cms.ContentInfo:
    """Return SignedData over `content`, encapsulated."""
    attributes = asn1_cms.CMSAttributes([
        {"type": "content_type", "values": [content_type]},
        {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
        {"type": "signing_certificate_v2", "values": [as_signing_certificate_v2(party.asn1)]},
    ])  # fmt: skip
    attributes = settled(attributes)
    der = attributes.dump()
    if isinstance(party.key, rsa.RSAPrivateKey):
        algorithm = "sha256_rsa"
        value = party.key.sign(der, padding.PKCS1v15(), hashes.SHA256())
    else:
        algorithm, value = "sha256_ecdsa", party.key.sign(der, ec.ECDSA(hashes.SHA256()))
    certificate = party.asn1
    made = asn1_cms.ContentInfo({
        "content_type": "signed_data",
        "content": {
            "version": "v3",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {
                "content_type": content_type, "content": core.ParsableOctetString(content),
            },
            "certificates": [certificate],
            "signer_infos": [{
                "version": "v1",
                "sid": {"issuer_and_serial_number": {
                    "issuer": certificate.issuer, "serial_number": certificate.serial_number,
                }},
                "digest_algorithm": {"algorithm": "sha256"},
                "signed_attrs": attributes,
                "signature_algorithm": {"algorithm": algorithm},
                "signature": value,
            }],
        },
    })  # fmt: skip
    return settled(made)


@cache
def make_pdf(pages: int = 2) -> bytes:
    """Return an unsigned document with a text form field."""
    kids = " ".join(f"{10 + 2 * page} 0 R" for page in range(pages))
    objects = {
        1: "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] >> >>",
        2: f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>",
        3: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        4: "<< /Type /Annot /Subtype /Widget /FT /Tx /T (number) /V (12) /F 4 /P 10 0 R"
           " /Rect [50 50 150 70] /DA (/F1 10 Tf) /AP << /N 5 0 R >> >>",
        5: stream("/Tx BMC BT /F1 10 Tf (12) Tj ET EMC",
                  "/Type /XObject /Subtype /Form /BBox [0 0 100 20]"),
    }  # fmt: skip
    for page in range(pages):
        annotations = "/Annots [4 0 R]" if page == 0 else ""
        objects[10 + 2 * page] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] {annotations}"
            f" /Resources << /Font << /F1 3 0 R >> >> /Contents {11 + 2 * page} 0 R >>"
        )
        objects[11 + 2 * page] = stream(f"BT /F1 24 Tf 72 720 Td (Page {page + 1}) Tj ET")
    return write_objects(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", objects)


def stream(content: str, more: str = "") -> str:
    return f"<< {more} /Length {len(content)} >>\nstream\n{content}\nendstream"


def write_objects(before: bytes, objects: dict[int, str], *, size: int = 0, prev: int = 0) -> bytes:
    """Append objects, a cross-reference table and a trailer: a whole file, or an update."""
    out = BytesIO()
    out.write(before)
    table = {}
    for number, body in objects.items():
        table[number] = out.tell()
        out.write(f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1"))
    start = out.tell()
    out.write(b"xref\n0 1\n0000000000 65535 f \n")
    for number, offset in table.items():
        out.write(f"{number} 1\n{offset:010d} 00000 n \n".encode())
    chained = f"/Prev {prev}" if prev else ""
    size = size or max(objects) + 1
    out.write(f"trailer\n<< /Size {size} /Root 1 0 R {chained} >>\n".encode())
    out.write(f"startxref\n{start}\n%%EOF\n".encode())
    return out.getvalue()


def update(data: bytes, objects: dict[int, str]) -> bytes:
    """Append a well-formed incremental update."""
    reader = PdfFileReader(BytesIO(data))
    size = max(int(reader.trailer["/Size"]), max(objects) + 1)
    return write_objects(data, objects, size=size, prev=reader.last_startxref)


def registry(*parties: Party) -> SimpleCertificateStore:
    store = SimpleCertificateStore()
    for party in parties:
        for item in party.chain:
            store.register(item.asn1)
    return store


@dataclass(frozen=True)
class Signing:
    """How to sign; the defaults make a B-T signature of the official."""

    party: Party | None = None
    field: str = "Signature1"
    stamped: datetime | None = SIGNED
    stamper: Party | None = None
    spoil: str = ""
    pss: bool = False
    digest: str = "sha256"
    sub_filter: fields.SigSeedSubFilter = fields.SigSeedSubFilter.PADES
    reserved: int | None = None
    """Bytes for the CMS; None lets pyHanko estimate."""
    strict: bool = True
    """How to read what is signed."""
    metadata: dict[str, object] = default(default_factory=dict)


def sign(data: bytes, how: Signing | None = None) -> bytes:
    """Sign a document with pyHanko as `how` says."""
    how, world = how or Signing(), make_world()
    party = how.party or world.official
    meta = signers.PdfSignatureMetadata(
        field_name=how.field, md_algorithm=how.digest, subfilter=how.sub_filter, **how.metadata
    )
    signer = signers.SimpleSigner(
        party.asn1, party.asn1_key, registry(party), prefer_pss=how.pss, embed_roots=False
    )
    time = None
    if how.stamped is not None:
        time = FixedTimeStamper(how.stamper or world.tsa, how.stamped, spoil=how.spoil)
    writer = IncrementalPdfFileWriter(BytesIO(data), strict=how.strict)
    pdf_signer = signers.PdfSigner(meta, signer, timestamper=time)
    return pdf_signer.sign_pdf(writer, bytes_reserved=how.reserved).getvalue()


def replace_token(data: bytes, change) -> bytes:
    """Put a changed CMS where the last signature has its own; the ranges stay as they are."""
    start = data.rindex(b"/Contents <") + len(b"/Contents <")
    end = data.index(b">", start)
    token = asn1_cms.ContentInfo.load(bytes.fromhex(data[start:end].decode()))
    value = written(change(token)).hex().encode()
    assert len(value) <= end - start
    return data[:start] + value.ljust(end - start, b"0") + data[end:]


def written(content_info) -> bytes:
    """Return the DER of changed SignedData, written from the inside out (see `settled`)."""
    signed = content_info["content"]
    signers = []
    for signer in signed["signer_infos"]:
        for part in ("signed_attrs", "unsigned_attrs"):
            if not isinstance(signer[part], core.Void):
                items = [settled(item) for item in signer[part]]
                signer[part] = settled(type(signer[part])(items))
        signers.append(settled(signer))
    signed["signer_infos"] = settled(asn1_cms.SignerInfos(signers))
    return asn1_cms.ContentInfo({"content_type": "signed_data", "content": settled(signed)}).dump()


def settled(value):
    """Return what asn1crypto built as if read: it writes built values slowly, depth by depth."""
    return type(value).load(value.untag().dump())


def resign(data: bytes, change, *, party: Party | None = None) -> bytes:
    """Change the list of signed attributes of the last signature and sign them again."""
    party = party or make_world().official

    def apply(content_info):
        signer = content_info["content"]["signer_infos"][0]
        attributes = settled(asn1_cms.CMSAttributes(change(list(signer["signed_attrs"]))))
        signer["signed_attrs"] = attributes
        signer["signature"] = party.key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256()))
        return content_info

    return replace_token(data, apply)


def with_content_timestamp(
    moment: datetime, *, party: Party | None = None, stamped: datetime | None = None
) -> bytes:
    """Return a document signed with a content time-stamp, and a signature time-stamp if told."""
    data = sign(make_pdf(), Signing(party=party, stamped=None, reserved=16000))
    start = data.rindex(b"/Contents <") + len(b"/Contents ")
    end = data.index(b">", start) + 1
    content = FixedTimeStamper(make_world().tsa, moment).token(data[:start] + data[end:])
    attribute = {"type": "content_time_stamp", "values": [content]}
    data = resign(data, lambda items: [*items, attribute], party=party)
    if stamped is None:
        return data

    def stamp(content_info):
        signer = content_info["content"]["signer_infos"][0]
        token = FixedTimeStamper(make_world().tsa, stamped).token(signer["signature"].native)
        signer["unsigned_attrs"] = [{"type": "signature_time_stamp_token", "values": [token]}]
        return content_info

    return replace_token(data, stamp)


def add_store(
    data: bytes,
    *,
    certificates: tuple[Party, ...] = (),
    crls: tuple[bytes, ...] = (),
    answers: tuple[bytes, ...] = (),
) -> bytes:
    """Append a DSS with this evidence."""
    out = BytesIO(data)
    writer = IncrementalPdfFileWriter(out)
    DocumentSecurityStore.supply_dss_in_writer(
        writer,
        None,
        certs=[item.asn1 for item in certificates],
        crls=[asn1_crl.CertificateList.load(der) for der in crls],
        ocsps=[asn1_ocsp.OCSPResponse.load(der) for der in answers],
    )
    writer.write_in_place()
    return out.getvalue()


def add_timestamp(data: bytes, moment: datetime, *, party: Party | None = None) -> bytes:
    """Append a document time-stamp."""
    stamper_ = FixedTimeStamper(party or make_world().tsa, moment)
    writer = IncrementalPdfFileWriter(BytesIO(data))
    return PdfTimeStamper(stamper_).timestamp_pdf(writer, "sha256").getvalue()


def answers_for(world: World, issued: datetime) -> tuple[bytes, ...]:
    """Return good answers about official, time-stamp and issuing authority."""
    return (
        answer(world.official, world.ocsp, issued),
        answer(world.tsa, world.ocsp, issued),
        answer(world.issuing, world.root_ocsp, issued),
    )


@cache
def make_document(level: str) -> bytes:
    """Return the document at a level: signed and stamped at SIGNED, evidence a minute later."""
    world = make_world()
    if level == "B-B":
        return sign(make_pdf(), Signing(stamped=None))
    data = sign(make_pdf())
    if level == "B-T":
        return data
    data = add_store(data, answers=answers_for(world, SIGNED + timedelta(minutes=1)))
    if level == "B-LT":
        return data
    return add_timestamp(data, SIGNED + timedelta(minutes=2))


def fresh(world: World, at: datetime) -> Evidence:
    """Return good answers about everybody from `at`."""
    return ocsp_evidence(*answers_for(world, at), had_at=at)


def ocsp_evidence(*ders: bytes, had_at: datetime = LATER) -> Evidence:
    return Evidence(ocsp_responses=tuple(Item(der, had_at) for der in ders))


def crl_evidence(*ders: bytes, had_at: datetime = LATER) -> Evidence:
    return Evidence(crls=tuple(Item(der, had_at) for der in ders))


def judge(
    data: bytes,
    *,
    at: datetime = LATER,
    evidence: Evidence = NONE,
    trust: TrustStore | None = None,
    policy: Policy | None = None,
) -> Report:
    """Judge as the tests usually do."""
    return verify_document(
        data,
        policy=policy or default_policy(),
        trust=trust or make_world().trust,
        at=at,
        evidence=evidence,
    )


def with_revocation(policy: Policy, **values: int) -> Policy:
    """Return the policy with other values in its revocation table."""
    return policy.model_copy(update={"revocation": policy.revocation.model_copy(update=values)})


def as_world(world: World, **changes: Party) -> World:
    return replace(world, **changes)
