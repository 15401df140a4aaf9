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

from verify.facts import ChainFacts, TokenFacts
from verify.indication import SubIndication
from verify.rules.algorithms import judge_algorithm
from verify.rules.case import Case, below_anchor
from verify.rules.chain import Problem
from verify.rules.evidence import latest
from verify.rules.past import defects_again, evidence_at, path_validity, within_validity
from verify.rules.path import weak_certificate, weak_evidence

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
    again = [] if now is None else list(_again(chain, now, best, case))
    algorithms = [*signature_algorithms(token, best, case), *_path_algorithms(chain, case)]
    weak = now is not None and now[0] is SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    yield from (*algorithms, *again) if weak else (*again, *algorithms)


def made_too_early(chain: ChainFacts, proved: datetime, case: Case) -> Iterator[Problem]:
    """Yield that a signature is older than a certificate of its path, which none can be."""
    if any(proved < chain.certificates[index].not_before for index in below_anchor(chain, case.at)):
        yield from path_validity(chain, proved, SubIndication.NOT_YET_VALID, case)


def _again(chain: ChainFacts, now: Problem, best: datetime, case: Case) -> Iterator[Problem]:
    """Ask the path again at the best signature time: what failed now may hide what comes after."""
    if now[0] is SubIndication.OUT_OF_BOUNDS_NO_POE:
        yield now  # nothing shows that the signer was not revoked by then
        return
    yield from evidence_at(chain, best, case)
    yield from defects_again(chain, case)
    yield from path_validity(chain, best, SubIndication.OUT_OF_BOUNDS_NOT_REVOKED, case)


def _path_algorithms(chain: ChainFacts, case: Case) -> Iterator[Problem]:
    for index in below_anchor(chain, case.at):
        yield from weak_certificate(chain, index, case)
        item = latest(chain.certificates[index], chain.revocations[index], case)
        if item is not None and not chain.certificates[index].needs_no_evidence:
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
