"""One thing worth telling about a document: a code and typed facts, no sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pki.errors.tree import Fact


class Severity(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found; the sentence is made at render time from `code` and `facts`."""

    severity: Severity
    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


def error(code: str, **facts: Fact) -> Finding:
    """Return a finding that stands in the way of TOTAL-PASSED."""
    return Finding(Severity.ERROR, code, facts)


def warning(code: str, **facts: Fact) -> Finding:
    """Return a finding the reader should weigh."""
    return Finding(Severity.WARNING, code, facts)


def info(code: str, **facts: Fact) -> Finding:
    """Return a finding that only explains."""
    return Finding(Severity.INFO, code, facts)
