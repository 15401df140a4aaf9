"""The overview's numbers as objects and rows, and the bars they are drawn as."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cli.session import Session
from pki.watching.overview import SPANS, STATUSES, Overview, UnitCounts

TOP = 15
"""Units that are shown to people, the largest."""
KINDS = ("issue", "hold", "release", "revoke", "upgrade")


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a plot."""

    label: str
    value: int


@dataclass(frozen=True, slots=True)
class Plot:
    """Bars that are compared with each other."""

    title: str
    bars: tuple[Bar, ...]

    @property
    def most(self) -> int:
        """The largest value, at least 1."""
        return max((bar.value for bar in self.bars), default=0) or 1


def overview_object(overview: Overview) -> dict[str, Any]:
    """Return the overview as JSON tells it."""
    return {
        "at": overview.at.isoformat(),
        "own": overview.own,
        "foreign": overview.foreign,
        "ending": {"own": _spans(overview.own_ending), "foreign": _spans(overview.foreign_ending)},
        "units": [_unit(one) for one in overview.units],
        "devices": _devices(overview),
        "open_requests": _requests(overview),
        "cases": overview.cases,
        "months": overview.months,
    }


def overview_rows(overview: Overview) -> Iterator[tuple[str, ...]]:
    """Yield what the CSV has: section, name, what is counted, how many."""
    sides = {
        "own": (overview.own, overview.own_ending),
        "foreign": (overview.foreign, overview.foreign_ending),
    }
    for section, (told, ending) in sides.items():
        yield from _rows(section, "", {**told, **_named(ending)})
    for unit in overview.units:
        counts = _unit(unit)
        yield from _rows("unit", str(counts.pop("unit")), counts)
    yield from _rows("devices", "", _devices(overview))
    yield from _rows("open_requests", "", _requests(overview))
    for section, months in (("cases", overview.cases), ("months", overview.months)):
        for month, kinds in months.items():
            yield from _rows(section, month, kinds)


def _rows(section: str, name: str, told: dict[str, int]) -> Iterator[tuple[str, ...]]:
    for what, number in told.items():
        yield section, name, what, str(number)


def _requests(overview: Overview) -> dict[str, int]:
    return {str(kind): number for kind, number in sorted(overview.open_requests.items())}


def _devices(overview: Overview) -> dict[str, int]:
    return {str(state): number for state, number in sorted(overview.devices.items())}


def _named(ending: dict[int, int]) -> dict[str, int]:
    return {f"ending_{span}": number for span, number in ending.items()}


def plots(session: Session, overview: Overview) -> tuple[Plot, ...]:
    """Return what is drawn; a plot without a number is left out."""
    word = session.word
    units = overview.units[:TOP]
    made = [
        Plot(word(f"cli.overview.{side}"), _bars(session, "status", counts, STATUSES))
        for side, counts in (("own", overview.own), ("foreign", overview.foreign))
    ]
    for side, ending in (("own", overview.own_ending), ("foreign", overview.foreign_ending)):
        bars = tuple(Bar(word("cli.overview.days", days=span), ending[span]) for span in SPANS)
        made.append(Plot(word(f"cli.overview.ending.{side}"), bars))
    made.append(
        Plot(
            word("cli.overview.units", count=TOP),
            tuple(Bar(one.unit or "-", one.own + one.foreign) for one in units),
        )
    )
    devices = _devices(overview)
    made.append(
        Plot(word("cli.overview.devices"), _bars(session, "device", devices, tuple(devices)))
    )
    waiting = _requests(overview)
    made.append(
        Plot(word("cli.overview.waiting"), _bars(session, "request", waiting, tuple(waiting)))
    )
    cases = tuple(Bar(month, sum(told.values())) for month, told in overview.cases.items())
    made.append(Plot(word("cli.overview.cases"), cases))
    for kind in KINDS:
        bars = tuple(Bar(month, told.get(kind, 0)) for month, told in overview.months.items())
        made.append(Plot(word(f"cli.overview.month.{kind}"), bars))
    return tuple(plot for plot in made if any(bar.value for bar in plot.bars))


def _bars(
    session: Session, kind: str, told: dict[str, int], names: tuple[str, ...]
) -> tuple[Bar, ...]:
    return tuple(
        Bar(session.word(f"cli.overview.{kind}.{name}"), told[name]) for name in names if told[name]
    )


def _spans(ending: dict[int, int]) -> dict[str, int]:
    return {str(span): number for span, number in ending.items()}


def _unit(one: UnitCounts) -> dict[str, Any]:
    return {
        "unit": one.unit,
        "own": one.own,
        "foreign": one.foreign,
        "revoked": one.revoked,
        **_named(one.ending),
    }
