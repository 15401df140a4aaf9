"""What a document shall become, and what it became: the words of raising.

Spec: ETSI EN 319 142-1 §6.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from signing.lapse import Lapse
from signing.options import Level
from verify.report import Report


class Step(StrEnum):
    """One thing that was added."""

    SIGNATURE_TIMESTAMP = "signature-timestamp"
    DOCUMENT_TIMESTAMP = "document-timestamp"
    EVIDENCE = "evidence"
    ARCHIVE_TIMESTAMP = "archive-timestamp"


@dataclass(frozen=True, slots=True)
class Extension:
    """What a document shall become."""

    level: Level | None = Level.B_LTA
    """What every signature shall have; None adds a document time-stamp and nothing else."""
    due_within: timedelta | None = None
    """Only if what it holds lapses within so long; then it gets an archive time-stamp although
    it has one. None raises every document that lacks the level."""
    tsa_url: str | None = None
    """The one time-stamp service to ask; None asks those of `SigningServices`."""


@dataclass(frozen=True, slots=True)
class ExtendedDocument:
    """A document after extension, found to hold."""

    data: bytes
    """Empty where it was raised in a file."""
    steps: tuple[Step, ...]
    """What was added, in this order; nothing where all was there."""
    before: str | None
    level: str | None
    """The lowest level of its PAdES signatures, before and now; None without such a signature."""
    report: Report
    """The verdict on `data`, as of now."""
    lapse: Lapse | None
    """When what it holds can no longer be proved."""
    due: bool = True
    """False where `due_within` left it alone: then the verdict is one without the network."""
