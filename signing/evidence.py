"""Evidence about the signer and the time-stamp service, gathered after the time-stamp.

Only an answer from after the time-stamp proves that the certificate was good when it was used; so
the signature is made and time-stamped first. What was gathered is judged with the document before
any of it is embedded.

Spec: ETSI EN 319 142-1 §6.3 (B-LT); ETSI EN 319 102-1 §5.2.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509

from pki.clock import whole_second
from signing.check import find_path
from signing.errors.standing import RevokedMeanwhileError
from signing.errors.times import EvidenceUnavailableError
from signing.services import SigningServices
from verify.collect import collect_for_chain
from verify.content import Content
from verify.document import verify_opened
from verify.evidence import NONE, Evidence
from verify.indication import Indication
from verify.pdf.document import open_pdf
from verify.policy import Policy
from verify.report import LinkReport, Report, SignatureReport
from verify.rules.revocation import Standing


def gather_evidence(
    ends: Iterable[x509.Certificate],
    others: tuple[x509.Certificate, ...],
    services: SigningServices,
) -> Evidence:
    """Return evidence about each certificate of `ends` and everything above it.

    Args:
        ends: the signer's and the time-stamp services' certificates.
        others: what may be needed for their paths.
        services: time, network, trust and policy.

    Raises:
        UntrustedPathError: one of them has no path to a trusted root.
    """
    evidence = NONE
    for end in ends:
        path = find_path(end, others, services=services)
        evidence += collect_for_chain(path, services.fetcher, services.clock)
    return evidence


@dataclass(frozen=True, slots=True)
class Subject:
    """The signature that evidence is gathered for, and whom it rests on."""

    data: Content
    """The document."""
    field: str
    name: str
    """The document's, for messages."""
    ends: tuple[x509.Certificate, ...]
    """The signer's and the time-stamp services' certificates."""
    others: tuple[x509.Certificate, ...]
    """What may be needed for their paths."""


def gather_proof(subject: Subject, services: SigningServices) -> Evidence:
    """Return evidence that proves what the signature needs proved.

    An OCSP responder whose clock is a little behind the time-stamp service's answers from before
    the time-stamp, which proves nothing about it: then it is waited for, and asked once more.

    Raises:
        RevokedMeanwhileError: a certificate is revoked, be it since the time-stamp only.
        EvidenceUnavailableError: about a certificate nothing, or nothing new enough, was had.
        UntrustedPathError: a certificate has no path to a trusted root.
    """
    evidence = gather_evidence(subject.ends, subject.others, services)
    signature = _judge(subject, evidence, services)
    lag = lag_of(signature, services.policy)
    if timedelta(0) < lag <= services.policy.skew:
        services.pause(lag.total_seconds() + 1)
        evidence = gather_evidence(subject.ends, subject.others, services)
        signature = _judge(subject, evidence, services)
        lag = lag_of(signature, services.policy)
    for link in links_of(signature):
        if link.revoked_at is not None:
            raise RevokedMeanwhileError(subject=link.name, revoked_at=link.revoked_at)
        if link.standing in (Standing.MISSING, Standing.STALE):
            raise EvidenceUnavailableError(subject=link.name, reason=link.standing.value)
    if lag > timedelta(0):
        stale = Standing.STALE.value
        raise EvidenceUnavailableError(subject=signature.path[0].name, reason=stale)
    return evidence


def _judge(subject: Subject, evidence: Evidence, services: SigningServices) -> SignatureReport:
    pdf = open_pdf(
        subject.data, name=subject.name, limits=services.policy.limits, password=services.password
    )
    report = verify_opened(
        pdf,
        policy=services.policy,
        trust=services.trust,
        at=services.clock.now(),
        evidence=evidence,
    )
    return find_signature(report, subject.field)


def lag_of(signature: SignatureReport, policy: Policy) -> timedelta:
    """Return by how much the signer's evidence is older than the time-stamp; zero where not.

    The verdict of this moment does not tell while the time-stamp lies ahead of this machine's
    clock, and whoever judges tomorrow will see it.
    """
    times = [
        each.time
        for each in signature.timestamps
        if each.indication is Indication.TOTAL_PASSED and each.time and not each.content
    ]
    proved_at = min(times, default=signature.best_signature_time)
    issued = signature.path[0].evidence_issued if signature.path else None
    if proved_at is None or issued is None:
        return timedelta(0)
    fresh = timedelta(seconds=policy.revocation.freshness_seconds)
    return max(whole_second(proved_at) - fresh - issued, timedelta(0))


def find_signature(report: Report, field: str) -> SignatureReport:
    """Return what the report says of the signature in `field`."""
    return next(each for each in report.signatures if each.field == field)


def links_of(signature: SignatureReport) -> Iterator[LinkReport]:
    """Give every certificate the signature and its time-stamps rest on."""
    yield from signature.path
    for timestamp in signature.timestamps:
        yield from timestamp.path
