"""Raises what was signed already: time-stamps, evidence, archive time-stamps; ours and others'.

1. what is in the document is judged, with the network;
2. signatures that nothing proves to have existed are time-stamped: the last one in its own CMS
   where there is room, all others by a document time-stamp;
3. evidence that the judgement had to fetch is embedded (missing issuers too);
4. an archive time-stamp goes over all of it;
5. the result is judged; only what holds is returned. What was there stays in front to the byte,
   but for the padding that a signature-time-stamp of step 2 fills.

Spec: ETSI EN 319 142-1 §6.3; ETSI EN 319 102-1 §5.
"""

from __future__ import annotations

import os
from datetime import timedelta
from io import BytesIO
from typing import BinaryIO

from pki.errors.tree import PKIError
from signing.errors.documents import ExistingSignatureBrokenError
from signing.errors.times import (
    EvidenceUnavailableError,
    NothingToExtendError,
    NotProvableError,
    TSANotNamedError,
)
from signing.evidence import lag_of, links_of
from signing.extending import Work, accepted_digest
from signing.extension import ExtendedDocument, Extension, Step
from signing.inplace import Place, find_place, stamp_in_place
from signing.lapse import lapse_of
from signing.options import Level
from signing.reached import (
    check_kept,
    has_level,
    is_proved,
    lacks_status_alone,
    lowest_level,
)
from signing.services import SigningServices
from signing.verdict import is_broken, result_not_valid
from verify.content import shown
from verify.facts import Kind
from verify.finding import Severity
from verify.indication import Indication
from verify.report import Report, SignatureReport
from verify.rules.level import PADES
from verify.rules.revocation import Standing

UNPROVED = (Standing.MISSING, Standing.STALE)


def extend_document(
    data: bytes, *, wish: Extension, services: SigningServices, name: str = "document.pdf"
) -> ExtendedDocument:
    """Return the document raised as far as `wish` says; see `extend_in`.

    Raises:
        PKIError: see `extend_in`.
    """
    return extend_in(BytesIO(data), wish=wish, services=services, name=name)


def extend_in(
    document: BinaryIO, *, wish: Extension, services: SigningServices, name: str
) -> ExtendedDocument:
    """Raise a document where it is, as far as `wish` says.

    Args:
        document: a PDF document, in memory or in a file that is nobody else's; where this raises,
            it is what it was.
        wish: what it shall become.
        services: time, network, trust, policy, time-stamp services.
        name: what to call the document in messages.

    Raises:
        InvalidInputError: it is no document that can be appended to.
        ExistingSignatureBrokenError: a signature in it does not hold.
        NothingToExtendError: there is no signature in it, and a level was asked for.
        NotProvableError: a signature is not valid, so no evidence can prove it.
        TSANotNamedError: no time-stamp service is known.
        ResultNotValidError: what came about does not hold.
        UnavailableError: the time-stamp services, or the evidence, are not there.
    """
    timestamper = services.timestamper(wish.tsa_url)
    if timestamper is None:
        raise TSANotNamedError(level=wish.level.value if wish.level else "-")
    work = Work(document, wish, services, timestamper, name)
    size = document.seek(0, os.SEEK_END)
    try:
        return _extend(work)
    except PKIError:
        work.undo(size)
        raise


def _extend(work: Work) -> ExtendedDocument:
    wish = work.wish
    if wish.due_within is not None:
        # A thousand documents that are not due ask nobody.
        alone = work.look_alone()
        _refuse_broken(alone)
        if not _is_due(work, wish.due_within):
            return _untouched(work, alone)
    before = work.look()
    _refuse_broken(before)
    if wish.level is None:
        work.stamp(Step.DOCUMENT_TIMESTAMP)
    else:
        _raise_level(work, wish.level)
    return _finish(work, before)


def _refuse_broken(report: Report) -> None:
    for each in report.signatures:
        if is_broken(each):
            raise ExistingSignatureBrokenError(field=each.field)


def _untouched(work: Work, report: Report) -> ExtendedDocument:
    level = lowest_level(report)
    lapse = lapse_of(report, work.services.policy)
    return ExtendedDocument(work.data, (), level, level, report, lapse, due=False)


def _is_due(work: Work, within: timedelta) -> bool:
    services = work.services
    lapse = lapse_of(work.report, services.policy)
    return lapse is not None and lapse.at - services.clock.now() <= within


