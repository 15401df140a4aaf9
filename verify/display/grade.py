"""Grades a document by the display rules: who signed in which order, where, and what is seen.

Information beside the verdict: nothing here changes an indication. Graded are documents of public
bodies, which is told by a seal or by a certificate for official duty; others have no such rules.
What is not looked at: whether the person's image stands between title and name, which would need
the text of the pages, and what others drew over a signature (`verify.pdf.difference`).

Spec: Decree 30/2020/ND-CP Art. 13.7, 25, 32.2d, 33 and Annex I (not checked against the official
text).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from verify.display.checks import check_cover, check_image, check_place, check_words
from verify.display.due import is_due, signed_by_somebody
from verify.display.place import PageIndex
from verify.display.rules import DisplayRules, display_rules
from verify.display.seen import Seen, see
from verify.errors import MalformedObjectError, TooManySignaturesError
from verify.facts import Kind
from verify.finding import Finding, info
from verify.graded import Deviation, DisplayGrade, DisplayReport
from verify.pdf.document import OpenPDF
from verify.pdf.fields import find_signature_fields
from verify.policy import Policy
from verify.report import Report, SignatureReport

MOST = 50
"""So many signatures are looked at."""


def with_display(report: Report, pdf: OpenPDF, policy: Policy) -> Report:
    """Return the report with the grades of what is seen; as it is where no display rule applies.

    Args:
        report: the verdict on the document.
        pdf: the document.
        policy: with the limit on signatures.
    """
    if not is_due(report):
        return report
    signed = signed_by_somebody(report)
    return replace(report, display=_grade(signed, pdf, policy.limits.signatures))


def _grade(signed: tuple[SignatureReport, ...], pdf: OpenPDF, limit: int) -> DisplayReport:
    rules = display_rules()
    seen = list(_seen(signed[:MOST], pdf, limit))
    persons = [each for each in seen if each.item.kind is not Kind.SEAL]
    grades = tuple(
        DisplayGrade(
            field=each.item.field,
            kind=each.kind,
            article=rules.kinds[each.kind].article.words,
            spot=each.spot,
            deviations=tuple(_deviations(each, persons, rules)),
        )
        for each in seen
    )
    return DisplayReport(grades, left_out=max(0, len(signed) - MOST))


def _seen(signed: tuple[SignatureReport, ...], pdf: OpenPDF, limit: int) -> Iterator[Seen]:
    try:
        index = PageIndex(pdf)
        found = find_signature_fields(pdf, name=pdf.name, limit=limit)
    except (MalformedObjectError, TooManySignaturesError) as error:
        reason = str(error.facts.get("reason", error.code))
        yield from (Seen(item, unreadable=reason) for item in signed)
        return
    fields = {each.name: each.field for each in reversed(found)}
    for item in signed:
        yield see(item, fields.get(item.field), index)


def _deviations(seen: Seen, persons: list[Seen], rules: DisplayRules) -> Iterator[Deviation]:
    kind = rules.kinds[seen.kind]
    if seen.item.kind is Kind.SEAL and not kind.alone and not _after_a_person(seen, persons):
        yield Deviation(info("display.agency_before_person"), rules.order.article.words)
    for finding in _of_look(seen, persons, rules):
        yield Deviation(finding, kind.article.words)


def _after_a_person(seen: Seen, persons: list[Seen]) -> bool:
    return any(each.item.revision < seen.item.revision for each in persons)


def _of_look(seen: Seen, persons: list[Seen], rules: DisplayRules) -> Iterator[Finding]:
    kind = rules.kinds[seen.kind]
    if seen.unreadable is not None:
        yield info("display.unreadable", reason=seen.unreadable)
    elif seen.shown is None or not (seen.shown.images or seen.shown.texts):
        yield info("display.nothing_shown")
    else:
        visible = [each for each in persons if each.shown is not None]
        yield from check_image(seen, kind)
        yield from check_place(seen, kind, rules, only=len(visible) <= 1)
        yield from check_cover(seen, kind, visible)
        yield from check_words(seen, kind, rules)
