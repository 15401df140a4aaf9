"""The report as one HTML page that needs nothing else: to read, to print, to keep.

Templates escape everything; what comes from the document was made harmless before.
"""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from pki.words import Language
from verify.render.display import show_display
from verify.render.timeline import make_timeline
from verify.render.view import Speaker, reasons
from verify.report import Report


def render_html(report: Report, language: Language = Language.VI) -> str:
    """Return the report as a self-contained page: no script, nothing loaded from elsewhere."""
    speaker = Speaker(language)
    return (
        _environment()
        .get_template("report.html")
        .render(
            language=language.value,
            labels=speaker.labels,
            report=report,
            state=speaker.state(report.indication, report.sub_indication),
            sentence=speaker.sentence(report),
            reasons=reasons(report, speaker),
            document=speaker.document_rows(report),
            signatures=[speaker.signature(item) for item in report.signatures],
            timeline=make_timeline(report, speaker),
            display=show_display(report.display, language) if report.display else (),
            left_out=report.display.left_out if report.display else 0,
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("verify.render", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
