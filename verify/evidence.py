"""Evidence about certificates: bytes as they were received, and when they were had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Item:
    """One certificate, CRL or OCSP response."""

    der: bytes
    had_at: datetime
    """When whoever hands it in had it: it existed by then."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is handed to a judgement beside the document."""

    certificates: tuple[Item, ...] = ()
    crls: tuple[Item, ...] = ()
    ocsp_responses: tuple[Item, ...] = ()

    def __add__(self, other: Evidence) -> Evidence:
        return Evidence(
            self.certificates + other.certificates,
            self.crls + other.crls,
            self.ocsp_responses + other.ocsp_responses,
        )

    def __len__(self) -> int:
        return len(self.certificates) + len(self.crls) + len(self.ocsp_responses)


NONE = Evidence()
"""Nothing beside the document."""
