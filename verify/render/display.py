"""The grades by the display rules, as JSON and in words.

Spec: Decree 30/2020/ND-CP Annex I (not checked against the official text).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pki.errors.tree import Fact
from pki.words import Language, harmless, say, show
from verify.graded import Deviation, DisplayGrade, DisplayReport, Spot
from verify.render.findings import finding_to_json


@dataclass(frozen=True, slots=True)
class GradeView:
    """One grade in words."""

    what: str
    """Which signature, as which kind, and where."""
    article: str
    lines: tuple[str, ...]
    """A sentence for each deviation, with its article; none where none was found."""


def display_to_json(display: DisplayReport | None, language: Language) -> dict[str, Any] | None:
    """Return the grades as JSON; None where no display rule applies."""
    if display is None:
        return None
    return {
        "conforms": display.conforms,
        "left_out": display.left_out,
        "signatures": [_grade(each, language) for each in display.grades],
    }


def show_display(display: DisplayReport, language: Language) -> tuple[GradeView, ...]:
    """Return the grades in words."""
    return tuple(
        GradeView(
            what=_what(each, language),
            article=show(each.article, language),
            lines=tuple(_line(deviation, language) for deviation in each.deviations),
        )
        for each in display.grades
    )


def _grade(grade: DisplayGrade, language: Language) -> dict[str, Any]:
    return {
        "field": harmless(grade.field),
        "kind": grade.kind,
        "article": {"vi": grade.article.vi, "en": grade.article.en},
        "place": _spot(grade.spot),
        "deviations": [
            {
                **finding_to_json(each.finding, language),
                "article": {"vi": each.article.vi, "en": each.article.en},
            }
            for each in grade.deviations
        ],
    }


def _spot(spot: Spot | None) -> dict[str, Any] | None:
    if spot is None:
        return None
    return {
        "page": spot.page,
        "left_mm": round(spot.left_mm, 1),
        "top_mm": round(spot.top_mm, 1),
        "width_mm": round(spot.width_mm, 1),
        "height_mm": round(spot.height_mm, 1),
    }


def _what(grade: DisplayGrade, language: Language) -> str:
    kind = say(f"display.kind.{grade.kind}", {}, language)
    if grade.spot is None:
        return f"{kind} ({harmless(grade.field)})"
    facts: dict[str, Fact] = {
        "page": grade.spot.page,
        "left": f"{grade.spot.left_mm:.0f}",
        "top": f"{grade.spot.top_mm:.0f}",
    }
    return f"{kind} ({harmless(grade.field)}; {say('display.place', facts, language)})"


def _line(deviation: Deviation, language: Language) -> str:
    sentence = say(deviation.finding.code, deviation.finding.facts, language)
    return f"{sentence} ({show(deviation.article, language)})"
