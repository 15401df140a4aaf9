"""The linter and the pass it gives out.

A pass is the only thing the signing code takes (`pki.authority.signature`). It carries nothing:
the bytes lie here, under the pass's identity, until it is redeemed. A forged, copied, spent or
misdirected pass therefore yields no bytes to sign.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from pki.errors.files import MalformedDERError
from pki.errors.issuing import LintFailedError, LintPassError
from pki.errors.tree import Phrases, phrase
from pki.keys import PublicKey
from pki.lint import constraints, extensions, fields, names
from pki.lint.frame import Frame
from pki.lint.reading import UNREADABLE, read_target
from pki.lint.target import Finding, FrameRule, Intent, Rule, Severity, Target

Rules = tuple[Rule | FrameRule, ...]

RULES: Rules = (*fields.RULES, *names.RULES, *extensions.RULES, *constraints.RULES)


class LintPass:
    """Proof that certain bytes passed the linter. Redeemed once, by the issuer it was made for."""

    __slots__ = ("__weakref__",)


@dataclass(frozen=True, slots=True)
class _Linted:
    tbs_der: bytes
    issuer_key: PublicKey
    profile: str


_linted: WeakKeyDictionary[LintPass, _Linted] = WeakKeyDictionary()
_lock = threading.Lock()


def lint(tbs_der: bytes, intent: Intent) -> tuple[Finding, ...]:
    """Return every rule that the bytes break: first those on the frame, then the others."""
    return _found(RULES, tbs_der, intent, alone=False)


def judge_by(rules: Rules, tbs_der: bytes, intent: Intent) -> tuple[Finding, ...]:
    """Return those of the rules that the bytes break."""
    return _found(rules, tbs_der, intent, alone=True)


def pass_lint(tbs_der: bytes, intent: Intent) -> LintPass:
    """Return a pass for exactly these bytes.

    Raises:
        LintFailedError: a rule of severity error does not hold.
    """
    errors = [found for found in lint(tbs_der, intent) if found.severity is Severity.ERROR]
    if errors:
        raise LintFailedError(findings=Phrases(tuple(found.words for found in errors)))
    given = LintPass()
    with _lock:
        _linted[given] = _Linted(tbs_der, intent.issuer_key, intent.profile.name)
    return given


def redeem(given: LintPass, *, issuer_key: PublicKey, profile: str) -> bytes:
    """Spend a pass and return the bytes it was given for.

    Raises:
        LintPassError: spent, never given, or given for another issuer or profile. It is spent
            all the same.
    """
    with _lock:
        linted = _linted.pop(given, None)
    if linted is None:
        raise LintPassError(reason=phrase("pki.lint_pass.spent"))
    if linted.issuer_key != issuer_key:
        raise LintPassError(reason=phrase("pki.lint_pass.other_issuer"))
    if linted.profile != profile:
        raise LintPassError(reason=phrase("pki.lint_pass.other_profile"))
    return linted.tbs_der


def _found(rules: Rules, tbs_der: bytes, intent: Intent, *, alone: bool) -> tuple[Finding, ...]:
    of_frame, of_target = _parted(rules)
    try:
        target = read_target(tbs_der, intent, alone=alone)
        if alone:
            target.certificate.extensions  # noqa: B018  no rule may be there that compares octets
        known = _judge_frame(target.frame, of_frame)
    except UNREADABLE as error:
        facts = {"error": type(error).__name__}
        return (Finding("rfc5280.4.1.well_formed", Severity.ERROR, facts),)
    return (*known, *_judged(of_target, target))


@lru_cache(maxsize=16)
def _parted(rules: Rules) -> tuple[tuple[FrameRule, ...], tuple[Rule, ...]]:
    of_frame = tuple(rule for rule in rules if isinstance(rule, FrameRule))
    return of_frame, tuple(rule for rule in rules if isinstance(rule, Rule))


@lru_cache(maxsize=256)
def _judge_frame(frame: Frame, rules: tuple[FrameRule, ...]) -> tuple[Finding, ...]:
    frame.certificate.extensions  # noqa: B018  parsed here, so that rules meet no surprise
    return tuple(_judged(rules, frame))


def _judged(rules: Rules, seen: Target | Frame) -> list[Finding]:
    """Return what the rules find; one loop, for most find nothing and take less than a call."""
    found = []
    for rule in rules:
        check: Any = rule.check  # takes what it is given here
        try:
            facts = check(seen)
        except (MalformedDERError, ValueError, IndexError) as error:
            # A rule that stumbles has not passed, and cannot say over what its sentence asks for.
            stumbled = {"rule": rule.id, "error": type(error).__name__}
            found.append(Finding("antin.judged", Severity.ERROR, stumbled))
        else:
            if facts is not None:
                found.append(Finding(rule.id, rule.severity, facts))
    return found
