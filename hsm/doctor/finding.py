"""One thing worth telling about the machine's tokens: a code and typed facts, no sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pki.errors.tree import Fact


class Severity(StrEnum):
    """How much a finding weighs, the heaviest first."""

    ERROR = "error"
    """Something does not work until it is mended."""
    WARNING = "warning"
    """It works, and may not for long, or not as meant."""
    INFO = "info"
    """It only explains."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found; the sentence is `code`, what to do about it `<code>.hint`."""

    severity: Severity
    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


def error(code: str, **facts: Fact) -> Finding:
    """Return a finding about what does not work."""
    return Finding(Severity.ERROR, code, facts)


def warning(code: str, **facts: Fact) -> Finding:
    """Return a finding about what may soon not work."""
    return Finding(Severity.WARNING, code, facts)


def info(code: str, **facts: Fact) -> Finding:
    """Return a finding that explains."""
    return Finding(Severity.INFO, code, facts)
