"""What a copy is made of, and whether it may be: judged before anything is copied.

1. paper: the file is a scan that nobody has signed; nothing can be judged, the agency vouches;
2. every signature in the document holds, and nothing was added after the last;
3. a competent person has signed, in a prepared document in the leader's field, and an agency
   after that: an original;
4. a full copy or an extract is made of the original, a copy's copy of a full copy alone.

A signature that cannot be decided is not valid. Where nothing but a certificate's status is
wanting, a person may take the document all the same; the copy says so for good.

Spec: Decree 30/2020/ND-CP Art. 3.8, 3.10 to 3.12, 5.1, 25 (not checked against the official text).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from signing.errors.copying import (
    CopyOfCopyError,
    CopyOfOriginalError,
    CopyPaperSignedError,
    CopySourceChangedError,
    CopySourceInvalidError,
    CopySourceKindError,
    CopySourceUndecidedError,
    CopySourceUnsignedError,
    CopyWithoutPersonError,
    CopyWithoutSealError,
)
from signing.outgoing.form import LEADER, find_form
from signing.services import SigningServices
from signing.verdict import is_broken, lacks_status_alone
from verify.collect import Collector, verify_opened_online
from verify.evidence import NONE, Evidence
from verify.facts import Changes, Kind
from verify.finding import Severity
from verify.indication import Indication
from verify.pdf.copied import CopyKind, CopyRecord, SourceForm, read_copy_record
from verify.pdf.document import OpenPDF
from verify.pdf.fields import find_signature_fields
from verify.report import Report, SignatureReport

DEFINITIONS = {
    CopyKind.SAO_Y: "Decree 30/2020/ND-CP Art. 3.10",
    CopyKind.SAO_LUC: "Decree 30/2020/ND-CP Art. 3.11",
    CopyKind.TRICH_SAO: "Decree 30/2020/ND-CP Art. 3.12",
}
COMPETENT_PERSON = "Decree 30/2020/ND-CP Art. 3.8"
TWO_SIGNATURES = "Decree 30/2020/ND-CP Art. 5.1"


@dataclass(frozen=True, slots=True)
class JudgedSource:
    """A document that may be copied."""

    form: SourceForm
    told: str
    """`found` in the document, or `said` by whoever copies."""
    report: Report | None = None
    """The verdict; None of paper."""
    evidence: Evidence = NONE
    """What was had beside the document."""
    undecided: tuple[str, ...] = ()
    """Fields whose certificate's status could not be asked for, and which were taken so."""


def judge_source(
    pdf: OpenPDF,
    kind: CopyKind,
    said: SourceForm | None,
    *,
    services: SigningServices,
    accept_unknown: bool,
) -> JudgedSource:
    """Return the verdict on a document of which a copy of this kind may be made.

    Args:
        pdf: the document.
        kind: of the copy.
        said: what the document is, as whoever copies says; what it tells itself goes first.
        services: network, trust and policy.
        accept_unknown: take a signature too where nothing but a certificate's status is wanting.

    Raises:
        CopyPaperSignedError: it is said to be a scan, and is signed.
        CopySourceUnsignedError: it has no signature.
        CopySourceInvalidError: a signature in it is not valid.
        CopySourceUndecidedError: whether one is valid cannot be told.
        CopySourceChangedError: something was added after the last signature.
        CopyWithoutPersonError: no competent person has signed.
        CopyWithoutSealError: no agency has, after that person.
        CopyOfCopyError: it is a copy, and this kind is not made of it.
        CopyOfOriginalError: it is no copy, and this kind is made of copies.
        CopySourceKindError: nothing tells that it is a copy.
        InvalidInputError: it cannot be judged.
    """
    if said is SourceForm.PAPER:
        limit = services.policy.limits.signatures
        for field in find_signature_fields(pdf, name=pdf.name, limit=limit):
            raise CopyPaperSignedError(field=field.name)
        return JudgedSource(SourceForm.PAPER, "said")
    collector = Collector(services.fetcher, services.clock)
    report = verify_opened_online(
        pdf, policy=services.policy, trust=services.trust, collector=collector
    )
    undecided = tuple(_undecided(report, accept=accept_unknown))
    form, told = _form(read_copy_record(pdf), said, report.signatures, kind)
    _check_complete(report.signatures, form)
    prepared = find_form(pdf) if form is SourceForm.ORIGINAL else None
    if prepared is not None and not prepared.is_filled(LEADER):  # initials do not stand for it
        raise CopyWithoutPersonError(article=COMPETENT_PERSON)
    return JudgedSource(form, told, report, collector.evidence, undecided)


def _undecided(report: Report, *, accept: bool) -> Iterator[str]:
    """Yield the fields that lack a certificate's status alone, where that is accepted.

    Raises:
        PKIError: a signature does not hold, or there is none.
    """
    if all(each.kind is Kind.TIMESTAMP for each in report.signatures):
        raise CopySourceUnsignedError(article=TWO_SIGNATURES)
    for each in report.signatures:
        if is_broken(each):
            raise CopySourceInvalidError(**_why(each))
        if each.indication is Indication.TOTAL_PASSED:
            continue
        if not (accept and lacks_status_alone(each)):
            raise CopySourceUndecidedError(**_why(each))
        yield each.field


def _why(signature: SignatureReport) -> dict[str, str | tuple[str, ...]]:
    codes = [each.code for each in signature.findings if each.severity is Severity.ERROR]
    sub = signature.sub_indication
    found = tuple(dict.fromkeys(codes)) or (
        (sub.value,) if sub else (signature.changes_after.value,)
    )
    return {"field": signature.field, "findings": found, "article": TWO_SIGNATURES}


def _form(
    record: CopyRecord | None,
    said: SourceForm | None,
    signatures: tuple[SignatureReport, ...],
    kind: CopyKind,
) -> tuple[SourceForm, str]:
    """Return what the document is, and by whose word.

    Raises:
        CopyOfCopyError, CopyOfOriginalError, CopySourceKindError: it is not what the kind needs.
    """
    article = DEFINITIONS[kind]
    if kind is not CopyKind.SAO_LUC:
        if record is not None or said is SourceForm.COPY:
            raise CopyOfCopyError(article=article)
        return SourceForm.ORIGINAL, "found"
    if record is not None:
        if record.kind is not CopyKind.SAO_Y:
            raise CopyOfCopyError(article=article)
        return SourceForm.COPY, "found"
    persons, seals = _of_kind(signatures, Kind.SIGNATURE), _of_kind(signatures, Kind.SEAL)
    if said is SourceForm.ORIGINAL or (persons and len(seals) < 2):
        raise CopyOfOriginalError(article=article)
    if said is not SourceForm.COPY:
        raise CopySourceKindError(article=article)
    return SourceForm.COPY, "said"


def _check_complete(signatures: tuple[SignatureReport, ...], form: SourceForm) -> None:
    persons, seals = _of_kind(signatures, Kind.SIGNATURE), _of_kind(signatures, Kind.SEAL)
    first = 0
    if form is SourceForm.ORIGINAL:
        if not persons:
            raise CopyWithoutPersonError(article=COMPETENT_PERSON)
        first = min(each.revision for each in persons)
    if not any(each.revision > first for each in seals):
        raise CopyWithoutSealError(article=TWO_SIGNATURES)
    last = max((*persons, *seals), key=lambda each: each.revision)
    if last.changes_after is not Changes.NONE:
        raise CopySourceChangedError(field=last.field, changes=last.changes_after.value)


def _of_kind(signatures: tuple[SignatureReport, ...], kind: Kind) -> tuple[SignatureReport, ...]:
    return tuple(each for each in signatures if each.kind is kind)
