"""What all places together say of revocations: revoked anywhere is revoked.

Of several claims about one serial the earliest date stays and the gravest reason; a hold gives
way to every revocation. Nothing a place says is dropped, and where places differ it is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from pki.errors.tree import phrase
from pki.importing.material import Claim, Finding, Known
from pki.lint.target import Severity
from pki.records.certificates import RevocationRecord, serial_text

GRAVITY = {
    reason: rank
    for rank, reason in enumerate(
        (
            x509.ReasonFlags.certificate_hold,
            x509.ReasonFlags.unspecified,
            x509.ReasonFlags.superseded,
            x509.ReasonFlags.cessation_of_operation,
            x509.ReasonFlags.affiliation_changed,
            x509.ReasonFlags.privilege_withdrawn,
            x509.ReasonFlags.aa_compromise,
            x509.ReasonFlags.ca_compromise,
            x509.ReasonFlags.key_compromise,
        )
    )
}
"""Higher is graver."""
_SHOWN = 4
"""Places named for one serial."""


@dataclass(frozen=True, slots=True)
class Union:
    """One revocation for each serial that any place calls revoked, in order of serials."""

    revocations: tuple[RevocationRecord, ...]
    findings: tuple[Finding, ...]


def unite(
    issuer: str,
    indexed: Iterable[Claim],
    listed: Iterable[Claim],
    *,
    known: Iterable[Known],
    now: datetime,
) -> Union:
    """Join the claims of indexes and of lists.

    Args:
        issuer: short name of the authority.
        indexed: what indexes and databases say.
        listed: what revocation lists say.
        known: what indexes say is not revoked.
        now: no revocation may lie after it; one that does is taken to be of now.
    """
    by_serial: dict[int, list[Claim]] = defaultdict(list)
    sides: tuple[set[int], set[int]] = (set(), set())
    for side, claims in zip(sides, (indexed, listed), strict=True):
        for claim in claims:
            by_serial[claim.serial].append(claim)
            side.add(claim.serial)
    good = {one.serial: one.place for one in known}
    findings: list[Finding] = []
    for serial in sorted(by_serial):
        claims = by_serial[serial]
        findings += _contradictions(claims, now)
        if serial in good:
            words = phrase("pki.importing.listed_not_indexed", serial=serial_text(serial))
            findings.append(Finding(Severity.WARNING, good[serial], words))
    findings += _unlisted(by_serial, sides)
    merged = tuple(_merge(issuer, by_serial[serial], now) for serial in sorted(by_serial))
    return Union(merged, tuple(findings))


def _merge(issuer: str, claims: list[Claim], now: datetime) -> RevocationRecord:
    gravest = max(claims, key=lambda claim: GRAVITY[claim.reason])
    since = [claim.invalidity_date for claim in claims if claim.invalidity_date is not None]
    return RevocationRecord(
        issuer,
        gravest.serial,
        gravest.reason,
        min(now, *(claim.at for claim in claims)),
        min(since, default=None),
    )


def _contradictions(claims: list[Claim], now: datetime) -> Iterator[Finding]:
    if len({(claim.at, claim.reason) for claim in claims}) > 1:
        # Every place is told once, in the order in which it was read.
        places = tuple(dict.fromkeys(claim.place for claim in claims))[:_SHOWN]
        words = phrase(
            "pki.importing.revocations_differ", serial=serial_text(claims[0].serial), places=places
        )
        yield Finding(Severity.WARNING, places[0], words)
    for claim in claims:
        if claim.at > now:
            words = phrase(
                "pki.importing.revoked_ahead", serial=serial_text(claim.serial), at=claim.at
            )
            yield Finding(Severity.WARNING, claim.place, words)


def _unlisted(
    by_serial: dict[int, list[Claim]], sides: tuple[set[int], set[int]]
) -> Iterator[Finding]:
    indexed, listed = sides
    if not (indexed and listed):
        return
    for serial in sorted(indexed - listed):
        words = phrase("pki.importing.indexed_not_listed", serial=serial_text(serial))
        yield Finding(Severity.WARNING, by_serial[serial][0].place, words)
