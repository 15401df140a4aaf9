"""Judges a path at one moment: usages, validity, status, algorithms.

1. it ends in a trust anchor,
2. RFC 5280 and the purpose allow each certificate in its place,
3. none was revoked,
4. each was within its validity,
5. each but the anchor is proved not revoked,
6. the algorithms were good enough.
The first that fails names the sub-indication; all that fail are findings.

Spec: EN 319 102-1 §5.2.6 (X.509 certificate validation); RFC 5280 §6.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from verify.facts import CertificateFacts, ChainFacts
from verify.finding import Finding, error
from verify.indication import SubIndication
from verify.rules.algorithms import judge_algorithm
from verify.rules.revocation import Moment, Standing, StandingAt, standing_at

PURPOSE = "purpose."
"""Codes of defects that come from the certificate's purpose, not from RFC 5280."""

Problem = tuple[SubIndication, Finding]


@dataclass(frozen=True, slots=True)
class ChainJudgement:
    """What was judged of a path."""

    sub_indication: SubIndication | None
    findings: tuple[Finding, ...]
    standings: tuple[StandingAt | None, ...]
    """For each certificate what is known; None for the anchor."""
    wanting: tuple[str, ...] = ()
    """Fingerprints of certificates about which evidence or an issuer is missing."""
    revoked_at: datetime | None = None
    """When the end entity was revoked, if that is why it failed."""


def judge_chain(chain: ChainFacts, moment: Moment) -> ChainJudgement:
    """Return what is to be said of a path at `moment`."""
    standings = tuple(
        None if certificate.trusted else standing_at(certificate, evidence, at)
        for certificate, evidence, at in zip(
            chain.certificates, chain.revocations, _moments(chain, moment), strict=True
        )
    )
    problems = list(_problems(chain, standings, moment))
    return ChainJudgement(
        sub_indication=problems[0][0] if problems else None,
        findings=tuple(finding for _, finding in problems),
        standings=standings,
        wanting=tuple(_wanting(chain, standings)),
        revoked_at=_revoked_at(standings),
    )


def _moments(chain: ChainFacts, moment: Moment) -> list[Moment]:
    return [replace(moment, authority=index > 0) for index in range(len(chain.certificates))]


def _problems(
    chain: ChainFacts, standings: tuple[StandingAt | None, ...], moment: Moment
) -> Iterator[Problem]:
    if not chain.trusted:
        last = chain.certificates[-1]
        yield (
            SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
            error("chain.no_path", certificate=last.name, issuer=last.issuer),
        )
    yield from _defects(chain)
    yield from _revoked(chain, standings)
    for index, certificate in enumerate(chain.certificates):
        yield from _validity(certificate, standings[index], chain, moment, leaf=index == 0)
    if chain.trusted:
        yield from _unknown(chain, standings, moment)
    yield from _weak(chain, moment)


def _defects(chain: ChainFacts) -> Iterator[Problem]:
    found = [defect for certificate in chain.certificates for defect in certificate.defects]
    for defect in sorted(found, key=lambda item: item.code.startswith(PURPOSE)):
        if defect.code.startswith(PURPOSE):
            yield SubIndication.CHAIN_CONSTRAINTS_FAILURE, defect
        else:
            yield SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, defect


def _revoked(chain: ChainFacts, standings: tuple[StandingAt | None, ...]) -> Iterator[Problem]:
    for index, (certificate, at) in enumerate(zip(chain.certificates, standings, strict=True)):
        if at is None or at.standing is not Standing.REVOKED or at.revoked_at is None:
            continue
        sub = SubIndication.REVOKED_CA_NO_POE if index else SubIndication.REVOKED_NO_POE
        yield (
            sub,
            error(
                "chain.revoked_authority" if index else "chain.revoked",
                certificate=certificate.name,
                revoked_at=at.revoked_at,
            ),
        )


def _validity(
    certificate: CertificateFacts,
    standing: StandingAt | None,
    chain: ChainFacts,
    moment: Moment,
    *,
    leaf: bool,
) -> Iterator[Problem]:
    if moment.time < certificate.not_before:
        sub = SubIndication.NOT_YET_VALID if leaf else SubIndication.OUT_OF_BOUNDS_NO_POE
        yield sub, not_valid_at(certificate, moment.time)
    elif moment.time > certificate.not_after:
        known_good = leaf and standing is not None and _was_good(certificate, chain, moment)
        sub = (
            SubIndication.OUT_OF_BOUNDS_NOT_REVOKED
            if known_good
            else SubIndication.OUT_OF_BOUNDS_NO_POE
        )
        yield sub, not_valid_at(certificate, moment.time)


def not_valid_at(certificate: CertificateFacts, time: datetime) -> Finding:
    """Return that a certificate is not valid yet, or not any more, at `time`."""
    early = time < certificate.not_before
    return error(
        "chain.not_yet_valid" if early else "chain.expired",
        certificate=certificate.name,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        time=time,
    )


def _was_good(certificate: CertificateFacts, chain: ChainFacts, moment: Moment) -> bool:
    """Say whether it is known not to have been revoked by the end of its validity."""
    end = replace(moment, time=certificate.not_after, current_is_enough=True)
    return standing_at(certificate, chain.revocations[0], end).standing is Standing.GOOD


def _unknown(
    chain: ChainFacts, standings: tuple[StandingAt | None, ...], moment: Moment
) -> Iterator[Problem]:
    missing = SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE
    if moment.policy.revocation.missing_can_come:
        missing = SubIndication.TRY_LATER
    for certificate, at in zip(chain.certificates, standings, strict=True):
        if at is None:
            continue
        if at.standing is Standing.MISSING:
            found = error("revocation.none", certificate=certificate.name)
            yield missing, found
        elif at.standing is Standing.STALE and at.evidence is not None:
            found = error(
                "revocation.stale",
                certificate=certificate.name,
                issued=at.evidence.this_update,
            )
            yield SubIndication.TRY_LATER, found


def _weak(chain: ChainFacts, moment: Moment) -> Iterator[Problem]:
    for certificate in chain.certificates:
        if certificate.trusted:
            continue  # its own signature is not relied on; its key is judged with what it signed
        for weakness in judge_algorithm(
            certificate.algorithm, policy=moment.policy, existed_by=moment.time
        ):
            yield weakness.sub_indication, weakness.finding


def _wanting(chain: ChainFacts, standings: tuple[StandingAt | None, ...]) -> Iterator[str]:
    for index, (certificate, at) in enumerate(zip(chain.certificates, standings, strict=True)):
        incomplete = not chain.trusted and index == len(standings) - 1
        unknown = at is not None and at.standing in {Standing.MISSING, Standing.STALE}
        if incomplete or unknown:
            yield certificate.fingerprint


def _revoked_at(standings: tuple[StandingAt | None, ...]) -> datetime | None:
    first = standings[0]
    if first is None or first.standing is not Standing.REVOKED:
        return None
    return first.revoked_at
