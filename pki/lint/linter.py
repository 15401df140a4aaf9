"""The linter and the pass it gives out.

A pass is the only thing the signing code takes (`pki.authority.signature`). It carries nothing:
the bytes lie here, under the pass's identity, until it is redeemed. A forged, copied, spent or
misdirected pass therefore yields no bytes to sign.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from cryptography import x509

from pki import der
from pki.errors import LintFailedError, LintPassError, MalformedDERError, Phrases, phrase
from pki.keys import PublicKey
from pki.lint import constraints, extensions, fields, names
from pki.lint.target import Finding, Intent, Rule, Severity, Target

_UNREADABLE = (
    MalformedDERError,
    ValueError,
    IndexError,
    x509.DuplicateExtension,
    x509.InvalidVersion,
)

RULES: tuple[Rule, ...] = (*fields.RULES, *names.RULES, *extensions.RULES, *constraints.RULES)


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
    """Return every rule that the bytes break, in the order of the rules."""
    return judge_by(RULES, tbs_der, intent)


def judge_by(rules: Iterable[Rule], tbs_der: bytes, intent: Intent) -> tuple[Finding, ...]:
    """Return those of the rules that the bytes break."""
    try:
        target = _target(tbs_der, intent)
    except _UNREADABLE as error:
        facts = {"error": type(error).__name__}
        return (Finding("rfc5280.4.1.well_formed", Severity.ERROR, facts),)
    return tuple(finding for rule in rules if (finding := _judge(rule, target)))


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


def _target(tbs_der: bytes, intent: Intent) -> Target:
    parts = der.read_all(der.read(tbs_der, "certificate").content, "certificate")
    unsigned = der.sequence((tbs_der, parts[fields.ALGORITHM].whole, der.bit_string(b"")))
    certificate = x509.load_der_x509_certificate(unsigned)
    # All is parsed here, so that rules meet no surprise, and none parses it again.
    extensions = {type(one.value): one for one in certificate.extensions}
    return Target(tbs_der, parts, certificate, intent, extensions, _attributes(parts))


def _attributes(parts: tuple[der.TLV, ...]) -> tuple[tuple[der.TLV, der.TLV], ...]:
    written = (
        der.read_all(attribute.content, "attribute")
        for relative in der.read_all(parts[fields.SUBJECT].content, "name")
        for attribute in der.read_all(relative.content, "relative name")
    )
    return tuple((oid, value) for oid, value in written)


def _judge(rule: Rule, target: Target) -> Finding | None:
    try:
        facts = rule.check(target)
    except (MalformedDERError, ValueError, IndexError) as error:
        # A rule that stumbles has not passed, and cannot say over what its sentence asks for.
        return Finding("antin.judged", Severity.ERROR, {"rule": rule.id, "error": _name(error)})
    return None if facts is None else Finding(rule.id, rule.severity, facts)


def _name(error: Exception) -> str:
    return type(error).__name__
