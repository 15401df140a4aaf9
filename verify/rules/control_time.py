"""Slides the time of control back along a path.

From the anchor down: evidence must have been issued, and it and the certificate be proved to have
existed, before the time of control. A revocation moves the time of control to itself; evidence
that is too old moves it to its issue; an algorithm that is not accepted any more, to its end. What
is proved to have existed by the time of control can still be relied on.

Spec: EN 319 102-1 §5.6.2.1 (past certificate validation), §5.6.2.2 (validation time sliding).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from verify.facts import CertificateFacts, ChainFacts, RevocationFacts
from verify.policy import Use
from verify.rules.algorithms import accepted_until, judge_algorithm
from verify.rules.case import Case
from verify.rules.evidence import acceptable, fresh, latest, revoked_since, signer_proved


def control_time(chain: ChainFacts, case: Case) -> datetime | None:
    """Return the time of control of a path; None where evidence or an anchor is missing.

    A path may pass several anchors; the one that leads to the latest time counts.
    """
    times = [
        _slide(chain, place, case)
        for place, certificate in enumerate(chain.certificates)
        if certificate.trusted
    ]
    return max((time for time in times if time is not None), default=None)


def _slide(chain: ChainFacts, anchor: int, case: Case) -> datetime | None:
    time = chain.certificates[anchor].trusted_until or case.at
    for index in reversed(range(anchor)):
        certificate = chain.certificates[index]
        item = None
        if not certificate.needs_no_evidence:
            item = _satisfying(chain, index, time, case)
            if item is None:
                return None
            since = revoked_since(item, time)
            if since is not None:
                time = since
            elif not fresh(item, time, case):
                time = min(time, item.this_update)
        time = min((time, *_algorithm_ends(certificate, item, index, time, case)))
    return time


def _satisfying(
    chain: ChainFacts, index: int, time: datetime, case: Case
) -> RevocationFacts | None:
    """Return the latest evidence from before `time` about a certificate proved to exist by then."""
    certificate = chain.certificates[index]
    if min(case.certificate_times(certificate)) > time:
        return None
    evidence = chain.revocations[index]
    if index == 0:
        evidence = relied_on(certificate, evidence, case) or evidence
    return latest(
        certificate,
        evidence,
        case,
        also=lambda item: item.this_update < time and case.proofs.of_evidence(item) <= time,
    )


def relied_on(
    certificate: CertificateFacts, evidence: tuple[RevocationFacts, ...], case: Case
) -> tuple[RevocationFacts, ...]:
    """Return the evidence about a signer whose own signer is proved to have existed in time."""
    return tuple(
        item
        for item in evidence
        if acceptable(certificate, item, case) and signer_proved(item, case)
    )


def _algorithm_ends(
    certificate: CertificateFacts,
    item: RevocationFacts | None,
    index: int,
    time: datetime,
    case: Case,
) -> Iterator[datetime]:
    subjects = [(certificate.algorithm, case.subject(index))]
    if item is not None:
        subjects.append((item.algorithm, Use.EVIDENCE))
    for algorithm, subject in subjects:
        until = accepted_until(
            judge_algorithm(algorithm, policy=case.policy, existed_by=time, subject=subject)
        )
        if until is not None:
            yield until
