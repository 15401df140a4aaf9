"""What each event asks for, as one table: hold, revoke for which reason, make anew.

Why and what to do are messages of the catalogue: `pki.event.<event>.<act>` says why with the
article, `pki.event.do.<act>` what to do, `pki.event.ask.<act>` of whom to ask it where another
authority issued the certificate.

Spec: Decree 68/2024/ND-CP Art. 10, 17 (not checked against the official text), RFC 5280 §5.3.1. The
decree names causes, not reasons of RFC 5280 and no hold: those are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pki.records.events import EventKind


class Asks(StrEnum):
    """What an event asks for of a certificate."""

    HOLD = "hold"
    REVOKE = "revoke"
    REISSUE = "reissue"


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that an event asks for."""

    asks: Asks
    article: str
    """Of the decree."""
    form: str
    """Of the decree's annex, by which another authority is asked."""
    reason: str | None = None
    """RFC 5280's name."""
    since: bool = False
    """Whether the key is unsafe from the event's day on (invalidityDate)."""


def _revoke(reason: str, *, since: bool = False) -> Rule:
    return Rule(Asks.REVOKE, "17", "05", reason, since)


_HOLD = Rule(Asks.HOLD, "17", "05")
_CHANGED = Rule(Asks.REISSUE, "10", "04")
"""Other content."""
_ANEW = Rule(Asks.REISSUE, "10", "01")
"""On another token; an agency's with form 02."""
_LOST = (_HOLD, _revoke("keyCompromise", since=True), _ANEW)

RULES: dict[EventKind, tuple[Rule, ...]] = {
    EventKind.POST_CHANGE: (_revoke("affiliationChanged"), _CHANGED),
    EventKind.RETIREMENT: (_revoke("cessationOfOperation"),),
    EventKind.LEAVING: (_revoke("affiliationChanged"),),
    EventKind.DEATH: (_revoke("cessationOfOperation"),),
    EventKind.MERGER: (_revoke("affiliationChanged"), _CHANGED),
    EventKind.DISSOLUTION: (_revoke("cessationOfOperation"),),
    EventKind.LOSS: _LOST,
    EventKind.DAMAGE: (_revoke("superseded"), _ANEW),
    EventKind.EXPOSURE: _LOST,
}
"""In the order in which they are done."""


def form_of(rule: Rule, *, agency: bool) -> str:
    """Return the form for a certificate of a person, or of an agency itself."""
    return "02" if agency and rule.form == "01" else rule.form
