"""Whether signatures have a level, and what was there before still holds.

Spec: ETSI EN 319 142-1 §6.1.
"""

from __future__ import annotations

from signing.options import Level
from signing.verdict import LEVELS, STATUS_FINDINGS, is_broken, result_not_valid
from verify.facts import Kind
from verify.finding import Severity
from verify.indication import Indication, SubIndication
from verify.report import Report, SignatureReport, TimestampReport
from verify.rules.level import PADES


def check_kept(report: Report, *, before: Report) -> None:
    """Check that nothing which held before is broken now.

    Raises:
        ResultNotValidError: a signature is.
    """
    broken_before = {each.field for each in before.signatures if is_broken(each)}
    for each in report.signatures:
        if is_broken(each) and each.field not in broken_before:
            raise result_not_valid(each, Level.B_B)


def has_level(signature: SignatureReport, level: Level, report: Report) -> bool:
    """Say whether a valid signature has the level, or one above it.

    A signature that is not PAdES has no level: for it counts that a time-stamp over the document
    proves when it existed.
    """
    if signature.indication is not Indication.TOTAL_PASSED:
        return False
    if signature.sub_filter == PADES:
        return signature.level in LEVELS[LEVELS.index(level) :]
    return any(
        each.kind is Kind.TIMESTAMP
        and each.indication is Indication.TOTAL_PASSED
        and each.revision > signature.revision
        for each in report.signatures
    )


def is_proved(signature: SignatureReport, report: Report) -> bool:
    """Say whether a time-stamp tells when a signature existed, whatever else is open about it.

    One about whose service nothing can be had at the moment will do: another would lack the same.
    """
    inside = (each for each in signature.timestamps if not each.content)
    over = (
        each
        for each in report.signatures
        if each.kind is Kind.TIMESTAMP and each.revision > signature.revision
    )
    stamps: tuple[SignatureReport | TimestampReport, ...] = (*inside, *over)
    return any(
        each.indication is Indication.TOTAL_PASSED or each.sub_indication is SubIndication.TRY_LATER
        for each in stamps
    )


def all_have(report: Report, level: Level) -> bool:
    """Say whether a document has signatures, and all of them the level."""
    signatures = [each for each in report.signatures if each.kind is not Kind.TIMESTAMP]
    return bool(signatures) and all(has_level(each, level, report) for each in signatures)


def lowest_level(report: Report) -> str | None:
    """Return the lowest level of a document's PAdES signatures; None where one has none."""
    levels = [
        each.level
        for each in report.signatures
        if each.kind is not Kind.TIMESTAMP and each.sub_filter == PADES
    ]
    if not levels or None in levels:
        return None
    return min((Level(str(each)) for each in levels), key=LEVELS.index).value


def lacks_status_alone(signature: SignatureReport) -> bool:
    """Say whether nothing stands against a signature but a status that could not be had."""
    errors = {each.code for each in signature.findings if each.severity is Severity.ERROR}
    return signature.sub_indication is SubIndication.TRY_LATER and errors <= STATUS_FINDINGS
