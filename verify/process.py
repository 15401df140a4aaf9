"""The validation process: facts, a policy and a moment in; indications and reasons out.

A pure function: no file, no network, no clock. In the order of the standard:

1. time-stamps from the newest (§5.4, §5.6.2.4): each is judged now, and where that leaves
   something open, in the past, by what later valid ones prove; a valid one proves that what it
   covers existed by then (§5.6.2.3),
2. for each signature format, digest, value, changes after it, attributes (§5.2.2, §5.2.7, §5.2.8),
3. its path now (§5.2.6); what a content time-stamp shows to have been made after revocation or
   expiry has failed for good (§5.3.4),
4. what that left open, at the best signature time: the earliest valid time-stamp (§5.5.4),
5. what is open still, in the past: time of control, proofs of existence (§5.6.2),
6. the rule of law that was in force on the day of the best signature time (§5.2.8).

Where the policy asks (`proved_at_signing`), nothing passes besides that is not proved good at the
best signature time itself, and that is looked at first.

Spec: ETSI EN 319 102-1 §5.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from verify.facts import (
    DocumentFacts,
    IntegrityFacts,
    Kind,
    SignatureFacts,
    TimestampFacts,
)
from verify.finding import Finding, Severity, error, info, warning
from verify.indication import Indication, SubIndication
from verify.judgement import Judgement, TimestampJudgement, Verdict
from verify.policy import Level as Weight
from verify.policy import Policy, Use
from verify.rules.case import Case
from verify.rules.chain import ChainJudgement, judge_chain
from verify.rules.course import Times, judge_signature
from verify.rules.gate import chain_problems, weaknesses
from verify.rules.law import judge_lawful
from verify.rules.level import PADES, Archived, Level, find_level
from verify.rules.poe import ProofsOfExistence
from verify.rules.revocation import Moment
from verify.rules.stamp import IMPRINT_DIFFERS, extract_proofs, judge_stamp
from verify.rules.token import Problem, judge_token


def judge_document(facts: DocumentFacts, *, policy: Policy, at: datetime) -> Verdict:
    """Judge all signatures of a document as of `at`."""
    proofs, valid_now = extract_proofs(facts, policy, at), ProofsOfExistence(at)
    judged: dict[int, Judgement] = {}
    order = sorted(
        enumerate(facts.signatures), key=lambda item: item[1].integrity.revision, reverse=True
    )
    for index, item in order:
        if item.is_timestamp:
            judged[index], now = _judge_document_timestamp(item, policy, proofs)
            if judged[index].passed and item.gen_time is not None:
                proofs = proofs.with_proof(item.integrity.revision, item.gen_time)
                if not now:
                    valid_now = valid_now.with_proof(item.integrity.revision, item.gen_time)
    for index, item in order:
        if not item.is_timestamp:
            judged[index] = _judge_signature(item, policy, proofs, valid_now)
    judgements = tuple(judged[index] for index in range(len(facts.signatures)))
    return _sum_up(judgements, facts.findings)


def _judge_document_timestamp(
    facts: SignatureFacts, policy: Policy, proofs: ProofsOfExistence
) -> tuple[Judgement, list[Problem]]:
    """Return the judgement, and what stands against it at the moment of judging alone."""
    identity = facts.token.identity
    control = min(
        proofs.of_revision(facts.integrity.revision, within=1), proofs.of_identity(identity)
    )
    stamp = judge_stamp(
        TimestampFacts(facts.token, facts.gen_time),
        Case(policy, proofs, control, Use.TIMESTAMP, named=identity is not None),
        differs=_signed_bytes_differ(facts.integrity),
    )
    problems = _with_integrity(stamp.problems, facts.integrity)
    judgement = Judgement(
        facts=facts,
        indication=_indication(problems),
        sub_indication=problems[0][0] if problems else None,
        findings=(*(finding for _, finding in problems), *facts.integrity.notes),
        best_signature_time=facts.gen_time,
        chain=stamp.chain,
        level=Level(None, None),
    )
    return judgement, stamp.now


def _judge_signature(
    facts: SignatureFacts,
    policy: Policy,
    proofs: ProofsOfExistence,
    valid_now: ProofsOfExistence,
) -> Judgement:
    revision, identity = facts.integrity.revision, facts.token.identity
    existed_by = min(proofs.of_revision(revision), proofs.of_identity(identity))
    case = Case(policy, proofs, existed_by, Use.SIGNATURE, named=identity is not None)
    timestamps = (
        *(_judge_timestamp(item, case) for item in facts.timestamps),
        *(_judge_timestamp(item, case, content=True) for item in facts.content_timestamps),
    )
    times = [item.facts.gen_time for item in timestamps if item.passed and not item.content]
    best = min([existed_by, *(time for time in times if time is not None)])
    # Its time may lie a moment ahead of this machine's clock, and proves existence all the same.
    proved = bool(times) or proofs.covers(revision)
    moment = Moment(best, current_is_enough=not proved, policy=policy, proofs=proofs)
    found, problems, chain = _gate(facts, moment, timestamps)
    if not problems:
        times_ = _times(facts, timestamps, best, valid_now, material=proofs.covers(revision))
        problems = judge_signature(facts.token, found, times_, case)
    lawful = judge_lawful(facts, policy, best, proved=proved)
    if lawful is not None:
        problems = [*problems, *lawful.problems]
    return Judgement(
        facts=facts,
        indication=_indication(problems),
        sub_indication=problems[0][0] if problems else None,
        findings=(
            *(finding for _, finding in problems),
            *_unusable(timestamps),
            *_notes(facts, best, proved=proved, skew=policy.skew),
            *(lawful.notes if lawful is not None else ()),
        ),
        best_signature_time=best,
        chain=chain,
        level=_level(facts, timestamps, moment, proved=proved) if not problems else _NO_LEVEL,
        timestamps=timestamps,
        lawful=lawful,
    )


_NO_LEVEL = Level(None, None)


def _times(
    facts: SignatureFacts,
    timestamps: tuple[TimestampJudgement, ...],
    proved: datetime,
    valid_now: ProofsOfExistence,
    *,
    material: bool,
) -> Times:
    now = [valid_now.of_revision(facts.integrity.revision)]
    for item in timestamps:
        gen_time = item.facts.gen_time
        own = not item.content and not item.facts.archive
        if own and item.passed_now and gen_time is not None:
            now.append(gen_time)
    return Times(
        now=min(now),
        proved=proved,
        not_before=_content_times(timestamps),
        material=material or bool(facts.evidence_records) or _has_archive(facts),
    )


def _has_archive(facts: SignatureFacts) -> bool:
    """Say whether a time-stamp covers another one, or evidence of the signature."""
    identities = {item.token.identity for item in facts.timestamps}
    if facts.token.chain is not None:
        identities |= {item.identity for about in facts.token.chain.revocations for item in about}
    return any(
        item.archive or (item.covers or frozenset()) & identities for item in facts.timestamps
    )


def _content_times(timestamps: tuple[TimestampJudgement, ...]) -> tuple[datetime, ...]:
    return tuple(
        item.facts.gen_time
        for item in timestamps
        if item.content and item.passed and item.facts.gen_time is not None
    )


def _gate(
    facts: SignatureFacts, moment: Moment, timestamps: tuple[TimestampJudgement, ...]
) -> tuple[list[Problem], list[Problem], ChainJudgement | None]:
    """Return what is wrong whatever the time, what is wrong at the moment, and the path there."""
    found = list(
        judge_token(
            facts.token,
            moment.policy,
            differs=_signed_bytes_differ(facts.integrity),
            reference_required=facts.sub_filter == PADES,
        )
    )
    found = _with_integrity(found, facts.integrity)
    content = _content_times(timestamps)
    order = _order_problems(facts, content, moment)
    path = facts.token.chain
    chain = judge_chain(path, moment) if path else None
    if not moment.policy.revocation.proved_at_signing:
        return found, order if not found else [], chain
    problems = list(found)
    if path is not None and chain is not None:
        problems += chain_problems(path, chain, max(content, default=None))
    return found, [*problems, *order, *weaknesses(facts.token, moment, Use.SIGNATURE)], chain


def _with_integrity(problems: list[Problem], integrity: IntegrityFacts) -> list[Problem]:
    """Put what is wrong with range and changes after the cryptography, before the rest."""
    if integrity.problem is not None:
        return [(SubIndication.FORMAT_FAILURE, integrity.problem)]
    found = [(SubIndication.SIG_CONSTRAINTS_FAILURE, item) for item in integrity.violations]
    failed = [item for item in problems if item[0].indication is Indication.TOTAL_FAILED]
    return [*failed, *found, *(item for item in problems if item not in failed)]


def _order_problems(
    facts: SignatureFacts, content: tuple[datetime, ...], moment: Moment
) -> list[Problem]:
    """A content time-stamp is older than what proves the signature; what covers is younger."""
    if moment.policy.time.order is not Weight.FAIL:
        return []
    pairs = [(time, moment.time) for time in content]
    for item in facts.timestamps:
        for other in facts.timestamps:
            covered = other.token.identity in (item.covers or frozenset())
            if covered and item.gen_time is not None and other.gen_time is not None:
                pairs.append((other.gen_time, item.gen_time))
    return [
        (
            SubIndication.TIMESTAMP_ORDER_FAILURE,
            error("timestamp.order", earlier=earlier, later=later),
        )
        for earlier, later in pairs
        if earlier > later + moment.policy.skew
    ][:1]


def _judge_timestamp(
    facts: TimestampFacts, case: Case, *, content: bool = False
) -> TimestampJudgement:
    existed_by = case.existed_by
    if case.named:
        existed_by = case.proofs.of_identity(facts.token.identity)
    stamp = judge_stamp(
        facts,
        replace(case, use=Use.TIMESTAMP, existed_by=existed_by),
        differs=IMPRINT_DIFFERS,
    )
    return TimestampJudgement(
        facts=facts,
        indication=_indication(stamp.problems),
        sub_indication=stamp.problems[0][0] if stamp.problems else None,
        findings=tuple(finding for _, finding in stamp.problems),
        chain=stamp.chain,
        content=content,
        passed_now=not stamp.now,
    )


def _signed_bytes_differ(integrity: IntegrityFacts) -> Finding:
    """Say where: an earlier signature that is intact narrows it to what came after that."""
    if not integrity.byte_range:
        return error("integrity.content_differs")
    if not integrity.intact_until:
        code = "integrity.signed_bytes_differ"
    else:
        code = "integrity.signed_bytes_differ_later"
    return error(
        code,
        revision=integrity.revision + 1,
        revisions=integrity.revisions,
        intact_until=integrity.intact_until,
        signed_end=integrity.signed_end,
        gap_start=integrity.byte_range[1] if len(integrity.byte_range) == 4 else 0,
        gap_end=integrity.byte_range[2] if len(integrity.byte_range) == 4 else 0,
        size=integrity.document_size,
    )


def _indication(problems: list[Problem]) -> Indication:
    return problems[0][0].indication if problems else Indication.TOTAL_PASSED


def _unusable(timestamps: tuple[TimestampJudgement, ...]) -> list[Finding]:
    """Tell why a time-stamp proves nothing, then what exactly is wrong with it."""
    found: list[Finding] = []
    for item in timestamps:
        if not item.passed:
            sub = item.sub_indication.value if item.sub_indication else ""
            found.append(warning("timestamp.not_usable", why=sub))
            found += [replace(finding, severity=Severity.WARNING) for finding in item.findings]
    return found


def _notes(
    facts: SignatureFacts, best: datetime, *, proved: bool, skew: timedelta
) -> list[Finding]:
    notes = list(facts.integrity.notes)
    claimed = facts.claimed_signing_time
    if proved and claimed is not None and claimed > best + skew:
        notes.append(warning("signature.claims_later_time", claimed=claimed, proved=best))
    if facts.kind is Kind.SEAL:
        notes.append(info("signature.is_seal"))
    return notes


def _level(
    facts: SignatureFacts,
    timestamps: tuple[TimestampJudgement, ...],
    moment: Moment,
    *,
    proved: bool,
) -> Level:
    passed = [item.facts for item in timestamps if item.passed and not item.content]
    archives = [item for item in passed if item.archive]
    chains = tuple(
        item.token.chain for item in passed if not item.archive and item.token.chain is not None
    )
    archived = Archived(
        max((revision for revision, _ in moment.proofs.proofs), default=-1),
        frozenset(each for item in archives for each in item.covers or ()),
    )
    return find_level(
        facts, timestamp_chains=chains, moment=moment, proved=proved, archived=archived
    )


def _sum_up(judgements: tuple[Judgement, ...], findings: tuple[Finding, ...]) -> Verdict:
    """The worst that matters.

    A signature or time-stamp that failed, or whose document was changed in a way it does not
    permit, fails the document. A signature that is not decided leaves it undecided. A document
    time-stamp that is not decided proves nothing, which the signatures already felt: it decides
    only when there is nothing else.
    """
    signatures = [item for item in judgements if not item.facts.is_timestamp]
    failed = [
        item
        for item in judgements
        if item.indication is Indication.TOTAL_FAILED or item.facts.integrity.violations
    ]
    if failed:
        return Verdict(Indication.TOTAL_FAILED, failed[0].sub_indication, findings, judgements)
    if not judgements:
        found = (*findings, warning("verdict.no_signature"))
        return Verdict(Indication.INDETERMINATE, SubIndication.NO_SIGNATURE, found, judgements)
    for item in signatures or judgements:
        if not item.passed:
            return Verdict(item.indication, item.sub_indication, findings, judgements)
    return Verdict(Indication.TOTAL_PASSED, None, findings, judgements)
