"""Judges time-stamps, and collects what the valid ones prove.

The newest is judged first: what it proves lets an older one pass whose own certificate or
algorithm has ended since. An evidence record proves what it covers by its first time-stamp, when
every one of its time-stamps holds.

Spec: EN 319 102-1 §5.4 (time-stamp validation), §5.6.2.3 (POE extraction), §5.6.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from verify.facts import DocumentFacts, EvidenceRecordFacts, TimestampFacts, TokenFacts
from verify.finding import Finding, error
from verify.indication import SubIndication
from verify.policy import Level, Policy, Use
from verify.rules.case import Case
from verify.rules.chain import ChainJudgement, Problem, judge_chain
from verify.rules.course import judge_timestamp_now, judge_timestamp_past
from verify.rules.gate import weaknesses
from verify.rules.poe import ProofsOfExistence
from verify.rules.revocation import Moment
from verify.rules.token import judge_token
from verify.rules.trust import not_trusted_then

IMPRINT_DIFFERS = error("timestamp.imprint_differs")
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What was judged of one time-stamp token."""

    problems: list[Problem]
    """What stands against it, proofs of its existence looked at."""
    now: list[Problem]
    """What stands against it at the moment of judging alone."""
    chain: ChainJudgement | None


def judge_stamp(facts: TimestampFacts, case: Case, *, differs: Finding) -> Stamp:
    """Judge one time-stamp.

    Args:
        facts: what was found of it.
        case: rules and proofs; `existed_by` is the earliest proof of the token.
        differs: what to say when it is not of what it should be.
    """
    token = facts.token
    found = list(judge_token(token, case.policy, differs=differs, reference_required=True))
    if token.chain is None or facts.gen_time is None:
        return Stamp(found, found, None)
    signer = token.chain.certificates[0]
    if facts.gen_time < signer.not_before:
        early = error("timestamp.before_its_certificate", time=facts.gen_time)
        found.append((SubIndication.NOT_YET_VALID, early))
    untimely = not_trusted_then(token.chain, facts.gen_time)
    if untimely is not None:
        found.append(untimely)
    moment = Moment(case.existed_by, current_is_enough=True, policy=case.policy, proofs=case.proofs)
    ordered = case.policy.time.order is Level.FAIL
    if ordered and facts.gen_time > moment.time + case.policy.skew:
        order = error("timestamp.order", earlier=facts.gen_time, later=moment.time)
        found.append((SubIndication.TIMESTAMP_ORDER_FAILURE, order))
    chain = judge_chain(token.chain, moment)
    now = judge_timestamp_now(token, found, case)
    problems = _at_moment(token, found, chain, moment) or judge_timestamp_past(token, now, case)
    return Stamp(problems, now, chain)


def _at_moment(
    token: TokenFacts, found: list[Problem], chain: ChainJudgement, moment: Moment
) -> list[Problem]:
    """Return what is not proved good at the moment by which it existed, if the policy asks."""
    if not moment.policy.revocation.proved_at_signing:
        return []
    problems = list(found)
    if chain.sub_indication is not None:
        problems += [(chain.sub_indication, finding) for finding in chain.findings]
    return [*problems, *weaknesses(token, moment, Use.TIMESTAMP)]


def extract_proofs(facts: DocumentFacts, policy: Policy, at: datetime) -> ProofsOfExistence:
    """Return what the time-stamps that name what they cover prove, as of `at`."""
    proofs = ProofsOfExistence(at)
    stamps: dict[str | None, TimestampFacts] = {}
    records: dict[frozenset[str], EvidenceRecordFacts] = {}
    for signature in facts.signatures:
        for item in (*signature.timestamps, *signature.content_timestamps):
            if item.covers is not None:
                stamps[item.token.identity] = item
        for record in signature.evidence_records:
            records[record.covers] = record
    for record in records.values():
        proofs = with_record(record, policy, proofs)
    for item in _newest_first(stamps.values()):
        proofs = _with_stamp(item, policy, proofs)
    return proofs


def _newest_first(stamps: Iterable[TimestampFacts]) -> list[TimestampFacts]:
    return sorted(stamps, key=lambda item: item.gen_time or _EVER, reverse=True)


def _case(item: TimestampFacts, policy: Policy, proofs: ProofsOfExistence) -> Case:
    existed_by = proofs.of_identity(item.token.identity)
    return Case(policy, proofs, existed_by, Use.TIMESTAMP, named=True)


def _with_stamp(
    item: TimestampFacts, policy: Policy, proofs: ProofsOfExistence
) -> ProofsOfExistence:
    stamp = judge_stamp(item, _case(item, policy, proofs), differs=IMPRINT_DIFFERS)
    if stamp.problems or item.gen_time is None or item.covers is None:
        return proofs
    return proofs.with_named(item.covers, item.gen_time)


def with_record(
    record: EvidenceRecordFacts, policy: Policy, proofs: ProofsOfExistence
) -> ProofsOfExistence:
    """Return `proofs` and what an evidence record proves, if it holds."""
    within, holds = proofs, not any(judge_record(record))
    for item in _newest_first(record.timestamps):
        stamp = judge_stamp(item, _case(item, policy, within), differs=IMPRINT_DIFFERS)
        holds = holds and not stamp.problems
        if holds and item.gen_time is not None and item.covers is not None:
            within = within.with_named(item.covers, item.gen_time)
    first = min((item.gen_time for item in record.timestamps if item.gen_time), default=None)
    return within.with_named(record.covers, first) if holds and first is not None else proofs


def judge_record(record: EvidenceRecordFacts) -> Iterator[Problem]:
    """Yield what is wrong with an evidence record, its time-stamps aside."""
    if record.problem is not None:
        yield SubIndication.FORMAT_FAILURE, record.problem
    elif record.data_missing:
        yield SubIndication.SIGNED_DATA_NOT_FOUND, error("signature.data_missing")
    elif not record.digest_matches:
        yield SubIndication.HASH_FAILURE, IMPRINT_DIFFERS
