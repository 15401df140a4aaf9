"""Judges a document from its bytes: gathers the facts, lets the process judge, makes the report.

No I/O: what is needed beside the document is handed in as evidence, and what is missing stands
in the report. Fetching it is `verify.collect`'s.

Spec: EN 319 102-1; EN 319 142-1.
"""

from __future__ import annotations

from datetime import UTC, datetime

from verify.evidence import NONE, Evidence
from verify.examine import Given, examine_document
from verify.finding import Finding
from verify.indication import Indication
from verify.pdf.copied import judge_copy
from verify.pdf.document import OpenPDF, count_pages
from verify.pdf.recovery import open_for_judging
from verify.policy import Policy
from verify.process import judge_document
from verify.quiet import quietly
from verify.report import Report
from verify.reported import needs_of, report_signature
from verify.revocation.gather import Gatherers, gatherers_of_thread
from verify.trust import TrustStore


def verify_document(
    data: bytes,
    *,
    policy: Policy,
    trust: TrustStore,
    at: datetime,
    evidence: Evidence = NONE,
    name: str = "document.pdf",
) -> Report:
    """Judge every signature and time-stamp of a PDF document, and the document.

    Args:
        data: the file's bytes, whatever they are.
        policy: by which rules.
        trust: where paths must end.
        at: the moment of judging, aware.
        evidence: certificates, CRLs and OCSP responses had beside the document.
        name: what to call the document in the report; not used otherwise.

    Raises:
        EmptyPDFError: no bytes.
        TooLargeError: more bytes than the policy allows.
        NotAPDFError: no PDF header.
        EncryptedPDFError: it needs a password; with one, open it and ask `verify_opened`.
        EncryptedForCertificatesError: it is encrypted for holders of certificates.
        BrokenPDFError: its structure cannot be read, and nothing in it says that it was signed.
        TooManySignaturesError: more signature fields than the policy allows.

    Spec: EN 319 102-1 §5.
    """
    pdf = open_for_judging(data, name=name, limits=policy.limits)
    from verify.display.grade import with_display  # noqa: PLC0415  not for those who only sign

    report = verify_opened(pdf, policy=policy, trust=trust, at=at, evidence=evidence)
    return with_display(report, pdf, policy)


def verify_opened(
    pdf: OpenPDF,
    *,
    policy: Policy,
    trust: TrustStore,
    at: datetime,
    evidence: Evidence = NONE,
    gatherers: Gatherers | None = None,
) -> Report:
    """Judge a document that is open already: see `verify_document`.

    Args:
        pdf: the document.
        policy: by which rules.
        trust: where paths must end.
        at: the moment of judging, aware.
        evidence: certificates, CRLs and OCSP responses had beside the document.
        gatherers: what was found out about the same certificates for other documents; None takes
            what the thread found out for the last one.

    Raises:
        TooManySignaturesError: more signature fields than the policy allows.
    """
    at = at.astimezone(UTC)
    with quietly():
        examined = examine_document(
            pdf, Given(policy, trust, evidence, gatherers or gatherers_of_thread()), at=at
        )
    verdict = judge_document(examined.facts, policy=policy, at=at)
    return Report(
        name=pdf.name,
        sha256=pdf.hashed.of(pdf.data),
        size=len(pdf.data),
        pages=count_pages(pdf),
        indication=verdict.indication,
        sub_indication=verdict.sub_indication,
        policy=policy.name,
        judged_at=at,
        signatures=tuple(report_signature(item) for item in verdict.judgements),
        findings=(
            *verdict.findings,
            *trust.findings,
            *_told_of_copies(pdf, verdict.indication),
        ),
        needs=needs_of(verdict.judgements, examined.known),
    )


def _told_of_copies(pdf: OpenPDF, indication: Indication) -> tuple[Finding, ...]:
    # What a document says of itself is worth nothing but by a signature over all of it.
    return judge_copy(pdf) if indication is Indication.TOTAL_PASSED else ()
