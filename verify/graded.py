"""How a document meets the display rules: data, beside the verdict and never part of it."""

from __future__ import annotations

from dataclasses import dataclass

from pki.errors.tree import Bilingual
from verify.finding import Finding


@dataclass(frozen=True, slots=True)
class Deviation:
    """One thing that is not as the rules have it."""

    finding: Finding
    article: Bilingual


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something is seen, in millimetres from the top left corner of the page."""

    page: int
    """1 is the first."""
    left_mm: float
    top_mm: float
    width_mm: float
    height_mm: float


@dataclass(frozen=True, slots=True)
class DisplayGrade:
    """What one signature shows, held against its rule."""

    field: str
    kind: str
    """`person`, `agency`, `annex`, `copy`, `digitised`, `archive-copy`."""
    article: Bilingual
    spot: Spot | None
    """None where nothing is seen of it, or it cannot be read."""
    deviations: tuple[Deviation, ...] = ()


@dataclass(frozen=True, slots=True)
class DisplayReport:
    """The grades of a document, in the order of its signatures."""

    grades: tuple[DisplayGrade, ...]
    left_out: int = 0
    """Signatures beyond those that are looked at."""

    @property
    def conforms(self) -> bool:
        """Say whether nothing was found, and nothing left out."""
        return not self.left_out and not any(each.deviations for each in self.grades)
