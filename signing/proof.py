"""Revisions of a document that prove what was signed: evidence, document time-stamp.

pyHanko's own validation and signers stand behind it, a fifth of what starting takes; it is loaded
by whoever raises a document.
"""

from __future__ import annotations

from typing import BinaryIO, cast
from uuid import uuid4

from asn1crypto import crl, ocsp
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore

from signing.coroutine import finish
from signing.display.pdfa import give_empty_look
from signing.document import hostile_document, open_writer
from signing.tsa import TOKEN_BYTES, FetchingTimeStamper
from verify.content import shown
from verify.evidence import Evidence
from verify.password import Password


def add_evidence(
    document: BinaryIO,
    evidence: Evidence,
    *,
    contents: bytes | None,
    name: str,
    password: Password | None = None,
) -> None:
    """Append the evidence to the document security store.

    Args:
        document: in memory or a file; is appended to in place.
        evidence: what to embed; what is there already is not written twice.
        contents: of the signature that gets a VRI entry; None for no such entry.
        name: the document's, for messages.
        password: of a document that is encrypted.

    Spec: ETSI EN 319 142-1 §5.4.2, §5.4.3.
    """
    with shown(document) as content, hostile_document():
        writer = open_writer(document, content, name, password)
        store = DocumentSecurityStore.supply_dss_in_writer(
            writer,
            contents,
            certs=[asn1_x509.Certificate.load(each.der) for each in evidence.certificates],
            crls=[crl.CertificateList.load(each.der) for each in evidence.crls],
            ocsps=[ocsp.OCSPResponse.load(each.der) for each in evidence.ocsp_responses],
        )
        if store.modified:
            writer.write_in_place()


def add_document_timestamp(
    document: BinaryIO,
    timestamper: FetchingTimeStamper,
    *,
    digest_name: str,
    name: str,
    password: Password | None = None,
) -> None:
    """Append a document time-stamp over everything before it.

    Args:
        document: in memory or a file; is appended to in place.
        timestamper: asks for the time-stamp.
        digest_name: of the document.
        name: the document's, for messages.
        password: of a document that is encrypted.

    Raises:
        NewFieldForbiddenError: its author permits no new fields.

    Spec: ETSI EN 319 142-1 §5.4.3, ISO 32000-2 §12.8.5.
    """
    with shown(document) as content:
        writer = open_writer(document, content, name, password, creates=True)
        asked = cast(TimeStamper, timestamper)  # of which `async_timestamp` alone is called
        stamper = PdfTimeStamper(asked, field_name=_add_stamp_field(writer))
        finish(
            stamper.async_timestamp_pdf(
                writer, digest_name, bytes_reserved=2 * TOKEN_BYTES, in_place=True
            )
        )


def _add_stamp_field(writer: IncrementalPdfFileWriter) -> str:
    """Append a field for a time-stamp over the document, of a name that nothing there has."""
    name = f"Timestamp-{uuid4()}"
    append_signature_field(writer, SigFieldSpec(name, readable_field_name="Dấu thời gian"))
    give_empty_look(writer.root["/AcroForm"]["/Fields"][-1], writer)
    return name
