"""What is recorded of notices: of what, to whom, by which channel, and what became of it.

A notice says one thing of one certificate, request or device to one recipient; it is never queued
twice. A message carries one notice, or as a digest those of many. Recipients stand here by their
codes; names and addresses are looked up when a message is written, and are kept nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from pki.records.audit import AuditEntry, AuditEvent
from pki.records.watching import WatchedCertificate, WatchedStanding


class Channel(StrEnum):
    """How messages go out; each counts by itself."""

    SMTP = "smtp"
    FILE = "file"
    STDOUT = "stdout"


class NoticeKind(StrEnum):
    """What a notice says."""

    EXPIRING = "expiring"
    ISSUED = "issued"
    RENEWED = "renewed"
    HELD = "held"
    RELEASED = "released"
    REVOKED = "revoked"
    OVERDUE = "request-overdue"
    LOST = "token-lost"


class MessageState(StrEnum):
    """What became of a message."""

    PENDING = "pending"
    SENDING = "sending"
    """Somebody is at it, or was when the process ended: whether it went out is not known."""
    SENT = "sent"
    FAILED = "failed"
    """It did not go out and is tried again."""
    REFUSED = "refused"
    """It will not go out: nobody takes it for this recipient."""
    DROPPED = "dropped"
    """What it would have said was no longer so."""


MESSAGE_MOVES = (
    (MessageState.PENDING, MessageState.SENDING),
    (MessageState.PENDING, MessageState.DROPPED),
    (MessageState.SENDING, MessageState.SENDING),
    (MessageState.SENDING, MessageState.SENT),
    (MessageState.SENDING, MessageState.FAILED),
    (MessageState.SENDING, MessageState.REFUSED),
    (MessageState.SENDING, MessageState.DROPPED),
    (MessageState.FAILED, MessageState.SENDING),
    (MessageState.FAILED, MessageState.DROPPED),
)
"""Every change of a message's state there is; the tries never fall."""

CLAIM = timedelta(minutes=15)
"""After so long a message in state `sending` is taken for left behind, and one that failed is tried
again."""
SOON_TRIES = 4
LONG_PAUSE = timedelta(hours=6)
"""After so many tries it is tried again after so long."""
MOST_TRIES = 12
"""Then it is given up."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that is told, and its key."""

    kind: NoticeKind
    number: int
    """Days before the end; of an event, its number in the log or in its table; else 0."""
    subject: str
    """`ISSUER:SERIAL`, `sha256:FINGERPRINT`, `request:ID` or `device:SERIAL`."""
    recipient: str
    """`person:CODE`, `agency:CODE`, `administrators` or `fallback`."""


@dataclass(frozen=True, slots=True)
class QueuedNotice:
    """A notice and the message that carries it."""

    notice: Notice
    message: str


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to be sent."""

    id: str
    """32 digits of lower-case hex: the first part of its Message-ID, the same at every try."""
    recipient: str
    digest: bool


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it stands."""

    sequence: int
    id: str
    channel: Channel
    recipient: str
    digest: bool
    created_at: datetime
    state: MessageState
    tries: int
    changed_at: datetime
    reason: str | None
    """Why not: a status of SMTP, or a word of ours; never what a server said."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the events of a source were looked through for a channel."""

    source: str
    """`log`, the audit log, or `watched`, statuses of other authorities' certificates."""
    upto: int


@dataclass(frozen=True, slots=True)
class QueueNotices:
    """Notices to be sent, with their messages, and how far events were looked through."""

    channel: Channel
    at: datetime
    messages: tuple[NewMessage, ...] = ()
    notices: tuple[QueuedNotice, ...] = ()
    """In new messages, or in ones that stand."""
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class MoveMessage:
    """What became of a message; it must stand as it was seen."""

    seen: Message
    state: MessageState
    at: datetime
    reason: str | None = None


NoticeChange = QueueNotices | MoveMessage


@dataclass(frozen=True, slots=True)
class Band:
    """What ends after one moment, and at another one or before it."""

    after: datetime
    upto: datetime
    days: int
    """The threshold that this is."""


