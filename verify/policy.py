"""By which rules a document is judged. `verify.policy_file` makes it from a TOML file.

Spec: ETSI EN 319 102-1 §5.1.4.2 (constraints); ETSI TS 119 312 (algorithms).
"""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from verify.law import Rule


class _Table(BaseModel):
    # Built when it is used: most of them are read as parts of another.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Acceptance(_Table):
    """Until when an algorithm is accepted; None means with no end in sight."""

    until: AwareDatetime | None = None


class KeySize(_Table):
    """From how many bits on a key is accepted, and until when."""

    bits: int = Field(gt=0)
    until: AwareDatetime | None = None


class Level(StrEnum):
    """How much something weighs that a constraint does not allow."""

    FAIL = "fail"
    WARN = "warn"
    IGNORE = "ignore"


class Use(StrEnum):
    """What something was signed for: each may have constraints of its own."""

    SIGNATURE = "signature"
    TIMESTAMP = "timestamp"
    EVIDENCE = "evidence"


class Algorithms(_Table):
    """Algorithms and sizes that are accepted; what is not listed is not."""

    rsa_min_bits: int = Field(ge=1024)
    ec_min_bits: int = Field(ge=160)
    schemes: tuple[str, ...]
    digests: dict[str, Acceptance]
    key_sizes: dict[str, tuple[KeySize, ...]] = {}
    """For a scheme named here, instead of the two least sizes; the longest that fits decides."""
    level: Level = Level.FAIL


class Demands(_Table):
    """What is asked of the certificates behind a signature, a time-stamp or evidence."""

    signer_evidence: Level = Level.FAIL
    """Evidence about the end entity."""
    authority_evidence: Level = Level.FAIL
    """Evidence about the authorities above it."""
    evidence_signer_in_time: Level = Level.FAIL
    """The signer of that evidence is valid still, or proved to have been."""


class Revocation(_Table):
    """How fresh evidence about certificates must be."""

    proved_at_signing: bool = True
    """Nothing passes that is not proved good at the best signature time itself, by evidence from
    then or later: more than the standard asks."""
    missing_can_come: bool = True
    """Where there is no evidence at all, asking later may bring some: TRY_LATER. Else the path
    fails: CERTIFICATE_CHAIN_GENERAL_FAILURE."""
    max_age_seconds: int | None = Field(default=None, ge=0)
    """How old evidence may be at the time it is asked about; None does not ask."""

    freshness_seconds: int = Field(default=0, ge=0)
    """Evidence may be this much older than the best signature time of the signer."""
    authority_freshness_seconds: int = Field(default=0, ge=0)
    """The same for certificates of authorities, whose lists appear less often."""
    age_without_next_update_seconds: int = Field(default=300, ge=0)
    """An OCSP answer without nextUpdate is current for so long."""


class Time(_Table):
    """Tolerance between clocks."""

    skew_seconds: int = Field(default=60, ge=0, le=3600)
    order: Level = Level.FAIL
    """Time-stamps that contradict each other."""


class Signer(_Table):
    """What a signer's certificate must be for."""

    key_usage: tuple[str, ...]
    extended_key_usage: tuple[str, ...]
    seal_policies: tuple[str, ...] = ()
    duty_policies: tuple[str, ...] = ()
    """Certificate policies for official duty; with none named, `signing` asks for none."""


class Forms(_Table):
    """Form fields that matter."""

    number_words: tuple[str, ...] = ()
    """What a field for a document's number or date has in its name or label; none named: it is
    not looked whether such fields are open after a seal."""


class After(_Table):
    """What may be done to a document after a signature."""

    permitted: Literal[1, 2, 3] | None = None
    """The most, as a level of DocMDP (ISO 32000-2 Table 257), whatever a signature permits itself:
    1 nothing but evidence, 2 forms filled in and further signatures, 3 comments as well. None goes
    by the signatures alone."""


class Paths(_Table):
    """What paths are held to from the start (RFC 5280 §6.1.1)."""

    policies: tuple[str, ...] = ()
    """Certificate policies that are wanted, as dotted identifiers; none named: any."""
    explicit_policy: bool = False
    """One of them must run through the whole path, even where no authority asks for it."""
    inhibit_policy_mapping: bool = False
    """No authority may declare another's policy equal to its own."""
    inhibit_any_policy: bool = False
    """anyPolicy stands for no other."""


class Limits(_Table):
    """How much work one document may cause."""

    document_bytes: int = Field(gt=0)
    signatures: int = Field(gt=0)
    path_length: int = Field(gt=0)
    path_signature_checks: int = Field(gt=0)
    path_candidates: int = Field(default=1000, gt=0)
    """Paths tried for one certificate, whole or not."""


class Policy(_Table):
    """The rules of one judgement."""

    name: str
    algorithms: Algorithms
    revocation: Revocation
    time: Time
    signer: Signer
    limits: Limits
    paths: Paths = Paths()
    forms: Forms = Forms()
    after: After = After()
    signature: Demands = Demands()
    timestamp: Demands = Demands()
    evidence: Demands = Demands()
    algorithms_for: dict[str, Algorithms] = {}
    """Instead of `algorithms`: for `signature`, `timestamp`, `evidence`, and for the certificates
    behind them, `signature.signer`, `signature.authority` and so on."""
    levels: dict[str, Level] = {}
    """How much a defect of a certificate or of signed attributes weighs, by its code."""
    rules: Annotated[tuple[Rule, ...], Field(max_length=500)] = ()
    """Which rule of law is in force when; none: law is not asked about. With some, a signature of
    a day that none of them covers does not pass."""

    @property
    def skew(self) -> timedelta:
        """By how much clocks may differ."""
        return timedelta(seconds=self.time.skew_seconds)

    def digest_accepted(self, digest: str, at: datetime) -> bool:
        """Say whether `digest` is accepted for something known to exist at `at`."""
        acceptance = self.algorithms.digests.get(digest)
        if acceptance is None:
            return False
        return acceptance.until is None or at <= acceptance.until

    def demands(self, use: Use) -> Demands:
        """Return what is asked of the certificates behind `use`."""
        return {Use.SIGNATURE: self.signature, Use.TIMESTAMP: self.timestamp}.get(
            use, self.evidence
        )

    def algorithms_of(self, subject: str) -> Algorithms:
        """Return what is accepted for `subject`, as `algorithms_for` names them."""
        return self.algorithms_for.get(subject, self.algorithms)

    def weighs(self, code: str) -> Level:
        """Return how much the finding `code` weighs."""
        return self.levels.get(code, Level.FAIL)


_POLICIES = Path(__file__).with_name("policies")


def built_in_policies() -> tuple[str, ...]:
    """Return the names of the policies that come with Antin."""
    return tuple(sorted(file.stem for file in _POLICIES.glob("*.toml")))


def read_built_in(name: str) -> str:
    """Return the text of a policy that comes with Antin."""
    return (_POLICIES / f"{name}.toml").read_text("utf-8")


@cache
def default_policy() -> Policy:
    """Return the policy that is used when nothing else is said."""
    return Policy.model_validate(tomllib.loads(read_built_in("default")))
