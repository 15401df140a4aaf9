"""What the process of EN 319 102-1 makes of facts: the outcome of each signature, and of the whole.

Spec: ETSI EN 319 102-1 §5.1.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from verify.facts import SignatureFacts, TimestampFacts
from verify.finding import Finding
from verify.indication import Indication, SubIndication
from verify.rules.chain import ChainJudgement
from verify.rules.law import Lawful
from verify.rules.level import Level


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
    passed_now: bool = False
    """It is valid at the moment of judging, without proofs of its existence."""

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
    lawful: Lawful | None = None
    """What the rule of law of its day says; None for time-stamps, and where it is not asked."""

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
