"""Holds a signature against the rule of law of its day.

The day is that of the best signature time: of the earliest time-stamp that proves the signature,
else of the moment of judging. The time that a signer claims decides nothing; where it names a day
of another rule, that is told.

Spec: EN 319 102-1 §5.2.8 (acceptance), §5.5.4 (best signature time).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from verify.facts import Algorithm, SignatureFacts
from verify.finding import Finding, error, info, warning
from verify.indication import SubIndication
from verify.law import Asked, Rule, Scope, Weight, day_of, find_rule
from verify.policy import Policy
from verify.rules.token import Problem

_TOLD = {Weight.FAIL: error, Weight.WARN: warning, Weight.INFO: info}


@dataclass(frozen=True, slots=True)
class Lawful:
    """What the rule of its day says of one signature."""

    rule: Rule | None
    """None where none covers that day."""
    scope: Scope
    day: date
    proved: bool
    """A time-stamp proves the day; else it is that of judging."""
    problems: tuple[Problem, ...] = ()
    notes: tuple[Finding, ...] = ()


def judge_lawful(
    facts: SignatureFacts, policy: Policy, best: datetime, *, proved: bool
) -> Lawful | None:
    """Return what the rule of its day says; None where that is not asked, or nobody knows of whom.

    Args:
        facts: a signature's or seal's.
        policy: with the rules.
        best: the best signature time.
        proved: a time-stamp proves that.
    """
    if not policy.rules or facts.token.chain is None:
        return None
    scope = Scope.DUTY if facts.for_duty else Scope.PUBLIC
    day = day_of(best)
    rule = find_rule(policy.rules, scope, day)
    if rule is None:
        found = (SubIndication.SIG_CONSTRAINTS_FAILURE, error("law.no_rule", time=best))
        return Lawful(None, scope, day, proved, (found,))
    told = [*_about_time(rule, proved=proved), *_about_algorithm(rule, facts.token.algorithm)]
    failed = tuple(
        (SubIndication.SIG_CONSTRAINTS_FAILURE, finding)
        for weight, finding in told
        if weight is Weight.FAIL
    )
    notes = [finding for weight, finding in told if weight is not Weight.FAIL]
    if not proved:
        notes += _other_day(facts.claimed_signing_time, policy, scope, rule)
    return Lawful(rule, scope, day, proved, failed, tuple(notes))


def _about_time(rule: Rule, *, proved: bool) -> Iterator[tuple[Weight, Finding]]:
    if rule.timestamp is not None and not proved:
        yield rule.timestamp, _TOLD[rule.timestamp]("law.no_timestamp", rule=rule.name)


def _about_algorithm(rule: Rule, algorithm: Algorithm | None) -> Iterator[tuple[Weight, Finding]]:
    asked = rule.algorithm
    if asked is None or algorithm is None:
        return
    tell = _TOLD[asked.weight]
    if _is_other(algorithm, asked):
        yield asked.weight, tell("law.algorithm", rule=rule.name, algorithm=algorithm.name)
    least = {"rsa": asked.rsa_min_bits, "ec": asked.ec_min_bits}.get(algorithm.key_type, 0)
    if algorithm.key_bits < least:
        facts = {"bits": algorithm.key_bits, "least": least}
        yield asked.weight, tell("law.key_too_short", rule=rule.name, **facts)


def _is_other(algorithm: Algorithm, asked: Asked) -> bool:
    other_scheme = asked.schemes and algorithm.scheme not in asked.schemes
    other_digest = asked.digests and algorithm.digest and algorithm.digest not in asked.digests
    return bool(other_scheme or other_digest)


def _other_day(
    claimed: datetime | None, policy: Policy, scope: Scope, rule: Rule
) -> Iterator[Finding]:
    """Tell where the day that is claimed, and not proved, has another rule."""
    if claimed is None:
        return
    then = find_rule(policy.rules, scope, day_of(claimed))
    if then is None:
        yield warning("law.claimed_day_without", claimed=claimed)
    elif then.id != rule.id:
        yield info("law.claimed_day_differs", claimed=claimed, then=then.name, rule=rule.name)
