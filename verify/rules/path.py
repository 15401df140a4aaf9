"""Judges a path at the moment of judging, certificate after certificate from the signer up.

1. It reaches a trust anchor, and trust in it has not ended.
2. RFC 5280 and the purpose allow each certificate in its place.
3. There is acceptable evidence, it does not revoke or suspend the certificate, it is fresh.
4. The algorithms of certificate and evidence are accepted now.
5. The signer's certificate is valid now, and so is who signed the evidence about it.

Spec: EN 319 102-1 §5.2.6 (X.509 certificate validation); RFC 5280 §6.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from verify.facts import CertificateFacts, ChainFacts, RevocationFacts, Status
from verify.finding import error
from verify.indication import SubIndication
from verify.policy import Level, Use
from verify.rules.algorithms import judge_algorithm
from verify.rules.case import Case, below_anchor, is_anchor
from verify.rules.chain import PURPOSE, Problem, not_valid_at
from verify.rules.evidence import fresh, latest, on_hold, revoked_since, signer_in_time

PROFILE = "profile."
"""Codes of defects that path validation does not ask for (RFC 5280 §6), but a profile does."""


def judge_path(chain: ChainFacts, case: Case) -> Iterator[Problem]:
    """Yield what stands against a path now; the first names the sub-indication."""
    if not any(certificate.trusted for certificate in chain.certificates):
        last = chain.certificates[-1]
        found = error("chain.no_path", certificate=last.name, issuer=last.issuer)
        yield SubIndication.NO_CERTIFICATE_CHAIN_FOUND, found
        return
    yield from _trust_ended(chain, case)
    for index in below_anchor(chain, case.at):
        ended = chain.certificates[index].trusted
        for sub_indication, found in _judge_certificate(chain, index, case):
            # Past an anchor that is trusted no more, the path only goes on while all is well.
            yield (
                (SubIndication.NO_CERTIFICATE_CHAIN_FOUND_NO_POE if ended else sub_indication),
                found,
            )


def _trust_ended(chain: ChainFacts, case: Case) -> Iterator[Problem]:
    if any(is_anchor(certificate, case.at) for certificate in chain.certificates):
        return
    for certificate in chain.certificates:
        if certificate.trusted_until is not None:
            found = error(
                "chain.trust_ended", certificate=certificate.name, until=certificate.trusted_until
            )
            yield SubIndication.NO_CERTIFICATE_CHAIN_FOUND_NO_POE, found


def _judge_certificate(chain: ChainFacts, index: int, case: Case) -> Iterator[Problem]:
    certificate = chain.certificates[index]
    yield from judge_defects(certificate, case)
    deciding = None
    if not certificate.needs_no_evidence:
        deciding = latest(certificate, chain.revocations[index], case)
        yield from judge_evidence(chain, index, case.at, case)
    yield from weak_certificate(chain, index, case)
    if deciding is not None:
        yield from weak_evidence(deciding, case)
    if index == 0:
        yield from _judge_validity(certificate, deciding, case)
    elif not certificate.not_before <= case.at <= certificate.not_after:
        yield out_of_bounds(certificate, case.at, good=False)


def judge_defects(
    certificate: CertificateFacts, case: Case, *, again: bool = False
) -> Iterator[Problem]:
    """Yield what is wrong with a certificate whatever the time, as far as the policy minds.

    Args:
        certificate: one of the path.
        case: rules.
        again: the path was walked before; what only its profile wishes is not asked twice.
    """
    for defect in certificate.defects:
        wish = again and defect.code.startswith(PROFILE)
        if wish or case.policy.weighs(defect.code) is not Level.FAIL:
            continue
        if defect.code.startswith(PURPOSE):
            yield SubIndication.CHAIN_CONSTRAINTS_FAILURE, defect
        else:
            yield SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, defect


def judge_evidence(chain: ChainFacts, index: int, time: datetime, case: Case) -> Iterator[Problem]:
    """Yield what the evidence about a certificate says against it at `time`."""
    certificate, evidence = chain.certificates[index], chain.revocations[index]
    deciding, demands = latest(certificate, evidence, case), case.demands
    asked = demands.authority_evidence if index else demands.signer_evidence
    if deciding is None:
        if asked is Level.FAIL:
            yield lacking(certificate, evidence, case)
        return
    since = revoked_since(deciding, time)
    if since is not None:
        yield revocation(certificate, index, deciding, since)
    elif not fresh(deciding, time, case):
        yield stale(certificate, deciding)


def lacking(
    certificate: CertificateFacts, evidence: tuple[RevocationFacts, ...], case: Case
) -> Problem:
    """Return what to say where no acceptable evidence is."""
    code = "revocation.not_usable" if evidence else "revocation.none"
    found = error(code, certificate=certificate.name)
    if not evidence and case.policy.revocation.missing_can_come:
        return SubIndication.TRY_LATER, found
    return SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, found


def revocation(
    certificate: CertificateFacts, index: int, item: RevocationFacts, when: datetime
) -> Problem:
    """Return what to say of a certificate revoked or suspended since `when`."""
    if on_hold(item):
        found = error("chain.on_hold", certificate=certificate.name, since=when)
        return SubIndication.TRY_LATER, found
    if index:
        found = error("chain.revoked_authority", certificate=certificate.name, revoked_at=when)
        return SubIndication.REVOKED_CA_NO_POE, found
    found = error("chain.revoked", certificate=certificate.name, revoked_at=when)
    return SubIndication.REVOKED_NO_POE, found


def stale(certificate: CertificateFacts, item: RevocationFacts) -> Problem:
    """Return what to say of evidence that is too old."""
    found = error("revocation.stale", certificate=certificate.name, issued=item.this_update)
    return SubIndication.TRY_LATER, found


def weak_certificate(chain: ChainFacts, index: int, case: Case) -> Iterator[Problem]:
    """Yield what is not accepted now about how a certificate was signed."""
    for weakness in judge_algorithm(
        chain.certificates[index].algorithm,
        policy=case.policy,
        existed_by=case.at,
        subject=case.subject(index),
    ):
        yield weakness.sub_indication, weakness.finding


def weak_evidence(item: RevocationFacts, case: Case) -> Iterator[Problem]:
    """Yield what is not accepted now about how evidence was signed."""
    for weakness in judge_algorithm(
        item.algorithm, policy=case.policy, existed_by=case.at, subject=Use.EVIDENCE
    ):
        yield weakness.sub_indication, weakness.finding


def _judge_validity(
    certificate: CertificateFacts, deciding: RevocationFacts | None, case: Case
) -> Iterator[Problem]:
    strict = case.demands.evidence_signer_in_time is Level.FAIL
    late = deciding is not None and strict and not signer_in_time(deciding, case)
    if not certificate.not_before <= case.at <= certificate.not_after:
        good = deciding is not None and deciding.status is Status.GOOD and not late
        yield out_of_bounds(certificate, case.at, good=good or certificate.needs_no_evidence)
    if late and deciding is not None:
        yield signer_expired(deciding)


def signer_expired(item: RevocationFacts) -> Problem:
    """Return what to say of evidence whose own signer is not valid any more."""
    signer = item.signer
    found = error("revocation.signer_expired", certificate=signer.name, not_after=signer.not_after)
    return SubIndication.REVOCATION_OUT_OF_BOUNDS_NO_POE, found


def out_of_bounds(certificate: CertificateFacts, time: datetime, *, good: bool) -> Problem:
    """Return what to say of a certificate that is not valid at `time`."""
    found = not_valid_at(certificate, time)
    if good:
        return SubIndication.OUT_OF_BOUNDS_NOT_REVOKED, found
    return SubIndication.OUT_OF_BOUNDS_NO_POE, found
