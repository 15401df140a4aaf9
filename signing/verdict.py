"""What is in the document already, and whether what was just made holds: `verify` is asked both.

Spec: ETSI EN 319 102-1 §5 (through `verify.document`).
"""

from __future__ import annotations

from dataclasses import dataclass

from signing.errors.documents import (
    ExistingSignatureBrokenError,
    ResultNotValidError,
    WouldBreakError,
)
from signing.evidence import find_signature
from signing.options import Form, Level
from signing.services import SigningServices
from verify.content import Content
from verify.document import verify_opened
from verify.evidence import NONE, Evidence
from verify.facts import Changes
from verify.finding import Severity
from verify.indication import Indication, SubIndication
from verify.pdf.appearance import find_replaced
from verify.pdf.changes import review_changes
from verify.pdf.document import OpenPDF
from verify.pdf.fields import find_signature_fields
from verify.policy import Limits
from verify.report import Report, SignatureReport
from verify.revocation.gather import Gatherers

LEVELS = tuple(Level)

STATUS_FINDINGS = frozenset({"revocation.none", "revocation.stale"})


def judge_before(pdf: OpenPDF, *, services: SigningServices, allow_broken: bool) -> Report:
    """Return the verdict on the document as it came, without any network.

    Raises:
        ExistingSignatureBrokenError: a signature in it is TOTAL-FAILED or the document was
            changed against it, and `allow_broken` is false.
        TooManySignaturesError: there are more than the policy allows.
    """
    report = _judge(pdf, services)
    if not allow_broken:
        for each in report.signatures:
            if is_broken(each):
                raise ExistingSignatureBrokenError(field=each.field)
    return report


def check_kept(pdf: OpenPDF, prepared: Content, *, before: Report, limits: Limits) -> None:
    """Check that what lacks nothing but its CMS leaves the signatures before it whole.

    Asked before the key is opened. In some documents whatever is added counts as a change against
    what was signed: references that lead nowhere, objects that cannot be compared.

    Args:
        pdf: the document as it came. It learns how its revisions and the new one differ, which
            is in bytes that the new signature covers.
        prepared: with field, look and room for the CMS.
        before: the verdict on `pdf`.
        limits: of the policy.

    Raises:
        WouldBreakError: a signature that is there would not survive one more.
    """
    whole = {each.field: each.revision - 1 for each in before.signatures if not is_broken(each)}
    if not whole:
        return
    grown = pdf.grown(prepared, limits=limits)
    for field in find_signature_fields(grown, name=pdf.name, limit=limits.signatures + 1):
        revision = whole.get(field.name)
        if revision is None:
            continue
        review = review_changes(grown, field, revision=revision)
        found = (*review.violations, *find_replaced(grown, revision))
        if found:
            codes = tuple(each.code for each in found)
            raise WouldBreakError(name=pdf.name, field=field.name, findings=codes)
    pdf.learn_from(grown)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a new signature must turn out to be."""

    field: str
    level: Level
    tolerate_unknown: bool = False
    """Take it too when it lacks a certificate's status alone; the signer was warned."""
    evidence: Evidence = NONE
    """About the signer, where the level embeds none."""
    form: Form = Form.PADES
    """Levels are PAdES's own; another form must be valid, and stamped where that was asked."""


def judge_after(
    pdf: OpenPDF,
    expected: Expected,
    *,
    before: Report,
    services: SigningServices,
    gatherers: Gatherers | None = None,
) -> Report:
    """Return the verdict on the document as it was made.

    Args:
        pdf: the signed document.
        expected: what the new signature must be.
        before: the verdict on the document as it came.
        services: time, trust and policy.
        gatherers: what is known of the same certificates from other documents.

    Raises:
        ResultNotValidError: the new signature does not hold, is not of that level, or breaks one
            that was there before.
    """
    report = _judge(pdf, services, evidence=expected.evidence, gatherers=gatherers)
    new = find_signature(report, expected.field)
    enough = expected.tolerate_unknown and lacks_status_alone(new)
    if not (enough or _holds(new, expected)):
        raise result_not_valid(new, expected.level)
    broken_before = {each.field for each in before.signatures if is_broken(each)}
    for each in report.signatures:
        if is_broken(each) and each.field not in broken_before:
            raise result_not_valid(each, expected.level)
    return report


def _holds(new: SignatureReport, expected: Expected) -> bool:
    level = expected.level
    return (
        new.indication is Indication.TOTAL_PASSED
        and _has_level(new, expected)
        and (new.covers_whole_document or level.needs_evidence)
    )


def _has_level(new: SignatureReport, expected: Expected) -> bool:
    level = expected.level
    if expected.form is Form.PADES:
        return new.level in LEVELS[LEVELS.index(level) :]
    stamped = any(each.indication is Indication.TOTAL_PASSED for each in new.timestamps)
    return new.sub_filter == f"/{expected.form}" and (stamped or not level.needs_timestamp)


def lacks_status_alone(new: SignatureReport) -> bool:
    """Say whether nothing but the status of a certificate is wanting."""
    errors = {each.code for each in new.findings if each.severity is Severity.ERROR}
    return new.sub_indication is SubIndication.TRY_LATER and errors <= STATUS_FINDINGS


def is_broken(signature: SignatureReport) -> bool:
    """Say whether a signature failed for good, or the document was changed against it."""
    return (
        signature.indication is Indication.TOTAL_FAILED
        or signature.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
        or signature.changes_after is Changes.OTHER
    )


def _judge(
    pdf: OpenPDF,
    services: SigningServices,
    *,
    evidence: Evidence = NONE,
    gatherers: Gatherers | None = None,
) -> Report:
    return verify_opened(
        pdf,
        policy=services.policy,
        trust=services.trust,
        at=services.clock.now(),
        evidence=evidence,
        gatherers=gatherers,
    )


def result_not_valid(signature: SignatureReport, level: Level) -> ResultNotValidError:
    """Return the error that says what is wrong with what was made."""
    why = [each.code for each in signature.findings if each.severity is Severity.ERROR]
    sub = signature.sub_indication
    return ResultNotValidError(
        field=signature.field,
        indication=signature.indication.value,
        level=level.value,
        findings=tuple(why) or ((sub.value,) if sub else (str(signature.level),)),
    )
