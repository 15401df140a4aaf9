"""Keeps evidence about signatures that were judged, where the home is told to."""

from __future__ import annotations

from signing.records import EvidenceKeeper, Occasion, record_of
from signing.signers import signers_of
from verify.evidence import Evidence
from verify.facts import Kind
from verify.pdf.document import OpenPDF
from verify.policy import Limits
from verify.report import Report


def keep_judged(
    keeper: EvidenceKeeper, pdf: OpenPDF, report: Report, evidence: Evidence, limits: Limits
) -> None:
    """Keep a record of every signature whose certificate can be read; time-stamps are none.

    Raises:
        UnavailableError: it cannot be kept.
    """
    signers = signers_of(pdf, evidence, limit=limits.signatures)
    for signature in report.signatures:
        if signature.kind is Kind.TIMESTAMP or signature.field not in signers:
            continue
        keeper.keep(
            record_of(
                report,
                signature,
                signers[signature.field],
                occasion=Occasion.JUDGED,
                evidence=evidence,
            )
        )
