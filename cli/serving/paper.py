"""The report on paper for the service: judging processes load what writes it when one is wanted."""

from __future__ import annotations

from pki.words import Language
from verify.report import Report


def write_paper(report: Report, language: Language) -> bytes:
    """Return the report as a PDF.

    Raises:
        FontMissingError: no font here has Vietnamese letters.
    """
    from signing.reporting.pdf import render_pdf

    return render_pdf(report, language)
