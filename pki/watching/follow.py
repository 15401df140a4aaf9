"""Asking issuers about the certificates that are followed, and keeping what they say.

1. each issuer with certificates that have not ended is asked, some hundred certificates at a time;
2. a status is recorded where it became another one, with the hash of what said so;
3. a revocation stays: no later answer lifts it, but for a hold, which an answer may end;
4. what was not answered keeps what was known, for as long as that was said to hold: "good" counts
   until the end of what said so (`WatchRound.good_until`), and is unknown after it;
5. that the issuer was asked is recorded last, so that a run that was broken off promises nothing.

What the answers are worth is not judged here (`StatusAsker`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from pki.audit.entry import present
from pki.clock import Clock
from pki.records.audit import AuditEvent
from pki.records.changes import Follow
from pki.records.register import Register
from pki.records.watching import (
    FollowedCertificate,
    WatchedStanding,
    WatchedStatus,
    WatchRegister,
    WatchRound,
)

PAGE = 500
"""Certificates a transaction."""
SHOWN = 1000
"""Changes that are kept to be shown."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What counts of what was had about a certificate."""

    standing: WatchedStanding
    source: str
    """`crl` or `ocsp`."""
    evidence_sha256: str
    good_until: datetime
    """Until when it may be relied on, if it says "good"."""
    revoked_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nothing that counts was had."""

    why: str
    """`offline`, `no_issuer`, or what the network said."""


class StatusAsker(Protocol):
    """Asks the network about certificates and judges what it says."""

    def about(self, ders: Sequence[bytes]) -> Iterator[Answer | Unanswered]:
        """Yield an answer for each certificate, in their order."""
        ...


class FollowingRegister(WatchRegister, Register, Protocol):
    """What following needs of the store."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A certificate's status became another one."""

    certificate: FollowedCertificate
    status: WatchedStatus


@dataclass(slots=True)
class IssuerTally:
    """What came of asking one issuer."""

    issuer: str
    """RFC 4514 text."""
    asked: int = 0
    good: int = 0
    held: int = 0
    revoked: int = 0
    unanswered: int = 0
    why: str = ""
    """Of the first that was not answered."""
    good_until: datetime | None = None
    turns: list[Turn] = field(default_factory=list)
    """The first changes."""
    more_turns: int = 0


def follow_all(
    register: FollowingRegister,
    asker: StatusAsker,
    clock: Clock,
    requester: str,
    issuers: Sequence[str] | None = None,
) -> Iterator[IssuerTally]:
    """Ask issuers, record what changed, and yield what came of each, in their order.

    Args:
        register: where it is recorded.
        asker: asks the network and judges what it says.
        clock: the present.
        requester: who wants to know.
        issuers: hashes of the names of those to be asked; None for all.

    Raises:
        ClockBeforeRecordError: the clock was set back.
        PKIError: whatever the register answers; what was recorded stays.
    """
    present(register, clock)
    for issuer in register.followed_issuers(clock.now()) if issuers is None else issuers:
        yield _Round(register, asker, clock, requester, issuer).run()


class _Round:
    """One issuer, asked once."""

    def __init__(
        self,
        register: FollowingRegister,
        asker: StatusAsker,
        clock: Clock,
        requester: str,
        issuer_sha256: str,
    ) -> None:
        self._register, self._asker, self._clock = register, asker, clock
        self._requester, self._issuer = requester, issuer_sha256
        self._begun = clock.now()
        self._tally = IssuerTally("")
        self._hash, self._last_hash, self._hashes = hashlib.sha256(), "", 0
        self._until: datetime | None = None
        self._carried = False

    def run(self) -> IssuerTally:
        after = 0
        while page := self._register.followed(self._issuer, self._begun, after=after, limit=PAGE):
            self._ask(page)
            after = page[-1].sequence
        self._end()
        return self._tally

    def _ask(self, page: tuple[FollowedCertificate, ...]) -> None:
        self._tally.issuer = page[0].issuer
        statuses = []
        answers = self._asker.about([one.der for one in page])
        for certificate, answer in zip(page, answers, strict=True):
            self._tally.asked += 1
            if isinstance(answer, Unanswered):
                self._leave(certificate, answer)
                continue
            status = self._take(certificate, answer)
            if status is not None:
                statuses.append(status)
                self._show(Turn(certificate, status))
        if statuses:
            self._commit(Follow(tuple(statuses)), changed=len(statuses))

    def _leave(self, certificate: FollowedCertificate, answer: Unanswered) -> None:
        self._tally.unanswered += 1
        self._tally.why = self._tally.why or answer.why
        self._carried |= certificate.standing is WatchedStanding.GOOD

    def _take(self, certificate: FollowedCertificate, answer: Answer) -> WatchedStatus | None:
        before, after = certificate.standing, answer.standing
        if before is WatchedStanding.REVOKED:
            after = before  # for good
        self._count(after)
        self._note(answer)
        if after is WatchedStanding.GOOD:
            self._until = min(self._until or answer.good_until, answer.good_until)
        if after is before:
            return None
        return WatchedStatus(
            certificate.fingerprint,
            after,
            self._clock.now(),
            answer.source,
            answer.evidence_sha256,
            answer.revoked_at,
            answer.reason,
        )

    def _count(self, standing: WatchedStanding) -> None:
        match standing:
            case WatchedStanding.GOOD:
                self._tally.good += 1
            case WatchedStanding.HELD:
                self._tally.held += 1
            case WatchedStanding.REVOKED:
                self._tally.revoked += 1
            case _:
                self._tally.unanswered += 1
                self._tally.why = self._tally.why or "unknown"

    def _note(self, answer: Answer) -> None:
        if answer.evidence_sha256 != self._last_hash:
            self._last_hash = answer.evidence_sha256
            self._hashes += 1
            self._hash.update(answer.evidence_sha256.encode())

    def _show(self, turn: Turn) -> None:
        if len(self._tally.turns) < SHOWN:
            self._tally.turns.append(turn)
        else:
            self._tally.more_turns += 1

    def _end(self) -> None:
        if self._carried:
            # Of what was not answered "good" holds no longer than it was said to.
            before = self._register.good_until(self._issuer)
            self._until = None if self._until is None else _sooner(self._until, before)
        evidence = self._last_hash if self._hashes == 1 else self._hash.hexdigest()
        done = WatchRound(
            issuer_sha256=self._issuer,
            at=self._begun,
            good_until=self._until,
            evidence_sha256=evidence if self._hashes else None,
            asked=self._tally.asked,
            unanswered=self._tally.unanswered,
            why=self._tally.why,
        )
        self._tally.good_until = self._until
        self._commit(Follow((), done), changed=0)

    def _commit(self, change: Follow, *, changed: int) -> None:
        facts = [("issuer", self._issuer)]
        if change.round is None:
            facts.append(("changed", str(changed)))
        else:
            asked, left = change.round.asked, change.round.unanswered
            facts += [("asked", str(asked)), ("unanswered", str(left))]
            facts.append(("evidence", change.round.evidence_sha256 or "-"))
        event = AuditEvent(self._clock.now(), self._requester, "foreign.follow", tuple(facts))
        self._register.commit((change,), event)


def _sooner(one: datetime, other: datetime | None) -> datetime:
    return one if other is None else min(one, other)
