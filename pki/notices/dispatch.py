"""Sends what is queued, batch by batch.

That a message is being sent is recorded before it goes, and what became of it after. Whoever ends
the process in between leaves it in state `sending`; a quarter of an hour later it is sent again,
under the same Message-ID, by which a receiver knows it. So each goes out at least once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from pki.clock import Clock
from pki.errors.tree import PKIError
from pki.notices.mail import Mail, build_mail
from pki.notices.recipients import Recipients
from pki.notices.telling import Told, tell, write, write_digest
from pki.notices.world import World
from pki.records.audit import AuditEvent
from pki.records.notices import Channel, Message, MessageState, MoveMessage

NO_ADDRESS = "no-address"
BAD_ADDRESS = "bad-address"
STOPPED = "stopped"


class Delivery(NamedTuple):
    """What became of one message."""

    state: MessageState
    reason: str | None = None


SENT = Delivery(MessageState.SENT)


class Carrier(Protocol):
    """Takes messages where they go."""

    batch: int
    """How many are taken at a time, and sent twice at most."""
    needs_address: bool

    def open(self) -> None:
        """Be ready to take messages.

        Raises:
            PKIError: nothing can be sent now.
        """
        ...

    def carry(self, mails: Sequence[Mail]) -> Iterator[Delivery]:
        """Take messages, and say of each in turn what became of it.

        Raises:
            PKIError: it cannot go on; of the rest nothing went out.
        """
        ...


@dataclass(slots=True)
class Dispatched:
    """What came of one run."""

    states: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[str, str]] = field(default_factory=list)
    """Recipients that were not reached, by code, and why; the first of them."""
    error: PKIError | None = None
    """Why the run was broken off."""


MOST_TOLD = 100


@dataclass(slots=True)
class Dispatcher:
    """Sends the messages of one channel."""

    world: World
    channel: Channel
    carrier: Carrier
    clock: Clock
    actor: str
    progress: Callable[[int], None] = lambda _: None
    """Is given how many messages were done with since the last time."""
    dispatched: Dispatched = field(default_factory=Dispatched, init=False)
    _recipients: Recipients = field(init=False)

    def __post_init__(self) -> None:
        """Know recipients."""
        self._recipients = self.world.recipients()

    def dispatch(self) -> Dispatched:
        """Send everything whose time has come, once.

        Raises:
            RegisterConflictError: another process sends the same.
            UnavailableError: the register does not answer.
        """
        after, size = 0, self.carrier.batch
        while batch := self.world.outbox.waiting(
            self.channel, self.world.now, after=after, limit=size
        ):
            after = batch[-1].sequence
            try:
                self.carrier.open()
            except PKIError as error:
                self.dispatched.error = error
                break
            self._send(batch)
            self.progress(len(batch))
            if self.dispatched.error is not None:
                break
        return self.dispatched

    def _send(self, batch: Sequence[Message]) -> None:
        claimed, gone = [], []
        for message in batch:
            told = self._told(message)
            if told:
                claimed.append((message, told))
            else:
                gone.append(message)
        now = self.clock.now()
        claims = [MoveMessage(one, MessageState.SENDING, now) for one, _ in claimed]
        drops = [MoveMessage(one, MessageState.DROPPED, now) for one in gone]
        self._record((*claims, *drops))
        sending = [
            (_claimed(claim), told) for claim, (_, told) in zip(claims, claimed, strict=True)
        ]
        outcomes: list[MoveMessage] = []
        try:
            for message, delivery in self._carried(sending):
                outcomes.append(
                    MoveMessage(message, delivery.state, self.clock.now(), delivery.reason)
                )
        finally:  # whatever ends it, what is known is recorded
            self._record(tuple(outcomes))

    def _carried(
        self, sending: Sequence[tuple[Message, tuple[Told, ...]]]
    ) -> Iterator[tuple[Message, Delivery]]:
        ready: list[tuple[Message, Mail]] = []
        for message, told in sending:
            mail = self._mail(message, told)
            if isinstance(mail, Delivery):
                yield message, mail
            else:
                ready.append((message, mail))
        carried = self.carrier.carry([mail for _, mail in ready])
        for place, (message, _) in enumerate(ready):
            try:
                delivery = next(carried)
            except PKIError as error:
                self.dispatched.error = error
                for left, _ in ready[place:]:
                    yield left, Delivery(MessageState.FAILED, STOPPED)
                return
            yield message, delivery

    def _told(self, message: Message) -> tuple[Told, ...]:
        notices = self.world.outbox.notices_in(message.sequence)
        return tuple(
            told for told in (tell(self.world, one) for one in notices) if told is not None
        )

    def _mail(self, message: Message, told: tuple[Told, ...]) -> Mail | Delivery:
        addressee = self._recipients.addressee(message.recipient)
        if addressee.address is None and self.carrier.needs_address:
            return Delivery(MessageState.FAILED, NO_ADDRESS)
        texts = tuple(
            write_digest(told, language) if message.digest else write(told[0], language)
            for language in addressee.languages
        )
        mail = build_mail(
            message.id,
            (message.recipient, addressee),
            texts,
            rules=self.world.rules,
            at=message.created_at,
        )
        return Delivery(MessageState.FAILED, BAD_ADDRESS) if mail is None else mail

    def _record(self, moves: tuple[MoveMessage, ...]) -> None:
        if not moves:
            return
        counts = Counter(str(one.state) for one in moves)
        facts = (("channel", str(self.channel)), *((k, str(n)) for k, n in sorted(counts.items())))
        event = AuditEvent(self.clock.now(), self.actor, "notice.send", facts)
        self.world.outbox.commit(moves, event)
        for move in moves:
            if move.state is MessageState.SENDING:
                continue
            self.dispatched.states[str(move.state)] += 1
            if move.reason is not None and len(self.dispatched.refused) < MOST_TOLD:
                self.dispatched.refused.append((move.seen.recipient, move.reason))


def _claimed(claim: MoveMessage) -> Message:
    """Return a message as it stands once it is claimed."""
    seen = claim.seen
    return Message(
        sequence=seen.sequence,
        id=seen.id,
        channel=seen.channel,
        recipient=seen.recipient,
        digest=seen.digest,
        created_at=seen.created_at,
        state=claim.state,
        tries=seen.tries + 1,
        changed_at=claim.at,
        reason=None,
    )
