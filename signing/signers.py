"""Who signed what in a document: the certificates that its signatures name."""

from __future__ import annotations

from cryptography import x509

from verify.certificate import readable
from verify.cms.token import read_token
from verify.errors import MalformedObjectError
from verify.evidence import Evidence
from verify.finding import Finding
from verify.pdf.document import OpenPDF
from verify.pdf.fields import find_signature_fields
from verify.pdf.ranges import read_range
from verify.pdf.store import read_store


def signers_of(pdf: OpenPDF, evidence: Evidence, *, limit: int) -> dict[str, x509.Certificate]:
    """Return the signing certificates by field; a signature that cannot be read has none.

    Args:
        pdf: the document; it was judged before.
        evidence: certificates had beside it.
        limit: of signatures, the policy's.
    """
    stored = (item.der for item in read_store(pdf).certificates)
    others = (*readable(stored), *readable(item.der for item in evidence.certificates))
    found: dict[str, x509.Certificate] = {}
    for field in find_signature_fields(pdf, name=pdf.name, limit=limit):
        covered = read_range(pdf, field)
        if isinstance(covered, Finding):
            continue
        try:
            signer = read_token(covered.contents).signer(others)
        except MalformedObjectError:
            continue
        if signer is not None:
            found[field.name] = signer
    return found
