"""What is wrong with a policy although each of its values is within bounds.

1. Algorithms that nothing here can verify: a slip of the pen would refuse what it means to accept.
2. Contradictions: what one part accepts and another cannot, dates that run backwards.
3. Rules of law that are in force for the same signatures on one day: which one counts?

Days that no rule covers are no mistake of a file: a signature of such a day is told so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from pki.errors.tree import Phrase, phrase
from verify.errors import (
    PolicyAlgorithmUnknownError,
    PolicyContradictionError,
    PolicyRulesOverlapError,
)
from verify.law import Rule
from verify.policy import Algorithms, KeySize, Policy, Use
from verify.signature_value import KNOWN_DIGESTS

SCHEMES = frozenset(
    {
        *("rsassa-pss", "rsassa-pkcs1v15", "ecdsa", "plain-ecdsa", "ed25519", "ed448"),
        *("ml-dsa-44", "ml-dsa-65", "ml-dsa-87"),
    }
)
DIGESTS = frozenset(KNOWN_DIGESTS)
SUBJECTS = frozenset(f"{use}{part}" for use in Use for part in ("", ".signer", ".authority"))
"""What `algorithms_for` may be for: see `verify.rules.case`."""


def check_policy(policy: Policy, *, name: str) -> None:
    """Check that the parts of a policy go together.

    Args:
        policy: each value of which is within its bounds.
        name: what errors call it.

    Raises:
        PolicyAlgorithmUnknownError: it names an algorithm that nothing here can verify.
        PolicyContradictionError: one part of it says what another denies.
        PolicyRulesOverlapError: two rules of law are in force for the same signatures of one day.
    """
    for place, algorithm, known in _named(policy):
        if algorithm not in known:
            raise PolicyAlgorithmUnknownError(name=name, place=place, algorithm=algorithm)
    for place, why in _contradictions(policy):
        raise PolicyContradictionError(name=name, place=place, why=why)
    for first, second in _overlaps(policy.rules):
        day = max(first.since, second.since).isoformat()
        raise PolicyRulesOverlapError(name=name, first=first.id, second=second.id, day=day)


def _tables(policy: Policy) -> Iterator[tuple[str, Algorithms]]:
    yield "algorithms", policy.algorithms
    for subject, table in policy.algorithms_for.items():
        yield f"algorithms_for.{subject}", table


def _named(policy: Policy) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Yield each algorithm with its place, and those that would be known there."""
    for place, table in _tables(policy):
        yield from ((f"{place}.schemes", each, SCHEMES) for each in table.schemes)
        yield from ((f"{place}.key_sizes", each, SCHEMES) for each in table.key_sizes)
        yield from ((f"{place}.digests", each, DIGESTS) for each in table.digests)
    for rule in policy.rules:
        if rule.algorithm is not None:
            place = f"rules.{rule.id}.algorithm"
            yield from ((f"{place}.schemes", each, SCHEMES) for each in rule.algorithm.schemes)
            yield from ((f"{place}.digests", each, DIGESTS) for each in rule.algorithm.digests)


def _contradictions(policy: Policy) -> Iterator[tuple[str, Phrase]]:
    for subject in policy.algorithms_for:
        if subject not in SUBJECTS:
            yield f"algorithms_for.{subject}", phrase("verify.policy.no_such_subject")
    for place, table in _tables(policy):
        yield from _in_algorithms(place, table)
    counted = Counter(rule.id for rule in policy.rules)
    for rule in policy.rules:
        place = f"rules.{rule.id}"
        if counted[rule.id] > 1:
            yield f"{place}.id", phrase("verify.policy.twice")
        if rule.until is not None and rule.until < rule.since:
            yield f"{place}.until", phrase("verify.policy.ends_before_it_begins")
        yield from _never_met(place, rule, policy.algorithms)


def _in_algorithms(place: str, table: Algorithms) -> Iterator[tuple[str, Phrase]]:
    for scheme, sizes in table.key_sizes.items():
        here = f"{place}.key_sizes.{scheme}"
        if scheme not in table.schemes:
            yield here, phrase("verify.policy.scheme_not_accepted")
        if len({size.bits for size in sizes}) < len(sizes):
            yield here, phrase("verify.policy.twice")
        if _runs_backwards(sizes):
            yield here, phrase("verify.policy.longer_key_ends_earlier")


def _runs_backwards(sizes: tuple[KeySize, ...]) -> bool:
    """Say whether a longer key is accepted for a shorter time."""
    ordered = sorted(sizes, key=lambda size: size.bits)
    for shorter, longer in pairwise(ordered):
        if longer.until is not None and (shorter.until is None or longer.until < shorter.until):
            return True
    return False


def _never_met(place: str, rule: Rule, table: Algorithms) -> Iterator[tuple[str, Phrase]]:
    """A rule that asks for what the policy refuses would let nothing pass."""
    asked = rule.algorithm
    if asked is None:
        return
    for what, wanted, accepted in (
        ("schemes", asked.schemes, set(table.schemes)),
        ("digests", asked.digests, set(table.digests)),
    ):
        if wanted and not accepted.intersection(wanted):
            yield f"{place}.algorithm.{what}", phrase("verify.policy.never_met")


def _overlaps(rules: tuple[Rule, ...]) -> Iterator[tuple[Rule, Rule]]:
    ordered = sorted(rules, key=lambda rule: rule.since)
    for index, first in enumerate(ordered):
        for second in ordered[index + 1 :]:
            if first.until is not None and second.since > first.until:
                break
            if first.meets(second.scope):
                yield first, second
