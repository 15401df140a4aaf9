"""The validation process: facts, a policy and a moment in; indications and reasons out.

A pure function: no file, no network, no clock. In the order of the standard:

1. document time-stamps from the outermost inwards (§5.4, §5.6.2.4): each is judged at the
   judging moment, or at the time of a later time-stamp that is itself valid and covers it; a
   valid one proves that everything it covers existed by then,
2. for each signature its own time-stamps (§5.4, §5.5.4) at the moment by which the signature is
   proved to have existed,
3. the best signature time: the earliest of all valid proofs, else the judging moment (§5.5.4),
4. format, digest, signature value, changes after it, attributes (§5.2.2, §5.2.7, §5.2.8),
5. the path at the best signature time (§5.2.6); what a content time-stamp shows to have been
   made after revocation or expiry has failed for good (§5.5.4),
6. order of time-stamps, algorithms at the best signature time.

Simplified, never looser: the time of control does not slide back along the path (§5.6.2.1); a
path without fresh evidence at its time is TRY_LATER.

Spec: ETSI EN 319 102-1 §5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from verify.facts import (
    Algorithm,
    DocumentFacts,
    IntegrityFacts,
    Kind,
    SignatureFacts,
    TimestampFacts,
)
from verify.finding import Finding, Severity, error, info, warning
from verify.indication import Indication, SubIndication
from verify.policy import Policy
from verify.rules.algorithms import judge_algorithm
from verify.rules.chain import ChainJudgement, judge_chain
from verify.rules.level import PADES, Level, find_level
from verify.rules.poe import ProofsOfExistence
from verify.rules.revocation import Moment
from verify.rules.token import Problem, judge_token


@dataclass(frozen=True, slots=True)
class TimestampJudgement:
    """What was judged of one time-stamp inside a signature."""

    facts: TimestampFacts
    indication: Indication
    sub_indication: SubIndication | None
    findings: tuple[Finding, ...]
    chain: ChainJudgement | None
    content: bool = False
    """It was made over the content, before the signature."""

    @property
    def passed(self) -> bool:
        """Say whether it proves anything."""
        return self.indication is Indication.TOTAL_PASSED


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was judged of one signature, seal or document time-stamp."""

    facts: SignatureFacts
    indication: Indication
    sub_indication: SubIndication | None
    findings: tuple[Finding, ...]
    best_signature_time: datetime | None
    chain: ChainJudgement | None
    level: Level
    timestamps: tuple[TimestampJudgement, ...] = ()

    @property
    def passed(self) -> bool:
        """Say whether it is TOTAL-PASSED."""
        return self.indication is Indication.TOTAL_PASSED


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was judged of a document."""

    indication: Indication
    sub_indication: SubIndication | None
    findings: tuple[Finding, ...]
    judgements: tuple[Judgement, ...]
    """In the order of the facts."""


def judge_document(facts: DocumentFacts, *, policy: Policy, at: datetime) -> Verdict:
    """Judge all signatures of a document as of `at`."""
    proofs = ProofsOfExistence(at)
    judged: dict[int, Judgement] = {}
    order = sorted(
        enumerate(facts.signatures), key=lambda item: item[1].integrity.revision, reverse=True
    )
    for index, item in order:
        if item.is_timestamp:
            judged[index] = _judge_document_timestamp(item, policy, proofs)
            if judged[index].passed and item.gen_time is not None:
                proofs = proofs.with_proof(item.integrity.revision, item.gen_time)
    for index, item in order:
        if not item.is_timestamp:
            judged[index] = _judge_signature(item, policy, proofs)
    judgements = tuple(judged[index] for index in range(len(facts.signatures)))
    return _sum_up(judgements, facts.findings)


def _judge_document_timestamp(
    facts: SignatureFacts, policy: Policy, proofs: ProofsOfExistence
) -> Judgement:
    control = proofs.of_revision(facts.integrity.revision, within=1)
    as_timestamp = TimestampFacts(facts.token, facts.gen_time)
    problems, chain = _timestamp_problems(
        as_timestamp,
        Moment(control, current_is_enough=True, policy=policy, proofs=proofs),
        differs=_signed_bytes_differ(facts.integrity),
    )
    problems = _with_integrity(problems, facts.integrity)
    return Judgement(
        facts=facts,
        indication=_indication(problems),
        sub_indication=problems[0][0] if problems else None,
        findings=(*(finding for _, finding in problems), *facts.integrity.notes),
        best_signature_time=facts.gen_time,
        chain=chain,
        level=Level(None, None),
    )


def _judge_signature(facts: SignatureFacts, policy: Policy, proofs: ProofsOfExistence) -> Judgement:
    existed_by = proofs.of_revision(facts.integrity.revision)
    control = Moment(existed_by, current_is_enough=True, policy=policy, proofs=proofs)
    timestamps = (
        *(_judge_timestamp(item, control) for item in facts.timestamps),
        *(_judge_timestamp(item, control, content=True) for item in facts.content_timestamps),
    )
    times = [item.facts.gen_time for item in timestamps if item.passed and not item.content]
    best = min([existed_by, *(time for time in times if time is not None)])
    # Its time may lie a moment ahead of this machine's clock, and proves existence all the same.
    proved = bool(times) or proofs.covers(facts.integrity.revision)
    moment = Moment(best, current_is_enough=not proved, policy=policy, proofs=proofs)
    problems, chain = _signature_problems(facts, moment, timestamps)
    return Judgement(
        facts=facts,
        indication=_indication(problems),
        sub_indication=problems[0][0] if problems else None,
        findings=(
            *(finding for _, finding in problems),
            *_unusable(timestamps),
            *_notes(facts, best, proved=proved, skew=policy.skew),
        ),
        best_signature_time=best,
        chain=chain,
        level=_level(facts, timestamps, moment, proved=proved) if not problems else _NO_LEVEL,
        timestamps=timestamps,
    )


_NO_LEVEL = Level(None, None)


def _signature_problems(
    facts: SignatureFacts, moment: Moment, timestamps: tuple[TimestampJudgement, ...]
) -> tuple[list[Problem], ChainJudgement | None]:
    problems = list(
        judge_token(
            facts.token,
            differs=_signed_bytes_differ(facts.integrity),
            reference_required=facts.sub_filter == PADES,
        )
    )
    problems = _with_integrity(problems, facts.integrity)
    chain = judge_chain(facts.token.chain, moment) if facts.token.chain else None
    if chain is not None:
        problems += _chain_problems(facts, chain, timestamps)
    problems += _order_problems(timestamps, moment)
    problems += _algorithm_problems(facts.token.algorithm, facts.token.digests, moment)
    return problems, chain


def _with_integrity(problems: list[Problem], integrity: IntegrityFacts) -> list[Problem]:
    """Put what is wrong with range and changes after the cryptography, before the rest."""
    if integrity.problem is not None:
        return [(SubIndication.FORMAT_FAILURE, integrity.problem)]
    found = [(SubIndication.SIG_CONSTRAINTS_FAILURE, item) for item in integrity.violations]
    failed = [item for item in problems if item[0].indication is Indication.TOTAL_FAILED]
    return [*failed, *found, *(item for item in problems if item not in failed)]


def _chain_problems(
    facts: SignatureFacts, chain: ChainJudgement, timestamps: tuple[TimestampJudgement, ...]
) -> list[Problem]:
    """Return what is wrong with the path; a content time-stamp may make it final (step 5)."""
    if chain.sub_indication is None:
        return []
    content_times = [
        item.facts.gen_time
        for item in timestamps
        if item.content and item.passed and item.facts.gen_time is not None
    ]
    made_after = max(content_times, default=None)
    final: list[Problem] = []
    if made_after is not None and facts.token.chain is not None:
        leaf = facts.token.chain.certificates[0]
        if chain.revoked_at is not None and made_after >= chain.revoked_at:
            found = error("signature.made_after_revocation", made_after=made_after)
            final.append((SubIndication.REVOKED, found))
        elif made_after > leaf.not_after:
            found = error("signature.made_after_expiry", made_after=made_after)
            final.append((SubIndication.EXPIRED, found))
    return [*final, *((chain.sub_indication, finding) for finding in chain.findings)]


def _order_problems(timestamps: tuple[TimestampJudgement, ...], moment: Moment) -> list[Problem]:
    """A content time-stamp is older than the signature, and so than what proves the signature."""
    for item in timestamps:
        time = item.facts.gen_time
        if not item.content or not item.passed or time is None:
            continue
        if time > moment.time + moment.policy.skew:
            found = error("timestamp.order", earlier=time, later=moment.time)
            return [(SubIndication.TIMESTAMP_ORDER_FAILURE, found)]
    return []


def _judge_timestamp(
    facts: TimestampFacts, moment: Moment, *, content: bool = False
) -> TimestampJudgement:
    problems, chain = _timestamp_problems(facts, moment, differs=error("timestamp.imprint_differs"))
    return TimestampJudgement(
        facts=facts,
        indication=_indication(problems),
        sub_indication=problems[0][0] if problems else None,
        findings=tuple(finding for _, finding in problems),
        chain=chain,
        content=content,
    )


def _timestamp_problems(
    facts: TimestampFacts, moment: Moment, *, differs: Finding
) -> tuple[list[Problem], ChainJudgement | None]:
    problems = list(judge_token(facts.token, differs=differs, reference_required=True))
    if facts.token.chain is None or facts.gen_time is None:
        return problems, None
    leaf = facts.token.chain.certificates[0]
    if facts.gen_time < leaf.not_before:
        found = error("timestamp.before_its_certificate", time=facts.gen_time)
        problems.append((SubIndication.NOT_YET_VALID, found))
    if facts.gen_time > moment.time + moment.policy.skew:
        found = error("timestamp.order", earlier=facts.gen_time, later=moment.time)
        problems.append((SubIndication.TIMESTAMP_ORDER_FAILURE, found))
    chain = judge_chain(facts.token.chain, moment)
    if chain.sub_indication is not None:
        problems += [(chain.sub_indication, finding) for finding in chain.findings]
    problems += _algorithm_problems(facts.token.algorithm, facts.token.digests, moment)
    return problems, chain


def _algorithm_problems(
    algorithm: Algorithm | None, digests: tuple[str, ...], moment: Moment
) -> list[Problem]:
    if algorithm is None:
        return []
    return [
        (weakness.sub_indication, weakness.finding)
        for weakness in judge_algorithm(
            algorithm, policy=moment.policy, existed_by=moment.time, digests=digests
        )
    ]


def _signed_bytes_differ(integrity: IntegrityFacts) -> Finding:
    """Say where: an earlier signature that is intact narrows it to what came after that."""
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
    chains = tuple(
        item.facts.token.chain
        for item in timestamps
        if item.passed and not item.content and item.facts.token.chain is not None
    )
    archived = max((revision for revision, _ in moment.proofs.proofs), default=-1)
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
