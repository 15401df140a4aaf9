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
from verify.policy import Acceptance, Algorithms, Level, Policy, Use


@dataclass(frozen=True, slots=True)
class Weakness:
    """An algorithm the policy does not accept."""

    sub_indication: SubIndication
    finding: Finding
    until: datetime | None = None
    """Until when it was accepted, if it ever was."""


def judge_algorithm(
    algorithm: Algorithm,
    *,
    policy: Policy,
    existed_by: datetime,
    digests: tuple[str, ...] = (),
    subject: str = Use.SIGNATURE,
) -> Iterator[Weakness]:
    """Yield what the policy does not accept about an algorithm.

    Args:
        algorithm: how something was signed.
        policy: what is accepted.
        existed_by: when the signed thing is known to have existed.
        digests: further digests it depends on.
        subject: what it is used for, as `Policy.algorithms_for` names it.
    """
    table = policy.algorithms_of(subject)
    if table.level is not Level.FAIL:
        return
    if algorithm.scheme not in table.schemes:
        yield Weakness(
            SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
            error("algorithm.not_accepted", algorithm=algorithm.name),
        )
    if algorithm.scheme in table.key_sizes:
        yield from _weak_size(algorithm, table, existed_by)
    else:
        yield from _weak_key(algorithm, table)
    own = (algorithm.digest,) if algorithm.digest else ()
    for digest in dict.fromkeys((*own, *digests)):
        yield from _weak_digest(digest, table.digests.get(digest), existed_by)


def accepted_until(weaknesses: Iterator[Weakness]) -> datetime | None:
    """Return the first moment from which one of them was not accepted any more, if known."""
    return min((item.until for item in weaknesses if item.until is not None), default=None)


def _weak_key(algorithm: Algorithm, table: Algorithms) -> Iterator[Weakness]:
    least = {"rsa": table.rsa_min_bits, "ec": table.ec_min_bits}
    if algorithm.key_bits < least.get(algorithm.key_type, 0):
        yield Weakness(
            SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
            _too_short(algorithm, least[algorithm.key_type]),
        )


def _weak_size(algorithm: Algorithm, table: Algorithms, existed_by: datetime) -> Iterator[Weakness]:
    """Judge a key by sizes with dates: the longest one it reaches says until when."""
    sizes = sorted(table.key_sizes[algorithm.scheme], key=lambda item: item.bits)
    reached = [item for item in sizes if item.bits <= algorithm.key_bits]
    if not reached:
        least = sizes[0].bits if sizes else algorithm.key_bits + 1
        yield Weakness(
            SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, _too_short(algorithm, least)
        )
        return
    until = reached[-1].until
    if until is not None and existed_by > until:
        name = f"{algorithm.name} {algorithm.key_bits}"
        yield Weakness(
            SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
            error("algorithm.no_longer_accepted", algorithm=name, until=until),
            until,
        )


def _too_short(algorithm: Algorithm, least: int) -> Finding:
    return error("algorithm.key_too_short", bits=algorithm.key_bits, least=least)


def _weak_digest(
    digest: str, acceptance: Acceptance | None, existed_by: datetime
) -> Iterator[Weakness]:
    if acceptance is None:
        yield Weakness(
            SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
            error("algorithm.not_accepted", algorithm=digest.upper()),
        )
    elif acceptance.until is not None and existed_by > acceptance.until:
        # Once it was good enough: a proof that the signature existed by then would mend it.
        yield Weakness(
            SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
            error("algorithm.no_longer_accepted", algorithm=digest.upper(), until=acceptance.until),
            acceptance.until,
        )