@dataclass(frozen=True, slots=True)
class DueOwn:
    """A certificate of ours of which a notice is due."""

    row: int
    issuer: str
    serial: int
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Hanging:
    """On whom a certificate of ours hangs: as it was assigned, else as it was asked for."""

    person: str | None
    agency: str | None
    post: str | None


@dataclass(frozen=True, slots=True)
class WatchedTurn:
    """The status of another authority's certificate changed."""

    sequence: int
    fingerprint: str
    before: WatchedStanding | None
    standing: WatchedStanding
    at: datetime


@dataclass(frozen=True, slots=True)
class LostDevice:
    """A token that is lost."""

    serial: str
    version: int
    person: str | None
    agency: str | None


@dataclass(frozen=True, slots=True)
class MessageQuery:
    """Which messages to find, newest first; what is None does not narrow."""

    channel: Channel | None = None
    state: MessageState | None = None
    recipient: str | None = None
    limit: int = 100


class NoticeRegister(Protocol):
    """Where notices are recorded, and what the store tells of what is due.

    Changes go through `Register.commit`. Every method raises `UnavailableError` when the store
    behind it fails.
    """

    def mark(self, channel: Channel, source: str) -> int | None:
        """Return how far events were looked through; None before the first run."""
        ...

    def first_run(self, channel: Channel) -> datetime | None:
        """Return when the channel was first used."""
        ...

    def own_due(
        self, channel: Channel, band: Band, *, after: int, limit: int
    ) -> tuple[tuple[DueOwn, ...], int | None]:
        """Return certificates of ours that end in the band and of which nobody was told so.

        Left out are those of authorities and services, revoked ones, ones on hold, and ones that
        another one followed.

        Args:
            channel: how it would be told.
            band: when they end.
            after: row of the last that was looked at, 0 for the first.
            limit: how many are looked at.

        Returns:
            What was found, and the row after which to go on; None at the end.
        """
        ...

    def foreign_due(
        self, channel: Channel, band: Band, *, after: int, limit: int
    ) -> tuple[WatchedCertificate, ...]:
        """Return the same of other authorities' certificates, in their order."""
        ...

    def hanging(self, issuer: str, serial: int, day: datetime) -> Hanging:
        """Return on whom a certificate of ours hangs."""
        ...

    def is_followed(self, issuer: str, serial: int) -> bool:
        """Say whether a certificate was issued in place of this one."""
        ...

    def watched_one(self, fingerprint: str) -> tuple[WatchedCertificate, bool]:
        """Return a certificate that is followed, and whether a later one goes on for it."""
        ...

    def watched_turns(self, after: int, limit: int) -> tuple[WatchedTurn, ...]:
        """Return changes of status of other authorities' certificates, in order."""
        ...

    def last_turn(self) -> int:
        """Return the number of the last of them; 0 before the first."""
        ...

    def lost_devices(self, since: datetime) -> tuple[LostDevice, ...]:
        """Return the tokens that are lost, as was recorded after a moment."""
        ...

    def was_told(self, channel: Channel, kind: NoticeKind, number: int, subject: str) -> bool:
        """Say whether a notice of that key was queued, whoever its recipient."""
        ...

    def waiting(
        self, channel: Channel, now: datetime, *, after: int, limit: int
    ) -> tuple[Message, ...]:
        """Return the messages that may be sent now, in the order in which they were queued."""
        ...

    def count_unsent(self, channel: Channel) -> int:
        """Return how many messages wait, whether their time has come or not."""
        ...

    def notices_in(self, message: int) -> tuple[Notice, ...]:
        """Return what a message carries, in the order in which it was queued."""
        ...

    def find_messages(self, query: MessageQuery) -> tuple[Message, ...]:
        """Return the messages that match, newest first."""
        ...


class OutboxRegister(NoticeRegister, Protocol):
    """The same, with what is committed and the log."""

    def commit(self, changes: Sequence[NoticeChange], event: AuditEvent) -> None:
        """As `pki.records.register.Register.commit`."""
        ...

    def audit_entries(self, *, after: int | None = None) -> Iterator[AuditEntry]:
        """As there."""
        ...

    def last_audit_entry(self) -> AuditEntry | None:
        """As there."""
        ...
