"""Evidence about the signer and the time-stamp service, gathered after the time-stamp.

Only an answer from after the time-stamp proves that the certificate was good when it was used; so
the signature is made and time-stamped first. What was gathered is judged with the document before
any of it is embedded.

Spec: ETSI EN 319 142-1 §6.3 (B-LT); ETSI EN 319 102-1 §5.2.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cryptography import x509

from signing.check import find_path
from signing.errors import EvidenceUnavailableError, RevokedMeanwhileError
from signing.services import SigningServices
from verify.collect import collect_for_chain
from verify.document import verify_document
from verify.evidence import NONE, Evidence
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


def check_evidence(
    data: bytes, field: str, *, evidence: Evidence, services: SigningServices, name: str
) -> None:
    """Check that the evidence proves what the signature in `field` needs proved.

    Raises:
        RevokedMeanwhileError: a certificate is revoked, be it since the time-stamp only.
        EvidenceUnavailableError: about a certificate nothing, or nothing new enough, was had.
    """
    report = verify_document(
        data,
        policy=services.policy,
        trust=services.trust,
        at=services.clock.now(),
        evidence=evidence,
        name=name,
    )
    for link in links_of(find_signature(report, field)):
        if link.revoked_at is not None:
            raise RevokedMeanwhileError(subject=link.name, revoked_at=link.revoked_at)
        if link.standing in (Standing.MISSING, Standing.STALE):
            raise EvidenceUnavailableError(subject=link.name, reason=link.standing.value)


def find_signature(report: Report, field: str) -> SignatureReport:
    """Return what the report says of the signature in `field`."""
    return next(each for each in report.signatures if each.field == field)


def links_of(signature: SignatureReport) -> Iterator[LinkReport]:
    """Give every certificate the signature and its time-stamps rest on."""
    yield from signature.path
    for timestamp in signature.timestamps:
        yield from timestamp.path
