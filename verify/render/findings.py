"""One finding as JSON, for each part of a report that has some."""

from __future__ import annotations

from typing import Any

from pki.words import Language, knows, say
from verify.finding import Finding


def finding_to_json(finding: Finding, language: Language) -> dict[str, Any]:
    """Return a finding with its sentence in that language, and what would mend it."""
    hint = f"{finding.code}.hint"
    shown: dict[str, Any] = {
        "severity": finding.severity.value,
        "code": finding.code,
        "message": say(finding.code, finding.facts, language),
    }
    if knows(hint, language):
        shown["hint"] = say(hint, finding.facts, language)
    return shown
