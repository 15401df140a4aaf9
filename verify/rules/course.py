"""The course of one judgement: now, then at the best signature time, then in the past.

Each step asks only what the one before left open. Spec: EN 319 102-1 §5.3 (basic signature
validation), §5.4 (time-stamps), §5.5 (long-term), §5.6 (archival data).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from verify.facts import ChainFacts, TokenFacts
from verify.finding import error
from verify.indication import SubIndication
from verify.rules.algorithms import accepted_until, judge_algorithm
from verify.rules.case import Case
from verify.rules.chain import Problem
from verify.rules.evidence import latest, revoked_since
from verify.rules.long_term import (
    RECOVERABLE,
    judge_long_term,
    made_too_early,
    signature_algorithms,
)
from verify.rules.past import judge_past
from verify.rules.path import judge_path
from verify.rules.trust import not_trusted_then

_WITHOUT_MATERIAL = frozenset({SubIndication.NO_CERTIFICATE_CHAIN_FOUND_NO_POE})
_IN_THE_PAST = RECOVERABLE | _WITHOUT_MATERIAL | {SubIndication.REVOCATION_OUT_OF_BOUNDS_NO_POE}
_OF_TIMESTAMPS = _IN_THE_PAST - {SubIndication.TRY_LATER}


@dataclass(frozen=True, slots=True)
class Times:
    """What is proved about when a signature was made."""

    now: datetime
    """The earliest time-stamp over it that is valid at the moment of judging."""
    proved: datetime
    """The earliest proof of it, archival data looked at."""
    not_before: tuple[datetime, ...] = ()
    """Times of valid time-stamps over the content: it was made after them."""
    material: bool = False
    """There are time-stamps over its evidence, or evidence records."""


def judge_signature(
    token: TokenFacts, found: list[Problem], times: Times, case: Case
) -> list[Problem]:
    """Return what stands against a signature after the whole course.

    Args:
        token: the signature.
        found: what is wrong with it whatever the time: format, digest, value, attributes.
        times: what is proved about when it was made.
        case: rules and proofs.
    """
    chain = token.chain
    attributes = [item for item in found if item[0] is SubIndication.SIG_CONSTRAINTS_FAILURE]
    if chain is None or len(attributes) < len(found):
        return found
    now = _now(token, chain, attributes, case)
    final = not_trusted_then(chain, times.proved)
    final = final or _made_too_late(token, chain, now, times, case)
    if final is not None:
        return [final]
    left = list(judge_long_term(token, chain, now, best=times.now, case=case)) or attributes
    if not left:
        # A time-stamp that archival data alone shows to be valid may prove an earlier time still.
        return list(made_too_early(chain, times.proved, case))
    if left[0][0] not in _IN_THE_PAST:
        return left
    if not times.material and left[0][0] not in _WITHOUT_MATERIAL:
        return left
    case = replace(case, existed_by=times.proved)
    past = list(judge_past(token, chain, left[0], case))
    return past or [*attributes, *signature_algorithms(token, times.proved, case)]


def judge_timestamp_now(token: TokenFacts, found: list[Problem], case: Case) -> list[Problem]:
    """Return what stands against a time-stamp at the moment of judging."""
    chain = token.chain
    attributes = [item for item in found if item[0] is SubIndication.SIG_CONSTRAINTS_FAILURE]
    if chain is None or len(attributes) < len(found):
        return found
    now = _now(token, chain, attributes, case)
    return [] if now is None else [now]


def judge_timestamp_past(token: TokenFacts, now: list[Problem], case: Case) -> list[Problem]:
    """Return what still stands against a time-stamp when proofs of its existence are looked at."""
    if not now or now[0][0] not in _OF_TIMESTAMPS or token.chain is None:
        return now
    past = list(judge_past(token, token.chain, now[0], case))
    return past or list(signature_algorithms(token, case.existed_by, case))


def _now(
    token: TokenFacts, chain: ChainFacts, attributes: Iterable[Problem], case: Case
) -> Problem | None:
    for found in (
        judge_path(chain, case),
        attributes,
        signature_algorithms(token, case.at, case),
    ):
        for problem in found:
            return problem
    return None


def _made_too_late(
    token: TokenFacts, chain: ChainFacts, now: Problem | None, times: Times, case: Case
) -> Problem | None:
    """Return why it failed for good: it was made after its certificate or algorithm ended."""
    if now is None or not times.not_before:
        return None
    made_after, signer = max(times.not_before), chain.certificates[0]
    match now[0]:
        case SubIndication.REVOKED_NO_POE:
            item = latest(signer, chain.revocations[0], case)
            since = revoked_since(item, made_after) if item else None
            if since is not None and since < made_after:
                found = error("signature.made_after_revocation", made_after=made_after)
                return SubIndication.REVOKED, found
        case SubIndication.OUT_OF_BOUNDS_NO_POE | SubIndication.OUT_OF_BOUNDS_NOT_REVOKED:
            if made_after > signer.not_after:
                found = error("signature.made_after_expiry", made_after=made_after)
                return SubIndication.EXPIRED, found
        case SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE if token.algorithm is not None:
            until = accepted_until(
                judge_algorithm(
                    token.algorithm,
                    policy=case.policy,
                    existed_by=made_after,
                    digests=token.digests,
                    subject=case.use,
                )
            )
            if until is not None:
                return SubIndication.CRYPTO_CONSTRAINTS_FAILURE, now[1]
    return None
