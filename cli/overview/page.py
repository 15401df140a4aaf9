"""The overview as one HTML page that needs nothing else: to read, to print, to hand on.

The template escapes everything; names of units come from certificates, and are made harmless.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from cli.overview.numbers import Plot, plots
from cli.session import Session
from pki.watching.overview import SPANS, Overview
from pki.words import harmless, show

WIDTH, LABEL, HEIGHT, GAP = 640, 220, 18, 6
"""Of a plot, of the room for its labels, of a bar and between two of them; in SVG's units."""
_LETTERS = 34
"""Of a label, that it stays in its room; the whole of it is in the bar's title."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One bar where it is drawn."""

    label: str
    short: str
    value: int
    y: int
    width: float


def overview_page(session: Session, overview: Overview) -> str:
    """Return the page: no script, nothing loaded from elsewhere."""
    drawn = [(plot.title, _draw(plot), _tall(plot)) for plot in plots(session, overview)]
    return (
        _environment()
        .get_template("overview.html")
        .render(
            language=session.language.value,
            word=session.word,
            at=show(overview.at, session.language),
            plots=drawn,
            width=WIDTH,
            start=LABEL,
            bar=HEIGHT,
            spans=SPANS,
            units=[(harmless(one.unit) or "-", one) for one in overview.units],
            all_units=session.word("cli.overview.all_units"),
        )
    )


def _draw(plot: Plot) -> tuple[Drawn, ...]:
    room = WIDTH - LABEL - 70
    return tuple(
        Drawn(
            label=harmless(bar.label),
            short=_short(harmless(bar.label)),
            value=bar.value,
            y=number * (HEIGHT + GAP),
            width=max(round(room * bar.value / plot.most, 1), 0.0),
        )
        for number, bar in enumerate(plot.bars)
    )


def _tall(plot: Plot) -> int:
    return len(plot.bars) * (HEIGHT + GAP)


def _short(label: str) -> str:
    return label if len(label) <= _LETTERS else f"{label[: _LETTERS - 1]}…"


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("cli.overview", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
