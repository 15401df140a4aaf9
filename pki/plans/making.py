"""The seam to whoever finds the lines of a plan: a file, a quarter, a merger, a department.

A maker is an iterator of items and faults, read once, never kept whole. It looks into registry and
register and writes nothing. What it proposes is judged again when it is written
(`pki.plans.lines`), and when it is carried out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pki.errors.tree import PKIError
from pki.records.plans import PlanItem, PlanKind
from pki.requests.concern import Registry


@dataclass(frozen=True, slots=True)
class PlanFault:
    """Something that cannot be planned, and why; it is listed, and never left out silently."""

    error: PKIError
    line: int | None = None
    """Of the file that was read, counted from 1; None where there is none."""
    about: str | None = None
    """Code of the person or agency, or serial, that it is about."""


Made = PlanItem | PlanFault


@dataclass(frozen=True, slots=True)
class Making:
    """What is to become a plan."""

    kind: PlanKind
    title: str
    """What people call it, without a name or number of a person in it; at most 200 letters."""
    made: Iterator[Made]
    annex: Mapping[str, object] = field(default_factory=dict)
    """What else the head says, and is approved with it: hashes, codes, days."""
    registry: Registry | None = None
    """By which whom the lines name is judged; None for the registry as it is."""
