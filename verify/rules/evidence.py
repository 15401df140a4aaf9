"""Which evidence about a certificate may be used, and which of it decides.

An answer is acceptable when it knows the certificate, was issued after it, still spoke of it (lists
may forget what has expired), was produced by a responder valid at that moment, and its signer is
trusted, needs no check, or has acceptable evidence itself. The latest acceptable answer decides.

Spec: EN 319 102-1 §5.2.6.4 (revocation acceptance checker), §5.2.5 (revocation freshness checker).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from verify.facts import CertificateFacts, RevocationFacts, Status
from verify.policy import Level, Use
from verify.rules.algorithms import judge_algorithm
from verify.rules.case import Case, is_anchor

HOLDS = frozenset({"certificate_hold", "certificateHold"})


def acceptable(certificate: CertificateFacts, item: RevocationFacts, case: Case) -> bool:
    """Say whether an answer may be used about `certificate` at all."""
    return (
        item.status is not Status.UNKNOWN
        and not item.defects
        and item.this_update >= certificate.not_before
        and max(item.this_update, item.produced_at) <= max(case.at, item.had_at) + case.policy.skew
        and _in_time(item)
        and _still_spoke(certificate, item)
        and _signer_stands(item, case)
    )


def latest(
    certificate: CertificateFacts,
    evidence: Iterable[RevocationFacts],
    case: Case,
    also: Callable[[RevocationFacts], bool] = lambda _: True,
) -> RevocationFacts | None:
    """Return the latest acceptable answer for which `also` holds; of two, the stronger one."""
    usable = [item for item in evidence if acceptable(certificate, item, case) and also(item)]
    return max(usable, key=lambda item: (item.produced_at, _strong(item, case)), default=None)


def _strong(item: RevocationFacts, case: Case) -> bool:
    weaknesses = judge_algorithm(
        item.algorithm,
        policy=case.policy,
        existed_by=case.proofs.of_evidence(item),
        subject=Use.EVIDENCE,
    )
    return not any(weaknesses)


def on_hold(item: RevocationFacts) -> bool:
    """Say whether an answer suspends the certificate, which may be lifted again."""
    return item.status is Status.REVOKED and item.reason in HOLDS


def revoked_since(item: RevocationFacts, time: datetime) -> datetime | None:
    """Return since when the certificate is revoked or suspended, if it is at `time`."""
    if item.status is not Status.REVOKED:
        return None
    since = item.revoked_at or item.this_update
    return since if since <= time else None


def fresh(item: RevocationFacts, time: datetime, case: Case) -> bool:
    """Say whether an answer is young enough for `time`, as far as the policy asks."""
    age = case.policy.revocation.max_age_seconds
    return age is None or item.this_update >= time - timedelta(seconds=age)


def signer_proved(item: RevocationFacts, case: Case) -> bool:
    """Say whether the signer of an answer is trusted, or proved to have existed while valid."""
    if is_anchor(item.signer, case.at):
        return True
    start, end = item.signer.not_before, item.signer.not_after
    return any(start <= time <= end for time in case.signer_times(item))


def signer_in_time(item: RevocationFacts, case: Case) -> bool:
    """Say whether the signer of an answer is trusted, or valid still."""
    signer = item.signer
    return is_anchor(signer, case.at) or signer.not_before <= case.at <= signer.not_after


def _in_time(item: RevocationFacts) -> bool:
    signer = item.signer
    return item.source != "ocsp" or signer.not_before <= item.produced_at <= signer.not_after


def _still_spoke(certificate: CertificateFacts, item: RevocationFacts) -> bool:
    if item.status is Status.REVOKED:
        return True  # only silence can come of forgetting
    since = item.this_update
    if item.archive_cutoff is not None:
        since = min(since, item.archive_cutoff)
    return certificate.not_after >= since


def _signer_stands(item: RevocationFacts, case: Case) -> bool:
    signer = item.signer
    checked = item.signer_is_issuer or item.signer_needs_no_check or signer.needs_no_evidence
    if checked or is_anchor(signer, case.at):
        return True
    if case.policy.demands(Use.EVIDENCE).signer_evidence is not Level.FAIL:
        return True
    return latest(signer, item.signer_revocations, case) is not None
