"""What the evidence proves about a certificate at one moment.

The rule of freshness, stricter than the standard asks. Let T be the moment asked about.

1. A certificate known to be revoked at R is revoked for T >= R, whoever said so and however long
   ago (a hold counts only while nothing newer lifts it). For T < R it was good.
2. "Not revoked at T" is proved by a good answer issued at T or later (whole seconds; the policy's
   `freshness` widens this, as long as nextUpdate has not passed by T: an offline root's list is
   months old when it is used). Any other answer from before T says nothing about T.
3. When T is the judging moment, or a time-stamp's moment of control, no later answer can exist
   yet: there an answer is enough that is current, thisUpdate <= T <= nextUpdate.
4. A good answer counts only if its signer's certificate was valid when it was produced and when
   the answer is first known to have existed, a delegated responder was itself not revoked, its
   algorithms are accepted, it was not issued in the future of whoever had it, and the
   certificate had not expired by then (lists may forget expired certificates).
5. All else is unknown, and unknown is never good.

Spec: EN 319 102-1 §5.2.5 (revocation freshness); RFC 6960 §3.2; RFC 5280 §6.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pki.clock import whole_second
from verify.facts import CertificateFacts, RevocationFacts, Status
from verify.policy import Policy
from verify.rules.algorithms import judge_algorithm
from verify.rules.poe import ProofsOfExistence

HOLD = "certificate_hold"
_HOLDS = frozenset({HOLD, "certificateHold"})


class Standing(StrEnum):
    """What is known of a certificate at a moment."""

    GOOD = "good"
    REVOKED = "revoked"
    STALE = "stale"
    """There is evidence, none of it proves anything about this moment."""
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Moment:
    """The moment asked about."""

    time: datetime
    current_is_enough: bool
    """Rule 3 applies."""
    policy: Policy
    proofs: ProofsOfExistence
    authority: bool = False
    """The certificate is an authority's: its own freshness applies."""


@dataclass(frozen=True, slots=True)
class StandingAt:
    """The answer, and the evidence it rests on."""

    standing: Standing
    evidence: RevocationFacts | None = None

    @property
    def revoked_at(self) -> datetime | None:
        """When it was revoked, as far as the evidence says."""
        return self.evidence.revoked_at if self.evidence else None


def standing_at(
    certificate: CertificateFacts, evidence: tuple[RevocationFacts, ...], moment: Moment
) -> StandingAt:
    """Return what is known of `certificate` at `moment`, by the rules above."""
    revocation = _revocation(evidence)
    if revocation is not None and revocation.revoked_at is not None:
        if moment.time >= revocation.revoked_at:
            return StandingAt(Standing.REVOKED, revocation)
        return StandingAt(Standing.GOOD, revocation)
    proving = [item for item in evidence if _proves_good(certificate, item, moment)]
    if proving:
        return StandingAt(Standing.GOOD, max(proving, key=lambda item: item.this_update))
    if evidence:
        return StandingAt(Standing.STALE, max(evidence, key=lambda item: item.this_update))
    return StandingAt(Standing.MISSING)


def _revocation(evidence: tuple[RevocationFacts, ...]) -> RevocationFacts | None:
    """Return the earliest revocation that stands (rule 1)."""
    newest = max((item.this_update for item in evidence), default=None)
    standing = [
        item
        for item in evidence
        if item.status is Status.REVOKED
        and (item.reason not in _HOLDS or item.this_update == newest)
    ]
    return min(standing, key=lambda item: item.revoked_at or item.this_update, default=None)


def _proves_good(certificate: CertificateFacts, item: RevocationFacts, moment: Moment) -> bool:
    return (
        item.status is Status.GOOD
        and _trustworthy(item, moment)
        and _speaks_of(certificate, item)
        and (_issued_since(item, moment) or (moment.current_is_enough and _current(item, moment)))
    )


def _issued_since(item: RevocationFacts, moment: Moment) -> bool:
    asked = whole_second(moment.time)
    if item.this_update >= asked:
        return True
    table = moment.policy.revocation
    seconds = table.authority_freshness_seconds if moment.authority else table.freshness_seconds
    lapsed = item.next_update is not None and item.next_update < asked
    return not lapsed and item.this_update + timedelta(seconds=seconds) >= asked


def _current(item: RevocationFacts, moment: Moment) -> bool:
    skew = moment.policy.skew
    age = timedelta(seconds=moment.policy.revocation.age_without_next_update_seconds)
    until = item.next_update or item.this_update + age
    return item.this_update <= moment.time + skew and moment.time <= until + skew


def _speaks_of(certificate: CertificateFacts, item: RevocationFacts) -> bool:
    if item.this_update <= certificate.not_after:
        return True
    return item.archive_cutoff is not None and item.archive_cutoff <= certificate.not_after


def _trustworthy(item: RevocationFacts, moment: Moment) -> bool:
    existed_by = moment.proofs.of_evidence(item)
    newest = max(moment.proofs.at, item.had_at) + moment.policy.skew
    if max(item.this_update, item.produced_at) > newest:
        return False
    if any(judge_algorithm(item.algorithm, policy=moment.policy, existed_by=existed_by)):
        return False
    return _signer_valid(item, moment, existed_by)


def _signer_valid(item: RevocationFacts, moment: Moment, existed_by: datetime) -> bool:
    signer, skew = item.signer, moment.policy.skew
    if not signer.not_before - skew <= item.produced_at <= signer.not_after:
        return False
    if existed_by > signer.not_after:
        return False
    if item.signer_is_issuer:
        return True
    if any(judge_algorithm(signer.algorithm, policy=moment.policy, existed_by=existed_by)):
        return False
    if item.signer_needs_no_check:
        return True
    produced = Moment(item.produced_at, True, moment.policy, moment.proofs)  # noqa: FBT003  a field, named above
    return standing_at(signer, item.signer_revocations, produced).standing is Standing.GOOD