def _raise_level(work: Work, level: Level) -> None:
    signatures = _signatures(work.report)
    if not signatures:
        raise NothingToExtendError(name=work.name)
    renew = work.wish.due_within is not None and level is Level.B_LTA
    if not renew and all(has_level(each, level, work.report) for each in signatures):
        return
    for each in signatures:
        _check_provable(each, services_may_be_down=True)
    unproved = [each for each in signatures if not is_proved(each, work.report)]
    if unproved:
        _prove_existence(work, unproved)
        work.look()
    if not level.needs_evidence:
        return
    _wait_for_responders(work)
    for each in _signatures(work.report):
        _check_provable(each, services_may_be_down=False)
    if len(work.evidence):
        work.embed()
    if level is Level.B_LTA:
        work.stamp(Step.ARCHIVE_TIMESTAMP)


def _prove_existence(work: Work, unproved: list[SignatureReport]) -> None:
    """Time-stamp the one signature that is last in its CMS; else the document."""
    place = _place_of(work, unproved[0]) if len(unproved) == 1 else None
    digest = accepted_digest(work.services.policy)
    if place is not None and stamp_in_place(
        work.document, place, work.timestamper, digest_name=digest
    ):
        work.stamped = place
        work.steps.append(Step.SIGNATURE_TIMESTAMP)
    else:
        work.stamp(Step.DOCUMENT_TIMESTAMP)


def _place_of(work: Work, signature: SignatureReport) -> Place | None:
    if signature.sub_filter != PADES:
        return None
    limits, password = work.services.policy.limits, work.services.password
    with shown(work.document) as data:
        return find_place(data, signature.field, limits=limits, password=password)


def _wait_for_responders(work: Work) -> None:
    """Ask once more where evidence is older than the time-stamp by no more than clocks may be."""
    policy = work.services.policy
    lag = max(lag_of(each, policy) for each in _signatures(work.report))
    if timedelta(0) < lag <= policy.skew:
        work.services.pause(lag.total_seconds() + 1)
        work.look()


def _check_provable(signature: SignatureReport, *, services_may_be_down: bool) -> None:
    """Check that a signature is valid, or that nothing but a status is missing.

    Raises:
        EvidenceUnavailableError: a status is missing, and that matters.
        NotProvableError: anything else is wrong with it.
    """
    if signature.indication is Indication.TOTAL_PASSED:
        return
    if lacks_status_alone(signature):
        if services_may_be_down:
            return
        lacking = [each for each in links_of(signature) if each.standing in UNPROVED]
        first = lacking[0] if lacking else signature.path[0]
        reason = first.standing.value if first.standing else ""
        raise EvidenceUnavailableError(subject=first.name, reason=reason)
    sub = signature.sub_indication
    raise NotProvableError(
        field=signature.field,
        indication=sub.value if sub else signature.indication.value,
        findings=tuple(each.code for each in signature.findings if each.severity is Severity.ERROR),
    )


def _finish(work: Work, before: Report) -> ExtendedDocument:
    level, services = work.wish.level, work.services
    report = before
    if work.steps:
        report = work.look()
        if level is not None and level.needs_evidence:
            if len(work.evidence):  # a service of several units answered with a new certificate
                work.add_evidence()
            report = work.look_alone()
        check_kept(report, before=before)
        _check_reached(work, before)
    return ExtendedDocument(
        data=work.data,
        steps=tuple(work.steps),
        before=lowest_level(before),
        level=lowest_level(report),
        report=report,
        lapse=lapse_of(report, services.policy),
    )


def _check_reached(work: Work, before: Report) -> None:
    """Check that every signature has the level, or that the one new time-stamp holds.

    Where the level embeds no evidence, what lacks a certificate's status alone is taken too: the
    service of that status may be down, and the time-stamp is needed all the same.

    Raises:
        ResultNotValidError: one has not.
    """
    level, report = work.wish.level, work.report
    strict = level is not None and level.needs_evidence
    new = {each.field for each in report.signatures} - {each.field for each in before.signatures}
    for each in report.signatures:
        if not strict and lacks_status_alone(each):
            continue
        is_stamp = each.kind is Kind.TIMESTAMP
        if is_stamp and each.field in new and each.indication is not Indication.TOTAL_PASSED:
            raise result_not_valid(each, level or Level.B_T)
        if not is_stamp and level is not None and not has_level(each, level, report):
            raise result_not_valid(each, level)


def _signatures(report: Report) -> list[SignatureReport]:
    return [each for each in report.signatures if each.kind is not Kind.TIMESTAMP]
