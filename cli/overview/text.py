"""The overview in the terminal, with bars of block elements."""

from __future__ import annotations

from cli.overview.numbers import TOP, Plot, plots
from cli.session import Session, table
from pki.watching.overview import SPANS, Overview

WIDTH = 30
_EIGHTHS = "▏▎▍▌▋▊▉█"


def overview_text(session: Session, overview: Overview) -> str:
    """Return the overview as text."""
    parts = [_plot(plot) for plot in plots(session, overview)]
    ending = [one for one in overview.units if one.ending[max(SPANS)]][:TOP]
    if ending:
        head = ("", *(session.word("cli.overview.days", days=span) for span in SPANS))
        rows = [(one.unit or "-", *(str(one.ending[span]) for span in SPANS)) for one in ending]
        parts.append(f"{session.word('cli.overview.ending.units')}\n{table([head, *rows])}")
    return "\n\n".join(parts) or session.word("cli.none")


def _plot(plot: Plot) -> str:
    rows = [(f"  {bar.label}", str(bar.value), bar_of(bar.value, plot.most)) for bar in plot.bars]
    return f"{plot.title}\n{table(rows)}"


def bar_of(value: int, most: int) -> str:
    """Return a bar as long as the value is large; what is not 0 is seen."""
    if value <= 0:
        return ""
    eighths = max(1, value * WIDTH * len(_EIGHTHS) // most)
    whole, rest = divmod(eighths, len(_EIGHTHS))
    return _EIGHTHS[-1] * whole + (_EIGHTHS[rest - 1] if rest else "")
