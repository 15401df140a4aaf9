"""Finds what is to be told and queues it: each notice once, with the message that carries it.

What is queued is committed page by page, together with how far events were looked through; so a run
that is broken off leaves out nothing and queues nothing twice, and memory stays flat.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice

from pki.audit.entry import read_content
from pki.notices.due import bands, lives_longer
from pki.notices.recipients import Addressed, Recipients
from pki.notices.world import World
from pki.records.audit import AuditEntry, AuditEvent
from pki.records.notices import (
    Band,
    Channel,
    Hanging,
    Mark,
    NewMessage,
    Notice,
    NoticeKind,
    QueuedNotice,
    QueueNotices,
    WatchedTurn,
)
from pki.records.people import foreign_key, own_key
from pki.records.requests import OPEN, CaseQuery
from pki.records.watching import WatchedStanding

PAGE = 1000
LONGEST_DIGEST = 1000
OLD_NEWS = timedelta(days=30)
"""An event of longer ago is told to nobody any more."""
_EVENTS = {
    "certificate.issue": NoticeKind.ISSUED,
    "certificate.hold": NoticeKind.HELD,
    "certificate.release": NoticeKind.RELEASED,
    "certificate.revoke": NoticeKind.REVOKED,
}
_ABOUT = b'{"action":"certificate.'
"""How an entry of the log begins that may be one of these."""


@dataclass(slots=True)
class Gathered:
    """What was queued in one run, or would be."""

    notices: Counter[str] = field(default_factory=Counter)
    """By kind."""
    messages: int = 0


@dataclass(slots=True)
class Gatherer:
    """Looks for what is due, for one channel at one moment."""

    world: World
    channel: Channel
    actor: str
    dry: bool = False
    """Nothing is recorded."""
    tell: Callable[[Notice], None] = lambda _: None
    """Is given each notice, once it is queued."""
    gathered: Gathered = field(default_factory=Gathered, init=False)
    _recipients: Recipients = field(init=False)
    _services: frozenset[str] = field(init=False)
    _messages: list[NewMessage] = field(default_factory=list, init=False)
    _notices: list[QueuedNotice] = field(default_factory=list, init=False)
    _digests: dict[str, tuple[str, int]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Know recipients and what is no subscriber's."""
        self._recipients = self.world.recipients()
        self._services = self.world.services()

    def gather(self) -> Gathered:
        """Queue everything that is due.

        Raises:
            RegisterConflictError: another process queues the same; try again.
            UnavailableError: the register does not answer.
        """
        if self.world.outbox.mark(self.channel, "log") is None:
            self._begin()
        else:
            self._read_log()
            self._read_turns()
        self._look_at_ends()
        self._look_at_requests()
        self._look_at_devices()
        self._flush()
        return self.gathered

    def _begin(self) -> None:
        """Let events count from here on."""
        last = self.world.outbox.last_audit_entry()
        sequence = last.sequence if last is not None else 0
        self._flush(Mark("log", sequence), Mark("watched", self.world.outbox.last_turn()))

    def _look_at_ends(self) -> None:
        for band in bands(self.world.now, self.world.rules.days):
            self._own_ends(band)
            self._foreign_ends(band)

    def _own_ends(self, band: Band) -> None:
        outbox, after = self.world.outbox, 0
        while True:
            found, last = outbox.own_due(self.channel, band, after=after, limit=PAGE)
            for one in found:
                if lives_longer(one.not_before, one.not_after, band.days):
                    hanging = self.world.hanging_own(one.issuer, one.serial)
                    subject = own_key(one.issuer, one.serial)
                    self._add(NoticeKind.EXPIRING, band.days, subject, hanging)
            self._flush()
            if last is None:
                return
            after = last

    def _foreign_ends(self, band: Band) -> None:
        outbox, after = self.world.outbox, 0
        while found := outbox.foreign_due(self.channel, band, after=after, limit=PAGE):
            for one in found:
                told = one.subject
                if lives_longer(one.not_before, told.not_after, band.days):
                    hanging = self.world.hanging_foreign(told.fingerprint, told)
                    subject = foreign_key(told.fingerprint)
                    self._add(NoticeKind.EXPIRING, band.days, subject, hanging)
            self._flush()
            after = found[-1].sequence

    def _read_log(self) -> None:
        upto = self.world.outbox.mark(self.channel, "log") or 0
        while entries := self._entries(upto):
            before = self.gathered.notices.total()
            for entry in entries:
                if entry.content.startswith(_ABOUT):
                    self._event(entry)
            upto = entries[-1].sequence
            if self.gathered.notices.total() > before or len(entries) == PAGE:
                self._flush(Mark("log", upto))

    def _entries(self, after: int) -> list[AuditEntry]:
        with closing(self.world.outbox.audit_entries(after=after)) as entries:  # type: ignore[type-var]  # a generator
            return list(islice(entries, PAGE))

    def _event(self, entry: AuditEntry) -> None:
        read = read_content(entry.content)
        kind = _EVENTS.get(read[1].action) if read is not None else None
        if read is None or kind is None or read[1].at < self.world.now - OLD_NEWS:
            return
        facts = dict(read[1].facts)
        if "replaces" in facts:
            kind = NoticeKind.RENEWED
        issuer, serial = facts["issuer"], int(facts["serial"], 16)
        record = self.world.certificates.find_certificate(issuer, serial)
        if record is None or record.profile in self._services:
            return
        hanging = self.world.hanging_own(issuer, serial)
        self._add(kind, entry.sequence, own_key(issuer, serial), hanging)

    def _read_turns(self) -> None:
        upto = self.world.outbox.mark(self.channel, "watched") or 0
        while turns := self.world.outbox.watched_turns(upto, PAGE):
            for turn in turns:
                kind = _kind_of(turn)
                if kind is not None and turn.at >= self.world.now - OLD_NEWS:
                    self._turned(turn, kind)
            upto = turns[-1].sequence
            self._flush(Mark("watched", upto))

    def _turned(self, turn: WatchedTurn, kind: NoticeKind) -> None:
        certificate, _ = self.world.outbox.watched_one(turn.fingerprint)
        hanging = self.world.hanging_foreign(turn.fingerprint, certificate.subject)
        self._add(kind, turn.sequence, foreign_key(turn.fingerprint), hanging)

    def _look_at_requests(self) -> None:
        for case in self.world.cases.list(CaseQuery(OPEN)):
            due, subject = self.world.calendar.due_of(case), f"request:{case.record.id}"
            if due is not None and due.is_over(self.world.now):
                self._once(NoticeKind.OVERDUE, 0, subject, self._recipients.office())

    def _look_at_devices(self) -> None:
        since = self.world.outbox.first_run(self.channel)
        for one in self.world.outbox.lost_devices(since) if since is not None else ():
            to = self._recipients.of(Hanging(one.person, one.agency, None))
            self._once(NoticeKind.LOST, one.version, f"device:{one.serial}", to)

    def _once(self, kind: NoticeKind, number: int, subject: str, to: tuple[Addressed, ...]) -> None:
        if not self.world.outbox.was_told(self.channel, kind, number, subject):
            self._to(kind, number, subject, to)

    def _add(self, kind: NoticeKind, number: int, subject: str, hanging: Hanging) -> None:
        self._to(kind, number, subject, self._recipients.of(hanging))

    def _to(self, kind: NoticeKind, number: int, subject: str, to: tuple[Addressed, ...]) -> None:
        self.gathered.notices[str(kind)] += 1
        for one in to:
            notice = Notice(kind, number, subject, one.code)
            self._notices.append(QueuedNotice(notice, self._message(notice, digest=one.digest)))

    def _message(self, notice: Notice, *, digest: bool) -> str:
        """Return the message that carries a notice: one of its own, or its recipient's digest."""
        code = notice.recipient
        message, carried = self._digests.get(code, ("", LONGEST_DIGEST)) if digest else ("", 0)
        if not digest or carried >= LONGEST_DIGEST:
            message, carried = message_id(self.channel, notice, digest=digest), 0
            self._messages.append(NewMessage(message, code, digest))
            self.gathered.messages += 1
        if digest:
            self._digests[code] = (message, carried + 1)
        return message

    def _flush(self, *marks: Mark) -> None:
        notices, messages = tuple(self._notices), tuple(self._messages)
        self._notices.clear()
        self._messages.clear()
        if (notices or marks) and not self.dry:
            now = self.world.now
            change = QueueNotices(self.channel, now, messages, notices, marks)
            keys = "\n".join(_key(self.channel, one.notice) for one in notices)
            facts = (
                ("channel", str(self.channel)),
                ("notices", str(len(notices))),
                ("messages", str(len(messages))),
                ("sha256", hashlib.sha256(keys.encode()).hexdigest()),
            )
            event = AuditEvent(now, self.actor, "notice.queue", facts)
            self.world.outbox.commit((change,), event)
        for one in notices:
            self.tell(one.notice)


def message_id(channel: Channel, notice: Notice, *, digest: bool) -> str:
    """Return the id of the message whose first notice this is; no other has that notice."""
    key = f"{'digest' if digest else 'one'}\n{_key(channel, notice)}"
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _key(channel: Channel, notice: Notice) -> str:
    told = (channel, notice.kind, str(notice.number), notice.subject, notice.recipient)
    return "\t".join(map(str, told))


def _kind_of(turn: WatchedTurn) -> NoticeKind | None:
    """Return what a change of status is called, where anybody is told of it."""
    match turn.before, turn.standing:
        case _, WatchedStanding.REVOKED:
            return NoticeKind.REVOKED
        case _, WatchedStanding.HELD:
            return NoticeKind.HELD
        case WatchedStanding.HELD, WatchedStanding.GOOD:
            return NoticeKind.RELEASED
        case _:
            return None
