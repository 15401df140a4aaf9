"""Writes number and date into a prepared document: after the leader, before the agency's seal.

1. the document has the fields, they are empty, and no signature locks them;
2. the agency has not signed; the leader has, and every signature that is there holds;
3. the fields are filled in one incremental update;
4. the result is judged: every signature holds as it did, and only forms were filled.

Spec: Decree 30/2020/ND-CP Art. 14, Art. 15 (not checked against the official text).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from io import BytesIO

from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.stamp.noop import NoOpStampStyle

from signing.display.placement import read_box, read_geometry
from signing.document import FieldPlan, append_to, check_unlocked, hostile_document
from signing.encryption import check_permitted
from signing.errors.documents import (
    DocumentLockedError,
    ExistingSignatureBrokenError,
    ResultNotValidError,
)
from signing.errors.outgoing import (
    DateDiffersError,
    NotPreparedError,
    NumberAfterSealError,
    NumberedAlreadyError,
    NumberLockedError,
    PersonNotSignedYetError,
)
from signing.objects import entry
from signing.outgoing.form import AGENCY, DATE, DATE_PARTS, LEADER, NUMBER, PreparedForm, find_form
from signing.outgoing.standing import check_person
from signing.outgoing.text_field import fill_text_field
from signing.outgoing.words import date_words, number_words, whole_date
from signing.services import SigningServices
from signing.verdict import is_broken
from verify.collect import Collector, verify_opened_online
from verify.document import verify_opened
from verify.facts import Changes
from verify.pdf.document import OpenPDF, open_pdf
from verify.pdf.fields import find_signature_fields
from verify.report import Report


@dataclass(frozen=True, slots=True)
class Numbering:
    """What is written into the document."""

    number: str
    date: date
    without_leader: bool = False
    """Number a document that the leader has not signed yet."""
    require_status: bool = False
    """Refuse where a certificate's status cannot be had."""


@dataclass(frozen=True, slots=True)
class NumberedDocument:
    """A document with number and date, whose signatures hold."""

    data: bytes
    values: dict[str, str]
    """By field, as they are written."""
    report: Report


def number_document(
    data: bytes, wish: Numbering, *, services: SigningServices, name: str = "document.pdf"
) -> NumberedDocument:
    """Return the document with its number and date; `data` is kept to the byte in front.

    Raises:
        NotPreparedError: it has no such fields.
        NumberAfterSealError: the agency has signed.
        NumberedAlreadyError: number or date is filled in.
        NumberLockedError: a signature locks the fields.
        NumberMalformedError, DateDiffersError, ValueTooWideError: the value is not for the field.
        PersonNotSignedYetError: the leader has not signed, and that was not allowed.
        PersonSignatureInvalidError: the leader's signature does not hold.
        ExistingSignatureBrokenError: another one does not.
        ResultNotValidError: filling would break a signature.
        FillingForbiddenError: it is encrypted, and its author does not permit filling in.
        InvalidInputError: it is no document that can be written to.
    """
    limits = services.policy.limits
    reopen = partial(open_pdf, name=name, limits=limits, password=services.password)
    pdf = reopen(data)
    form = _fillable(pdf, name, limits.signatures)
    check_permitted(pdf.access, name=name, creates=False)
    with hostile_document():
        values = dict(_values(form, wish))
    collector = Collector(services.fetcher, services.clock)
    before = verify_opened_online(
        reopen(data), policy=services.policy, trust=services.trust, collector=collector
    )
    _check_leader(before, wish)
    result = _fill(pdf, form, values)
    report = verify_opened(
        reopen(result),
        policy=services.policy,
        trust=services.trust,
        at=services.clock.now(),
        evidence=collector.evidence,
    )
    _check_kept(before, report)
    return NumberedDocument(result, values, report)


def _fillable(pdf: OpenPDF, name: str, limit: int) -> PreparedForm:
    """Return the form of a document that may be numbered now."""
    form = find_form(pdf)
    if form is None or NUMBER not in form.fields or not form.texts[1:]:
        raise NotPreparedError
    if form.is_filled(AGENCY):
        raise NumberAfterSealError(field=AGENCY)
    signed = find_signature_fields(pdf, name=name, limit=limit)
    for text in form.texts:
        printed = text.startswith(f"{DATE}.") and not _is_seen(form.fields[text])
        if form.is_filled(text) and not printed:
            raise NumberedAlreadyError(field=text)
        try:
            check_unlocked(signed, FieldPlan(text, None, NoOpStampStyle()))
        except DocumentLockedError as error:
            raise NumberLockedError(field=text, by=error.facts["field"]) from error
    return form


def _is_seen(field: DictionaryObject) -> bool:
    left, bottom, right, top = read_box(entry(field, "/Rect")) or (0.0, 0.0, 0.0, 0.0)
    return right > left and top > bottom


def _values(form: PreparedForm, wish: Numbering) -> Iterator[tuple[str, str]]:
    """Yield what goes into each field that is empty."""
    symbol_printed = entry(form.fields[NUMBER], "/MaxLen") is not None
    yield NUMBER, number_words(wish.number, symbol_printed=symbol_printed)
    if DATE in form.fields:
        yield DATE, whole_date(wish.date)
        return
    for part, words in zip(DATE_PARTS, date_words(wish.date), strict=True):
        name = f"{DATE}.{part}"
        field = form.fields.get(name)
        if field is None:
            raise NotPreparedError
        if form.is_filled(name):
            printed = str(entry(field, "/V"))
            if not printed.isdecimal() or int(printed) != int(words):
                raise DateDiffersError(printed=printed[:10], date=wish.date.isoformat())
            continue
        limit: object = entry(field, "/MaxLen")
        yield name, words[-2:] if limit == 2 else words


def _check_leader(before: Report, wish: Numbering) -> None:
    leader = [each for each in before.signatures if each.field == LEADER]
    if not leader and not wish.without_leader:
        raise PersonNotSignedYetError(field=LEADER)
    for signature in leader:
        check_person(signature, tolerate_unknown=not wish.require_status)
    for signature in before.signatures:
        if is_broken(signature):
            raise ExistingSignatureBrokenError(field=signature.field)


def _fill(pdf: OpenPDF, form: PreparedForm, values: dict[str, str]) -> bytes:
    # The fields were read through the same reader that the writer appends to.
    writer = append_to(pdf)
    with hostile_document():
        for name, value in values.items():
            reference = form.fields[name].container_ref
            field = writer.get_object(reference)
            page = entry(field, "/P")
            geometry = read_geometry(
                page if isinstance(page, DictionaryObject) else DictionaryObject()
            )
            fill_text_field(writer, field, value, geometry)
        output = BytesIO()
        writer.write(output)
    return output.getvalue()


def _check_kept(before: Report, after: Report) -> None:
    """Check that every signature holds as it did.

    Raises:
        ResultNotValidError: one does not, or something else than a form was changed.
    """
    verdicts = {each.field: each.indication for each in before.signatures}
    for each in after.signatures:
        same = each.indication is verdicts.pop(each.field, None)
        if not same or each.changes_after not in (Changes.NONE, Changes.FORM_FILLING):
            found = tuple(one.code for one in each.findings)
            raise ResultNotValidError(
                field=each.field,
                indication=each.indication.value,
                level=str(each.level),
                findings=found,
            )
