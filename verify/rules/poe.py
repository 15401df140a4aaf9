"""Proofs of existence: by when which revision of the document is known to have existed.

Spec: EN 319 102-1 §5.6.2.3 (POE extraction).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from verify.facts import RevocationFacts


@dataclass(frozen=True, slots=True)
class ProofsOfExistence:
    """What valid document time-stamps prove, beside the moment of judging."""

    at: datetime
    """The moment of judging: everything before us exists by now."""
    proofs: tuple[tuple[int, datetime], ...] = ()
    """Revision that a time-stamp covers, and its time."""

    def with_proof(self, revision: int, time: datetime) -> ProofsOfExistence:
        """Return these proofs and one more."""
        return ProofsOfExistence(self.at, (*self.proofs, (revision, time)))

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

    def of_evidence(self, evidence: RevocationFacts) -> datetime:
        """Return by when a piece of evidence existed."""
        if evidence.revision is None:
            return evidence.had_at
        return self.of_revision(evidence.revision)
