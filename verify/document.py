"""Judges a document from its bytes: gathers the facts, lets the process judge, makes the report.

No I/O: what is needed beside the document is handed in as evidence, and what is missing stands
in the report. Fetching it is `verify.collect`'s.

Spec: EN 319 102-1; EN 319 142-1.
"""

from __future__ import annotations

from datetime import UTC, datetime

from verify.certificate import quietly
from verify.evidence import NONE, Evidence
from verify.examine import Given, examine_document
from verify.facts import CertificateFacts, ChainFacts
from verify.finding import Finding
from verify.indication import Indication
from verify.pdf.copied import judge_copy
from verify.pdf.document import OpenPDF, count_pages
from verify.pdf.recovery import open_for_judging
from verify.policy import Policy
from verify.process import Judgement, TimestampJudgement, judge_document
from verify.report import (
    LinkReport,
    Need,
    Report,
    SignatureReport,
    SignerReport,
    TimestampReport,
)
from verify.revocation.gather import Gatherers
from verify.rules.chain import ChainJudgement
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
    return verify_opened(pdf, policy=policy, trust=trust, at=at, evidence=evidence)


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
        gatherers: what was found out about the same certificates for other documents.

    Raises:
        TooManySignaturesError: more signature fields than the policy allows.
    """
    at = at.astimezone(UTC)
    with quietly():
        examined = examine_document(
            pdf, Given(policy, trust, evidence, gatherers or Gatherers()), at=at
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
        signatures=tuple(_report_signature(item) for item in verdict.judgements),
        findings=(*verdict.findings, *_told_of_copies(pdf, verdict.indication)),
        needs=_needs(verdict.judgements, examined.known),
    )


def _told_of_copies(pdf: OpenPDF, indication: Indication) -> tuple[Finding, ...]:
    # What a document says of itself is worth nothing but by a signature over all of it.
    return judge_copy(pdf) if indication is Indication.TOTAL_PASSED else ()


def _report_signature(item: Judgement) -> SignatureReport:
    facts, integrity = item.facts, item.facts.integrity
    chain = facts.token.chain
    return SignatureReport(
        field=facts.field,
        kind=facts.kind,
        indication=item.indication,
        sub_indication=item.sub_indication,
        level=item.level.name,
        signer=_report_signer(chain.certificates[0]) if chain else None,
        claimed_signing_time=facts.claimed_signing_time,
        best_signature_time=item.best_signature_time,
        algorithm=facts.token.algorithm.name if facts.token.algorithm else None,
        covers_whole_document=integrity.covers_whole_document,
        changes_after=integrity.changes_after,
        findings=_distinct(
            (*item.findings, *((item.level.finding,) if item.level.finding else ()))
        ),
        sub_filter=facts.sub_filter,
        revision=integrity.revision + 1,
        revisions=integrity.revisions,
        byte_range=integrity.byte_range,
        timestamps=tuple(_report_timestamp(timestamp) for timestamp in item.timestamps),
        path=_report_path(chain, item.chain),
        digests=facts.token.digests,
    )


def _distinct(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(
        finding for index, finding in enumerate(findings) if finding not in findings[:index]
    )


def _report_signer(certificate: CertificateFacts) -> SignerReport:
    return SignerReport(
        common_name=certificate.common_name,
        organization=certificate.organization,
        title=certificate.title,
        serial=certificate.serial,
        issuer=certificate.issuer,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
    )


def _report_timestamp(item: TimestampJudgement) -> TimestampReport:
    chain = item.facts.token.chain
    return TimestampReport(
        time=item.facts.gen_time,
        authority=chain.certificates[0].name if chain else None,
        indication=item.indication,
        sub_indication=item.sub_indication,
        content=item.content,
        path=_report_path(chain, item.chain),
        digests=item.facts.token.digests,
    )


def _report_path(chain: ChainFacts | None, judged: ChainJudgement | None) -> tuple[LinkReport, ...]:
    if chain is None:
        return ()
    standings = judged.standings if judged else (None,) * len(chain.certificates)
    links = []
    for certificate, at in zip(chain.certificates, standings, strict=True):
        evidence = at.evidence if at else None
        links.append(
            LinkReport(
                name=certificate.name,
                issuer=certificate.issuer,
                serial=certificate.serial,
                fingerprint=certificate.fingerprint,
                not_before=certificate.not_before,
                not_after=certificate.not_after,
                trusted=certificate.trusted,
                standing=at.standing if at else None,
                evidence=evidence.source if evidence else None,
                evidence_issued=evidence.this_update if evidence else None,
                evidence_until=evidence.next_update if evidence else None,
                evidence_in_document=evidence is not None and evidence.revision is not None,
                revoked_at=at.revoked_at if at else None,
            )
        )
    return tuple(links)


def _needs(judgements: tuple[Judgement, ...], known: dict[str, Need]) -> tuple[Need, ...]:
    wanting: dict[str, None] = {}
    for item in judgements:
        chains = (item.chain, *(timestamp.chain for timestamp in item.timestamps))
        for chain in chains:
            wanting.update(dict.fromkeys(chain.wanting if chain else ()))
    return tuple(known[fingerprint] for fingerprint in wanting if fingerprint in known)
