"""Judges a signature or time-stamp in the past: what stands against it now, did it then?

1. The evidence about the signer is trusted, or its own signer is proved to have existed in time.
2. The path has a time of control (past certificate validation), and the token is proved to have
   existed by then. Only for a hold or old evidence (TRY_LATER) the latter is not asked.
3. What failed now is asked again at the earliest time by which the token existed.

Spec: EN 319 102-1 §5.6.2.4 (past signature validation).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from verify.facts import Algorithm, CertificateFacts, ChainFacts, TokenFacts
from verify.indication import SubIndication
from verify.policy import Level, Use
from verify.rules.algorithms import judge_algorithm
from verify.rules.case import Case, below_anchor
from verify.rules.chain import Problem, not_valid_at
from verify.rules.control_time import control_time, relied_on
from verify.rules.evidence import latest
from verify.rules.path import judge_defects, judge_evidence, out_of_bounds, signer_expired

_KNOWN = SubIndication.OUT_OF_BOUNDS_NOT_REVOKED
_OUT_OF_BOUNDS = {
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND_NO_POE: SubIndication.OUT_OF_BOUNDS_NO_POE,
    SubIndication.OUT_OF_BOUNDS_NO_POE: SubIndication.OUT_OF_BOUNDS_NO_POE,
}
"""What to say, by what stands against it now, of a signature made outside its certificate's
validity, where that is not that it is known not to have been revoked."""


def judge_past(token: TokenFacts, chain: ChainFacts, now: Problem, case: Case) -> Iterator[Problem]:
    """Yield what still stands against a token whose judgement now ended with `now`.

    Args:
        token: the signature or time-stamp.
        chain: its path.
        now: what stands against it at the moment of judging.
        case: rules and proofs; `existed_by` is the earliest proof of the token.
    """
    control = control_time(chain, case)
    later = now[0] is SubIndication.TRY_LATER
    if control is None or (case.existed_by > control and not later):
        yield now
        return
    if later:  # a hold, or old evidence, counts by the time at which it mattered
        yield from evidence_at(chain, case.existed_by, case)
    elif now[0] is SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE:
        yield from _judge_algorithms(token, chain, case)
    yield from defects_again(chain, case)
    yield from path_validity(chain, case.existed_by, _OUT_OF_BOUNDS.get(now[0], _KNOWN), case)
    yield from _signer_evidence(chain, case)


def evidence_at(chain: ChainFacts, time: datetime, case: Case) -> Iterator[Problem]:
    """Yield what the evidence says against the certificates of a path at `time`."""
    for index in below_anchor(chain, case.at):
        if not chain.certificates[index].needs_no_evidence:
            yield from judge_evidence(chain, index, time, case)


def defects_again(chain: ChainFacts, case: Case) -> Iterator[Problem]:
    """Yield the defects of a path that what failed first may have hidden."""
    for index in below_anchor(chain, case.at):
        yield from judge_defects(chain.certificates[index], case, again=True)


def path_validity(
    chain: ChainFacts, time: datetime, after: SubIndication, case: Case
) -> Iterator[Problem]:
    """Yield what to say where `time` is outside the validity of a certificate below the anchor."""
    yield from within_validity(chain.certificates[0], time, after)
    for index in below_anchor(chain, case.at)[1:]:
        certificate = chain.certificates[index]
        if not certificate.not_before <= time <= certificate.not_after:
            yield out_of_bounds(certificate, time, good=False)


def within_validity(
    certificate: CertificateFacts, time: datetime, after: SubIndication
) -> Iterator[Problem]:
    """Yield what to say where `time` is outside the validity of the signer's certificate."""
    if certificate.not_before <= time <= certificate.not_after:
        return
    early = time < certificate.not_before
    yield SubIndication.NOT_YET_VALID if early else after, not_valid_at(certificate, time)


def _judge_algorithms(token: TokenFacts, chain: ChainFacts, case: Case) -> Iterator[Problem]:
    """Ask each algorithm again at the time by which what it made is proved to have existed."""
    if token.algorithm is not None:
        yield from _weak(token.algorithm, token.digests, case.existed_by, case.use, case)
    for index in below_anchor(chain, case.at):
        certificate = chain.certificates[index]
        since = min(case.certificate_times(certificate))
        yield from _weak(certificate.algorithm, (), since, case.subject(index), case)
        evidence = chain.revocations[index]
        if index == 0:
            evidence = relied_on(certificate, evidence, case) or evidence
        item = latest(certificate, evidence, case)
        if item is not None:
            since = case.proofs.of_evidence(item)
            yield from _weak(item.algorithm, (), since, Use.EVIDENCE, case)


def _weak(
    algorithm: Algorithm, digests: tuple[str, ...], since: datetime, subject: str, case: Case
) -> Iterator[Problem]:
    for weakness in judge_algorithm(
        algorithm, policy=case.policy, existed_by=since, digests=digests, subject=subject
    ):
        yield weakness.sub_indication, weakness.finding


def _signer_evidence(chain: ChainFacts, case: Case) -> Iterator[Problem]:
    signer = chain.certificates[0]
    strict = case.demands.evidence_signer_in_time is Level.FAIL
    if signer.trusted or signer.needs_no_evidence or not strict:
        return
    item = latest(signer, chain.revocations[0], case)
    if item is not None and not relied_on(signer, chain.revocations[0], case):
        yield signer_expired(item)
