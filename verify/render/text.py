"""The report for a terminal: the verdict first, then each signature, plain characters only."""

from __future__ import annotations

from collections.abc import Iterator

from pki.words import Language, harmless
from verify.graded import DisplayReport
from verify.render.display import show_display
from verify.render.view import Line, Row, SignatureView, Speaker, reasons
from verify.report import Report


def render_text(report: Report, language: Language = Language.VI) -> str:
    """Return the report as text of several lines, with no control characters of the document."""
    return "\n".join(_lines(report, Speaker(language))) + "\n"


def _lines(report: Report, speaker: Speaker) -> Iterator[str]:
    state = speaker.state(report.indication, report.sub_indication)
    yield f"{state.mark} {state.headline}  {harmless(report.name)}  [{state.technical}]"
    yield f"  {speaker.sentence(report)}"
    if state.why:
        yield f"  {state.why}"
    for line in reasons(report, speaker):
        yield from _finding(line, "  ")
    for item in report.signatures:
        yield ""
        yield from _signature(speaker.signature(item))
    if report.display is not None:
        yield ""
        yield from _display(report.display, speaker)
    yield ""
    yield from _table(speaker.document_rows(report), "")


def _display(display: DisplayReport, speaker: Speaker) -> Iterator[str]:
    yield speaker.labels["display"]
    yield f"  {speaker.labels['display_information']}"
    for view in show_display(display, speaker.language):
        yield f"  - {view.what}"
        for line in view.lines or (f"{speaker.labels['display_conforms']} ({view.article})",):
            yield f"      {line}"
    if display.left_out:
        yield f"  {speaker.labels['display_left_out']} {display.left_out}"


def _signature(view: SignatureView) -> Iterator[str]:
    state = view.state
    yield f"{state.mark} {view.kind}: {view.who}  {state.headline} [{state.technical}]"
    yield from _table(view.rows, "    ")
    for line in view.lines:
        yield from _finding(line, "    ")


def _finding(line: Line, margin: str) -> Iterator[str]:
    yield f"{margin}- {line.word}: {line.message} [{line.code}]"
    if line.hint:
        yield f"{margin}  → {line.hint}"


def _table(rows: tuple[Row, ...], margin: str) -> Iterator[str]:
    width = max((len(row.label) for row in rows), default=0)
    for row in rows:
        yield f"{margin}{row.label:<{width}}  {row.value}"
