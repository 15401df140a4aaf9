"""A form with what is known in its places; what is not known stays empty, and is counted.

Spec: Decree 68/2024/ND-CP, appendix; Decree 30/2020/ND-CP, Annex I (the parts of a document).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from pki.forms.form import PERSONAL, About, Column, Fill, Form, Section

Facts = Mapping[Fill, str]
NOTHING: Facts = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table before it is filled in."""

    of: About
    """A person's, an agency's, a service's."""
    facts: Facts = field(repr=False)


@dataclass(frozen=True, slots=True)
class Head:
    """What an administrative document has beside its content; None is left to be written."""

    agency: str
    """In whose name it goes out."""
    above: str | None = None
    """The agency above it, where that is named."""
    place: str | None = None
    day: date | None = None
    symbol: str | None = None
    """Number and symbol."""
    signer_title: str | None = None
    signer: Facts = field(default_factory=dict, repr=False)
    receiver: Facts = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """A word and what stands behind it; None is a place for the pen."""

    label: str
    text: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell, one under the other; None is a line for the pen."""

    texts: tuple[str | None, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Part:
    """A section with what is known in it."""

    section: Section
    title: str
    lines: tuple[tuple[Place, ...], ...]
    rows: tuple[tuple[Cell, ...], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Filled:
    """A form that can be written."""

    form: Form
    head: Head
    parts: tuple[Part, ...]
    blank: Mapping[Fill, int]
    """How many places of a kind are left for the pen."""
    hides: bool
    """Something personal that is known was left out."""


class _Filling:
    """Puts facts in places, and counts those that stay empty."""

    def __init__(self, *, unmasked: bool) -> None:
        self._unmasked = unmasked
        self.blank: Counter[Fill] = Counter()
        self.hides = False

    def text(self, fill: Fill, facts: Facts, *, optional: bool = False) -> str | None:
        """Return what goes into a place."""
        found = facts.get(fill)
        if found and fill in PERSONAL and not self._unmasked:
            found, self.hides = None, True
        if not found and not optional:
            self.blank[fill] += 1
        return found or None

    def cell(self, column: Column, line: Line) -> Cell:
        """Return a cell of a line."""
        other = column.of is not None and column.of is not line.of
        if other:
            return Cell(())
        texts = (self.text(each, line.facts, optional=column.optional) for each in column.fills)
        return Cell(tuple(texts))


def fill(form: Form, head: Head, lines: Sequence[Line], *, unmasked: bool) -> Filled:
    """Return a form with what is known.

    Args:
        form: which.
        head: of the document.
        lines: of its table, in their order.
        unmasked: whether personal numbers and addresses are written; else their places stay empty.
    """
    work = _Filling(unmasked=unmasked)
    sides = {"receiver": head.receiver, "signer": head.signer}
    numbered = [
        Line(line.of, {**line.facts, Fill.ROW: str(row)}) for row, line in enumerate(lines, 1)
    ]
    parts = []
    for number, section in enumerate(form.sections, 1):
        facts = sides.get(section.of or "", NOTHING)
        parts.append(
            Part(
                section=section,
                title=f"{number}. {section.title.format(count=f'{len(lines):02}')}",
                lines=tuple(
                    tuple(Place(slot.label, work.text(slot.fill, facts)) for slot in each)
                    for each in section.lines
                ),
                rows=tuple(
                    tuple(work.cell(column, line) for column in section.columns)
                    for line in (numbered if section.columns else ())
                ),
            )
        )
    return Filled(form, head, tuple(parts), dict(work.blank), work.hides)
