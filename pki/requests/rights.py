"""Who may do what: one table, and the page `docs/rights.md` is written from it."""

from __future__ import annotations

from enum import StrEnum

from pki.errors.tree import Phrase, phrase
from pki.records.requests import Role


class Act(StrEnum):
    """What somebody may do; each is signed with the certificate that has the role."""

    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    """One's own request."""
    APPROVE = "approve"
    REJECT = "reject"
    REVIEW = "review"
    """A hold that was made at once."""
    RUN = "run"
    """Have the authority's key sign what was approved."""
    GRANT = "grant"
    END = "end"
    """Somebody's role."""
    SEE = "see"
    """Personal numbers without a mask."""


RIGHTS: dict[Role, frozenset[Act]] = {
    Role.CLERK: frozenset({Act.SUBMIT, Act.WITHDRAW, Act.SEE}),
    Role.APPROVER: frozenset({Act.APPROVE, Act.REJECT, Act.REVIEW, Act.SEE}),
    Role.OFFICER: frozenset({Act.RUN, Act.GRANT, Act.END, Act.SEE}),
    Role.AUDITOR: frozenset(),
}
"""An auditor reads, as everybody does who has the register before him, and does nothing."""


def words_of(act: Act) -> Phrase:
    """Return an act in words, as part of a sentence."""
    return phrase(f"pki.act.{act.value}")


def may(role: Role, act: Act) -> bool:
    """Say whether a role allows an act."""
    return act in RIGHTS[role]
