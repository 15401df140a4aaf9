"""Whether the display rules say anything about a document."""

from __future__ import annotations

from verify.facts import Kind
from verify.report import Report, SignatureReport


def signed_by_somebody(report: Report) -> tuple[SignatureReport, ...]:
    """Return the signatures and seals of a document."""
    return tuple(each for each in report.signatures if each.kind is not Kind.TIMESTAMP)


def is_due(report: Report) -> bool:
    """Say whether a public body signed: there is a seal, or a certificate for official duty."""
    return any(each.kind is Kind.SEAL or each.for_duty for each in signed_by_somebody(report))
