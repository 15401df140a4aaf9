"""Judges everything at one moment: what the policy asks beyond the standard.

With `proved_at_signing`, nothing passes that is not proved good at the best signature time itself:
path, status, algorithms. It is never looser than the course of the standard, which follows it.

Spec: EN 319 102-1 §5.1.4.2 (constraints).
"""

from __future__ import annotations

from datetime import datetime

from verify.facts import ChainFacts, TokenFacts
from verify.finding import error
from verify.indication import SubIndication
from verify.policy import Use
from verify.rules.algorithms import judge_algorithm
from verify.rules.chain import ChainJudgement, Problem
from verify.rules.revocation import Moment


def weaknesses(token: TokenFacts, moment: Moment, use: Use) -> list[Problem]:
    """Return which algorithms of a token were not accepted at `moment`."""
    if token.algorithm is None:
        return []
    return [
        (weakness.sub_indication, weakness.finding)
        for weakness in judge_algorithm(
            token.algorithm,
            policy=moment.policy,
            existed_by=moment.time,
            digests=token.digests,
            subject=use,
        )
    ]


def chain_problems(
    path: ChainFacts, chain: ChainJudgement, made_after: datetime | None
) -> list[Problem]:
    """Return what is wrong with the path at its moment.

    Args:
        path: the path of the signer.
        chain: what was judged of it.
        made_after: the time of a valid time-stamp over the content: a signature made after
            revocation or expiry has failed for good.
    """
    if chain.sub_indication is None:
        return []
    final: list[Problem] = []
    if made_after is not None:
        if chain.revoked_at is not None and made_after >= chain.revoked_at:
            found = error("signature.made_after_revocation", made_after=made_after)
            final.append((SubIndication.REVOKED, found))
        elif made_after > path.certificates[0].not_after:
            found = error("signature.made_after_expiry", made_after=made_after)
            final.append((SubIndication.EXPIRED, found))
    return [*final, *((chain.sub_indication, finding) for finding in chain.findings)]
