"""Judges what stands against a signature now at its best signature time.

The best signature time is the earliest valid time-stamp over the signature. A revocation after it
does not count; a certificate that expired after it was still known not to be revoked; evidence
must be fresh for it; the signature's own algorithms were accepted then. The algorithms of the path
and of the evidence are asked now: only archival data can prove how old those are.

Spec: EN 319 102-1 §5.5.4 (signatures with time and long-term validation data).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from verify.facts import ChainFacts, RevocationFacts, TokenFacts
from verify.indication import SubIndication
from verify.rules.algorithms import judge_algorithm
from verify.rules.case import Case, below_anchor
from verify.rules.chain import Problem
from verify.rules.evidence import fresh, latest, revoked_since
from verify.rules.past import within_validity
from verify.rules.path import stale, weak_certificate, weak_evidence

RECOVERABLE = frozenset(
    {
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
        SubIndication.REVOKED_NO_POE,
        SubIndication.REVOKED_CA_NO_POE,
        SubIndication.TRY_LATER,
        SubIndication.OUT_OF_BOUNDS_NO_POE,
        SubIndication.OUT_OF_BOUNDS_NOT_REVOKED,
    }
)
"""What a time-stamp over the signature may mend."""


def judge_long_term(
    token: TokenFacts, chain: ChainFacts, now: Problem | None, *, best: datetime, case: Case
) -> Iterator[Problem]:
    """Yield what stands against a signature at its best signature time.

    Args:
        token: the signature, intact.
        chain: its path.
        now: what stands against it at the moment of judging, if anything.
        best: the best signature time.
        case: rules and proofs.
    """
    if now is not None and now[0] not in RECOVERABLE:
        yield now
        return
    signer = chain.certificates[0]
    if best < signer.not_before:
        yield from within_validity(signer, best, SubIndication.NOT_YET_VALID)
    if now is not None:
        yield from _again(chain, now, best, case)
    yield from _algorithms(token, chain, best, case)


def _again(chain: ChainFacts, now: Problem, best: datetime, case: Case) -> Iterator[Problem]:
    """Ask what failed now again at the best signature time."""
    sub, signer = now[0], chain.certificates[0]
    if sub is SubIndication.OUT_OF_BOUNDS_NO_POE:
        yield now  # nothing shows that the signer was not revoked by then
    elif sub is SubIndication.TRY_LATER:
        yield from _later(chain, now, best, case)
    elif sub is not SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE:
        if sub is not SubIndication.OUT_OF_BOUNDS_NOT_REVOKED:
            yield from _revoked_by(chain, now, best, case)
        yield from within_validity(signer, best, SubIndication.OUT_OF_BOUNDS_NOT_REVOKED)


def _deciding(chain: ChainFacts, case: Case) -> Iterator[tuple[int, RevocationFacts | None]]:
    for index in below_anchor(chain, case.at):
        if not chain.certificates[index].needs_no_evidence:
            yield index, latest(chain.certificates[index], chain.revocations[index], case)


def _revoked_by(chain: ChainFacts, now: Problem, best: datetime, case: Case) -> Iterator[Problem]:
    for _, item in _deciding(chain, case):
        if item is not None and revoked_since(item, best) is not None:
            yield now


def _later(chain: ChainFacts, now: Problem, best: datetime, case: Case) -> Iterator[Problem]:
    for index, item in _deciding(chain, case):
        if item is None or revoked_since(item, best) is not None:
            yield now
        elif not fresh(item, best, case):
            yield stale(chain.certificates[index], item)


def _algorithms(
    token: TokenFacts, chain: ChainFacts, best: datetime, case: Case
) -> Iterator[Problem]:
    yield from signature_algorithms(token, best, case)
    for index in below_anchor(chain, case.at):
        yield from weak_certificate(chain, index, case)
    for _, item in _deciding(chain, case):
        if item is not None:
            yield from weak_evidence(item, case)


def signature_algorithms(token: TokenFacts, time: datetime, case: Case) -> Iterator[Problem]:
    """Yield which algorithms of the signature itself were not accepted at `time`."""
    if token.algorithm is None:
        return
    for weakness in judge_algorithm(
        token.algorithm,
        policy=case.policy,
        existed_by=time,
        digests=token.digests,
        subject=case.use,
    ):
        yield weakness.sub_indication, weakness.finding
