"""Proofs of existence: by when something is known to have existed.

A time-stamp of a document proves everything in the revisions it covers; a time-stamp inside a
signature, or an evidence record, proves what it names.

Spec: EN 319 102-1 §5.6.2.3 (POE extraction).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from verify.facts import RevocationFacts


@dataclass(frozen=True, slots=True)
class ProofsOfExistence:
    """What valid time-stamps prove, beside the moment of judging."""

    at: datetime
    """The moment of judging: everything before us exists by now."""
    proofs: tuple[tuple[int, datetime], ...] = ()
    """Revision that a time-stamp covers, and its time."""
    named: tuple[tuple[frozenset[str], datetime], ...] = ()
    """Identities that a time-stamp covers, and its time."""

    def with_proof(self, revision: int, time: datetime) -> ProofsOfExistence:
        """Return these proofs and one more, of a revision."""
        return replace(self, proofs=(*self.proofs, (revision, time)))

    def with_named(self, identities: Iterable[str], time: datetime) -> ProofsOfExistence:
        """Return these proofs and one more, of what has these identities."""
        return replace(self, named=(*self.named, (frozenset(identities), time)))

    def of_revision(self, revision: int, *, within: int = 0) -> datetime:
        """Return by when `revision` existed.

        Args:
            revision: what is asked about.
            within: 1 when only time-stamps of later revisions count.
        """
        return min(
            (time for covered, time in self.proofs if covered >= revision + within),
            default=self.at,
        )

    def covers(self, revision: int) -> bool:
        """Say whether a time-stamp proves that `revision` existed, whatever its time."""
        return any(covered >= revision for covered, _ in self.proofs)

    def times_of(self, identity: str | None) -> tuple[datetime, ...]:
        """Return all times by which `identity` is proved to have existed, now among them."""
        return (self.at, *(time for covered, time in self.named if identity in covered))

    def of_identity(self, identity: str | None) -> datetime:
        """Return by when `identity` existed."""
        return min(self.times_of(identity))

    def of_evidence(self, evidence: RevocationFacts) -> datetime:
        """Return by when a piece of evidence existed."""
        if evidence.identity is not None:
            return self.of_identity(evidence.identity)
        if evidence.revision is None:
            return evidence.had_at
        return self.of_revision(evidence.revision)
