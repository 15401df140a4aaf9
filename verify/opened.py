"""Judges whatever is open: a PDF, or a file of signatures."""

from __future__ import annotations

from datetime import datetime

from verify.detached import OpenSignature, verify_opened_signature
from verify.document import verify_opened
from verify.evidence import NONE, Evidence
from verify.pdf.document import OpenPDF
from verify.policy import Policy
from verify.report import Report
from verify.trust import TrustStore

Opened = OpenPDF | OpenSignature


def verify_any(
    opened: Opened,
    *,
    policy: Policy,
    trust: TrustStore,
    at: datetime,
    evidence: Evidence = NONE,
) -> Report:
    """Judge it: see `verify.document.verify_opened`, `verify.detached.verify_opened_signature`.

    Raises:
        TooManySignaturesError: more signature fields than the policy allows.
    """
    if isinstance(opened, OpenSignature):
        return verify_opened_signature(opened, policy=policy, trust=trust, at=at, evidence=evidence)
    return verify_opened(opened, policy=policy, trust=trust, at=at, evidence=evidence)
