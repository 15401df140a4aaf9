"""Whether the algorithms a signature depends on were good enough when it existed.

Spec: EN 319 102-1 §5.2.8 (cryptographic constraints); ETSI TS 119 312.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from verify.facts import Algorithm
from verify.finding import Finding, error
from verify.indication import SubIndication
from verify.policy import Policy


@dataclass(frozen=True, slots=True)
class Weakness:
    """An algorithm the policy does not accept."""

    sub_indication: SubIndication
    finding: Finding


def judge_algorithm(
    algorithm: Algorithm, *, policy: Policy, existed_by: datetime, digests: tuple[str, ...] = ()
) -> Iterator[Weakness]:
    """Yield what the policy does not accept about an algorithm.

    Args:
        algorithm: how something was signed.
        policy: what is accepted.
        existed_by: when the signed thing is known to have existed.
        digests: further digests it depends on.
    """
    if algorithm.scheme not in policy.algorithms.schemes:
        yield Weakness(
            SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
            error("algorithm.not_accepted", algorithm=algorithm.name),
        )
    least = {"rsa": policy.algorithms.rsa_min_bits, "ec": policy.algorithms.ec_min_bits}
    if algorithm.key_bits < least.get(algorithm.key_type, 0):
        yield Weakness(
            SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
            error(
                "algorithm.key_too_short",
                bits=algorithm.key_bits,
                least=least[algorithm.key_type],
            ),
        )
    own = (algorithm.digest,) if algorithm.digest else ()
    for digest in dict.fromkeys((*own, *digests)):
        if not policy.digest_accepted(digest, existed_by):
            yield _weak_digest(digest, policy)


def _weak_digest(digest: str, policy: Policy) -> Weakness:
    acceptance = policy.algorithms.digests.get(digest)
    if acceptance is None or acceptance.until is None:
        return Weakness(
            SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
            error("algorithm.not_accepted", algorithm=digest.upper()),
        )
    # Once it was good enough: a proof that the signature existed by then would mend it.
    return Weakness(
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
        error("algorithm.no_longer_accepted", algorithm=digest.upper(), until=acceptance.until),
    )
