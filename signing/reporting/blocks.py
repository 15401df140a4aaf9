"""What the PDF report says, block by block, in the order and the words of the HTML page.

Spec: Circular 15/2025/TT-BKHCN Art. 6 (what checking software shows).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pki.words import Language
from verify.graded import DisplayReport
from verify.render.display import show_display
from verify.render.timeline import Timeline, make_timeline
from verify.render.view import Line, Row, SignatureView, Speaker, reasons
from verify.report import Report


class Tag(StrEnum):
    """The standard structure type of a block (ISO 32000-1 §14.8.4)."""

    TITLE = "H1"
    HEADING = "H2"
    SUBHEADING = "H3"
    PARAGRAPH = "P"


class Tone(StrEnum):
    """What a colour may add to words that say the same."""

    PLAIN = "plain"
    SOFT = "soft"
    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph; with a label it is a row of two columns."""

    text: str
    tag: Tag = Tag.PARAGRAPH
    tone: Tone = Tone.PLAIN
    label: str = ""
    indent: int = 0


@dataclass(frozen=True, slots=True)
class Drawing:
    """The time line, and what it shows in words."""

    timeline: Timeline
    words: str


Content = Block | Drawing
_TONES = {"error": Tone.FAILED, "warning": Tone.UNKNOWN, "info": Tone.PLAIN}


def make_blocks(report: Report, language: Language) -> tuple[str, tuple[Content, ...]]:
    """Return the title of the report and all it says."""
    speaker = Speaker(language)
    state = speaker.state(report.indication, report.sub_indication)
    rows = speaker.document_rows(report)
    return f"{state.headline}: {rows[0].value}", (
        *_verdict(report, speaker),
        *(block for line in reasons(report, speaker) for block in _line(line, speaker)),
        *(
            block
            for item in report.signatures
            for block in _signature(speaker.signature(item), speaker)
        ),
        *_timeline(report, speaker),
        *_display(report.display, speaker),
        Block(speaker.labels["document"], Tag.HEADING),
        *_rows(rows),
    )


def _verdict(report: Report, speaker: Speaker) -> Iterator[Block]:
    state, labels = speaker.state(report.indication, report.sub_indication), speaker.labels
    yield Block(labels["title"], tone=Tone.SOFT)
    yield Block(state.headline, Tag.TITLE, Tone(state.code))
    yield Block(speaker.document_rows(report)[0].value)
    yield Block(speaker.sentence(report))
    if state.why:
        yield Block(f"{labels['why']}: {state.why}")
    yield Block(state.technical, tone=Tone.SOFT)


def _line(line: Line, speaker: Speaker) -> Iterator[Block]:
    yield Block(f"{line.word}: {line.message} [{line.code}]", tone=_TONES[line.severity], indent=1)
    if line.hint:
        yield Block(f"{speaker.labels['mend']}: {line.hint}", indent=2)


def _rows(rows: tuple[Row, ...]) -> Iterator[Block]:
    for row in rows:
        yield Block(row.value, label=row.label)


def _signature(item: SignatureView, speaker: Speaker) -> Iterator[Block]:
    labels = speaker.labels
    yield Block(f"{item.kind}: {item.who}", Tag.HEADING)
    why = f" — {item.state.why}" if item.state.why else ""
    yield Block(f"{item.state.headline}{why}", tone=Tone(item.state.code))
    yield from _rows(item.rows)
    for line in item.lines:
        yield from _line(line, speaker)
    yield Block(labels["details"], Tag.SUBHEADING)
    yield from _rows(item.details)
    if item.path:
        yield Block(labels["path"], Tag.SUBHEADING)
    for number, link in enumerate(item.path, 1):
        yield Block(f"{number}. {link.name} — {link.status}", indent=1)
        yield Block(
            f"{labels['issuer']}: {link.issuer} · {labels['period']}: {link.period}"
            f" · {labels['serial']}: {link.serial}",
            tone=Tone.SOFT,
            indent=2,
        )


def _display(display: DisplayReport | None, speaker: Speaker) -> Iterator[Block]:
    if display is None:
        return
    labels = speaker.labels
    yield Block(labels["display"], Tag.HEADING)
    yield Block(labels["display_information"], tone=Tone.SOFT)
    for view in show_display(display, speaker.language):
        yield Block(view.what, Tag.SUBHEADING)
        for line in view.lines or (f"{labels['display_conforms']} ({view.article})",):
            yield Block(line, indent=1)
    if display.left_out:
        yield Block(f"{labels['display_left_out']} {display.left_out}", tone=Tone.SOFT)


def _timeline(report: Report, speaker: Speaker) -> Iterator[Content]:
    timeline = make_timeline(report, speaker)
    if timeline is None:
        return
    labels = speaker.labels
    names = {"signed": labels["signing_time"], "stamped": labels["timestamp"]}
    told = [
        f"{names.get(mark.kind, labels['status'])} {mark.text} ({lane.name})"
        for lane in timeline.lanes
        for mark in lane.marks
    ]
    yield Block(labels["timeline"], Tag.HEADING)
    judged = f"{labels['judged']} {speaker.time(report.judged_at)}"
    yield Drawing(timeline, "; ".join((f"{timeline.first} – {timeline.last}", *told, judged)))
