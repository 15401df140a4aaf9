"""Which rule of law a signature is judged by: the one in force on its day.

A policy lists the periods, each with the texts in force in it and what they ask beside the
policy's own constraints. Official duty and public certificates have had rules of their own since
15 August 2024. What is no part of this: whether a text is quoted rightly, which a person must see
to who has the official gazette.

Spec: ETSI EN 319 102-1 §5.1.4.2 (constraints); Law 20/2023/QH15 Art. 22-23.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pki.errors.tree import Bilingual
from pki.words import VIETNAM


class Scope(StrEnum):
    """Whose signatures a rule is about."""

    ALL = "all"
    DUTY = "duty"
    """Signed with a certificate for official duty (`duty_policies`)."""
    PUBLIC = "public"
    """Signed with any other certificate."""


class Weight(StrEnum):
    """How much it weighs that a signature is not what a rule asks."""

    FAIL = "fail"
    WARN = "warn"
    INFO = "info"


class _Table(BaseModel):
    # Built when it is used: most of them are read as parts of another.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


Words = Annotated[str, Field(min_length=1, max_length=300)]


class Text(_Table):
    """One law, decree or circular, and the article that counts."""

    vi: Words
    en: Words


class Asked(_Table):
    """What a rule asks of the algorithm of a signature itself."""

    schemes: tuple[str, ...] = ()
    """One of these; none named: any."""
    digests: tuple[str, ...] = ()
    rsa_min_bits: int = Field(default=0, ge=0)
    ec_min_bits: int = Field(default=0, ge=0)
    weight: Weight = Weight.FAIL


class Rule(_Table):
    """What was in force from one day to another."""

    id: str = Field(pattern="^[a-z0-9][a-z0-9-]{0,63}$")
    scope: Scope = Scope.ALL
    since: date
    """The first day, in Vietnam."""
    until: date | None = None
    """The last day; None: in force still."""
    texts: Annotated[tuple[Text, ...], Field(min_length=1, max_length=16)]
    timestamp: Weight | None = None
    """How much it weighs that no time-stamp proves the time of signing; None: it is not asked."""
    algorithm: Asked | None = None

    @property
    def name(self) -> Bilingual:
        """Its texts in one line."""
        return Bilingual(
            vi="; ".join(each.vi for each in self.texts),
            en="; ".join(each.en for each in self.texts),
        )

    def covers(self, scope: Scope, day: date) -> bool:
        """Say whether it is the rule for such a signature of that day."""
        in_force = self.since <= day and (self.until is None or day <= self.until)
        return in_force and self.meets(scope)

    def meets(self, scope: Scope) -> bool:
        """Say whether there are signatures that both are about."""
        return Scope.ALL in (self.scope, scope) or self.scope is scope


def day_of(moment: datetime) -> date:
    """Return the day that it is in Vietnam at a moment."""
    return moment.astimezone(VIETNAM).date()


def find_rule(rules: tuple[Rule, ...], scope: Scope, day: date) -> Rule | None:
    """Return the rule for a signature of that day; None where there is none.

    A policy that was loaded has at most one.
    """
    return next((rule for rule in rules if rule.covers(scope, day)), None)
