"""Revisions of a document, each an incremental update: signature, evidence, document time-stamp."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from asn1crypto import crl, ocsp
from asn1crypto import x509 as asn1_x509
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.signers.pdf_signer import PdfTBSDocument
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore

from pki.words import VIETNAM
from signing.coroutine import finish
from signing.document import check_unlocked, hostile_document, open_writer
from signing.field import plan_field
from signing.options import SigningOptions
from signing.signer import KeySigner
from signing.tsa import TOKEN_BYTES
from verify.evidence import Evidence


@dataclass(frozen=True, slots=True)
class SignatureRequest:
    """One signature to be made."""

    signer: KeySigner
    options: SigningOptions
    at: datetime
    """The claimed time of signing, /M."""
    timestamper: TimeStamper | None
    """Asks for the signature-time-stamp; None at B-B."""
    name: str
    """The document's, for messages."""


@dataclass(frozen=True, slots=True)
class PreparedSignature:
    """A revision that lacks nothing but its CMS: the last point before the key is needed."""

    field_name: str
    _tbs: PdfTBSDocument
    _digest: bytes
    _output: BytesIO
    _request: SignatureRequest

    def complete(self) -> SignedRevision:
        """Sign, time-stamp where asked, and put the CMS in its place.

        Raises:
            PKIError: what opening the key or asking the time-stamp service raises.
        """
        self._request.signer.open_key()
        attributes = PdfCMSSignedAttributes()  # PAdES: no signing-time in the CMS
        done = finish(self._tbs.perform_signature(self._digest, attributes))
        return SignedRevision(self._output, self.field_name, done.sig_contents)


@dataclass(frozen=True, slots=True)
class SignedRevision:
    """The document with its new signature."""

    output: BytesIO
    field_name: str
    contents: bytes
    """The signature's /Contents as it stands in the file, padding included."""


def prepare_signature(data: bytes, request: SignatureRequest) -> PreparedSignature:
    """Return the document with field, appearance and placeholder, digested and ready to sign.

    Raises:
        EncryptedPDFError: it is encrypted.
        DocumentLockedError: a signature in it forbids one more.
        CertifiedError: a certification in it forbids a new visible field.
        DocumentUnsupportedError: it cannot be appended to safely.
        FieldTakenError: the field named is signed; see `plan_field` for the others.
    """
    options, signer = request.options, request.signer
    writer = open_writer(BytesIO(data), request.name)
    plan = plan_field(writer, options, signer.certificate, request.at)
    check_unlocked(writer, plan)
    metadata = PdfSignatureMetadata(
        field_name=plan.name,
        md_algorithm=signer.digest_name,
        subfilter=SigSeedSubFilter.PADES,
        reason=options.reason,
        location=options.location,
        contact_info=options.contact,
    )
    pdf_signer = PdfSigner(
        metadata,
        signer,
        timestamper=request.timestamper,
        stamp_style=plan.style,
        new_field_spec=plan.new_field,
    )
    with hostile_document():
        session = pdf_signer.init_signing_session(writer)
        session.system_time = request.at.astimezone(VIETNAM)
        tbs = session.prepare_tbs_document(None, _bytes_reserved(request))
        output = BytesIO()
        prepared, _ = tbs.digest_tbs_document(output=output)
    return PreparedSignature(plan.name, tbs, prepared.document_digest, output, request)


def add_evidence(document: BytesIO, evidence: Evidence, *, contents: bytes | None) -> None:
    """Append the evidence to the document security store.

    Args:
        document: is appended to in place.
        evidence: what to embed; what is there already is not written twice.
        contents: of the signature that gets a VRI entry; None for no such entry.

    Spec: ETSI EN 319 142-1 §5.4.2, §5.4.3.
    """
    with hostile_document():
        DocumentSecurityStore.add_dss(
            document,
            contents,
            certs=[asn1_x509.Certificate.load(each.der) for each in evidence.certificates],
            crls=[crl.CertificateList.load(each.der) for each in evidence.crls],
            ocsps=[ocsp.OCSPResponse.load(each.der) for each in evidence.ocsp_responses],
        )


def add_document_timestamp(
    document: BytesIO, timestamper: TimeStamper, *, digest_name: str, name: str
) -> None:
    """Append a document time-stamp over everything before it.

    Spec: ETSI EN 319 142-1 §5.4.3, ISO 32000-2 §12.8.5.
    """
    stamper = PdfTimeStamper(timestamper, readable_field_name="Dấu thời gian")
    finish(
        stamper.async_timestamp_pdf(
            open_writer(document, name), digest_name, bytes_reserved=2 * TOKEN_BYTES, in_place=True
        )
    )


def _bytes_reserved(request: SignatureRequest) -> int:
    """Return how many hexadecimal digits the CMS gets."""
    stamped = request.timestamper is not None or request.options.timestamp_later
    token = TOKEN_BYTES if stamped else 0
    return 2 * (request.signer.estimate_cms_size() + token)
