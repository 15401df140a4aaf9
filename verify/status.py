"""The status of a certificate now: what is asked before it signs.

Spec: Circular 15/2025/TT-BKHCN Annex II (status must be checked before signing).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from pki.clock import Clock
from pki.fetcher import Fetcher
from verify.certificate import describe, readable
from verify.collect import Collector
from verify.finding import Finding
from verify.path.inputs import inputs_of
from verify.path.pool import CertificatePool
from verify.policy import Policy, default_policy
from verify.quiet import quietly
from verify.revocation.gather import Gatherer
from verify.revocation.sources import handed_in, read_crls, read_responses
from verify.rules.poe import ProofsOfExistence
from verify.rules.revocation import Moment, Standing, standing_at
from verify.trust import TrustStore


@dataclass(frozen=True, slots=True)
class Good:
    """Not revoked, and a current answer says so."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """Revoked or suspended."""

    at: datetime
    reason: str
    """The reason as the answer gives it, `unspecified` when it gives none."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer that counts."""

    why: str


CertificateStatus = Good | Revoked | Unknown


def check_status(
    certificate: x509.Certificate,
    issuer_chain: tuple[x509.Certificate, ...],
    *,
    fetcher: Fetcher,
    clock: Clock,
    trust: TrustStore,
    policy: Policy | None = None,
) -> CertificateStatus:
    """Ask OCSP, else the CRL, whether a certificate is good at this moment.

    Args:
        certificate: whose status.
        issuer_chain: its issuer first; empty when it is a trust anchor itself.
        fetcher: the network.
        clock: tells the moment.
        trust: a trust anchor has no status to ask for.
        policy: how current an answer must be.
    """
    if certificate in trust:
        return Good()
    if not issuer_chain:
        return Unknown("its issuer is not known")
    with quietly():
        return _ask(certificate, issuer_chain, Collector(fetcher, clock), trust, policy)


def _ask(
    certificate: x509.Certificate,
    issuer_chain: tuple[x509.Certificate, ...],
    collector: Collector,
    trust: TrustStore,
    policy: Policy | None,
) -> CertificateStatus:
    policy = policy or default_policy()
    collector.find_status(certificate, issuer_chain[0])
    status = _judge(certificate, issuer_chain, collector, trust=trust, policy=policy)
    if isinstance(status, Unknown):
        collector.find_crl(certificate)
        status = _judge(certificate, issuer_chain, collector, trust=trust, policy=policy)
    return status


def _judge(
    certificate: x509.Certificate,
    issuer_chain: tuple[x509.Certificate, ...],
    collector: Collector,
    *,
    trust: TrustStore,
    policy: Policy,
) -> CertificateStatus:
    at = collector.clock.now()
    others = readable(item.der for item in collector.evidence.certificates)
    crls, responses = handed_in(collector.evidence)
    gatherer = Gatherer(
        CertificatePool(trust, (*issuer_chain, *others)),
        crls=read_crls(crls),
        responses=read_responses(responses),
        limits=policy.limits,
        inputs=inputs_of(policy.paths),
    )
    evidence = gatherer.statuses(certificate, issuer_chain[0], issuer_chain[1:])
    facts = describe(certificate, issuer=issuer_chain[0], trusted=False)
    moment = Moment(at, current_is_enough=True, policy=policy, proofs=ProofsOfExistence(at))
    answer = standing_at(facts, evidence, moment)
    if answer.standing is Standing.GOOD:
        return Good()
    if answer.standing is Standing.REVOKED and answer.evidence is not None:
        return Revoked(answer.revoked_at or at, answer.evidence.reason or "unspecified")
    return Unknown(_why(collector.findings) or "no current answer")


def _why(findings: tuple[Finding, ...]) -> str:
    reasons = (
        f"{finding.facts['url']}: {finding.facts['reason']}"
        if "reason" in finding.facts
        else "offline"
        for finding in findings
    )
    return "; ".join(dict.fromkeys(reasons))
