"""A signature between the key and the verdict: while services are asked, others may be begun."""

from __future__ import annotations

from dataclasses import dataclass

from signing.mandates.mandate import Mandate
from signing.options import Form
from signing.revision import (
    PreparedSignature,
    SignatureRequest,
    SignedDigest,
    SignedRevision,
)
from verify.evidence import Evidence
from verify.finding import Finding
from verify.pdf.document import OpenPDF
from verify.report import Report


@dataclass(frozen=True, slots=True)
class BegunSignature:
    """A document that the key signed; services are still to be asked, and it to be judged."""

    pdf: OpenPDF
    before: Report
    """The verdict on the document as it came."""
    form: Form
    request: SignatureRequest
    signed: SignedDigest
    status_unknown: bool
    """Nobody told the status of the signer's certificate."""
    notes: tuple[Finding, ...]
    mandate: Mandate | None


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    """A document that was judged and lacks nothing but what the key makes."""

    pdf: OpenPDF
    before: Report
    request: SignatureRequest
    signature: PreparedSignature
    status_unknown: bool
    notes: tuple[Finding, ...]
    mandate: Mandate | None

    def begun(self, signed: SignedDigest) -> BegunSignature:
        """Return it with what the key made."""
        return BegunSignature(
            self.pdf,
            self.before,
            self.signature.form,
            self.request,
            signed,
            self.status_unknown,
            self.notes,
            self.mandate,
        )


@dataclass(frozen=True, slots=True)
class CompletedSignature:
    """What services gave to a document."""

    signed: SignedRevision
    evidence: Evidence
    """What it is judged with."""
    had: Evidence
    """What is kept about it."""
