"""Where things stand on the time line: numbers for an SVG, no drawing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from verify.render.view import Speaker
from verify.report import Report, SignatureReport, SignerReport

WIDTH = 640
MARGIN = 12
ROW = 52


@dataclass(frozen=True, slots=True)
class Mark:
    """One moment on the line."""

    x: float
    kind: str
    """`signed`, `stamped` or `revoked`."""
    text: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One signature: when its certificate was valid, and what happened when."""

    y: int
    name: str
    start: float
    width: float
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """All lanes on one scale."""

    width: int
    height: int
    now: float
    first: str
    last: str
    lanes: tuple[Lane, ...]


def make_timeline(report: Report, speaker: Speaker) -> Timeline | None:
    """Return the time line of a report, None when no certificate was read."""
    shown = [(item, item.signer) for item in report.signatures if item.signer is not None]
    if not shown:
        return None
    moments = [moment for item, signer in shown for moment in _moments(item, signer)]
    first, last = min([*moments, report.judged_at]), max([*moments, report.judged_at])
    span = max(last - first, timedelta(seconds=1))

    def place(moment: datetime) -> float:
        return round(MARGIN + (WIDTH - 2 * MARGIN) * ((moment - first) / span), 1)

    lanes = []
    for index, (item, signer) in enumerate(shown):
        start, end = place(signer.not_before), place(signer.not_after)
        marks = tuple(
            Mark(place(moment), kind, speaker.time(moment)) for kind, moment in _marks(item)
        )
        name = speaker.signature(item).who
        lanes.append(Lane(24 + index * ROW, name, start, round(end - start, 1), marks))
    return Timeline(
        WIDTH, 24 + len(lanes) * ROW + 24, place(report.judged_at),
        speaker.time(first), speaker.time(last), tuple(lanes),
    )  # fmt: skip


def _moments(item: SignatureReport, signer: SignerReport) -> Iterator[datetime]:
    yield signer.not_before
    yield signer.not_after
    for _, moment in _marks(item):
        yield moment


def _marks(item: SignatureReport) -> Iterator[tuple[str, datetime]]:
    if item.claimed_signing_time is not None:
        yield "signed", item.claimed_signing_time
    for stamp in item.timestamps:
        if stamp.time is not None:
            yield "stamped", stamp.time
    if item.kind.value == "timestamp" and item.best_signature_time is not None:
        yield "stamped", item.best_signature_time
    for link in item.path[:1]:
        if link.revoked_at is not None:
            yield "revoked", link.revoked_at
