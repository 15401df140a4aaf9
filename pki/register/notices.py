"""Notices in SQL: what is queued, what became of it, and what is to be sent."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BindParameter,
    and_,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from pki.errors.register import RegisterConflictError
from pki.records.notices import (
    CLAIM,
    LONG_PAUSE,
    MOST_TRIES,
    SOON_TRIES,
    Channel,
    Message,
    MessageQuery,
    MessageState,
    MoveMessage,
    Notice,
    NoticeChange,
    NoticeKind,
    QueueNotices,
)
from pki.register.notice_due import NoticesDue
from pki.register.notice_tables import NOTICE_MARKS, NOTICE_MESSAGES, NOTICES, UNSENT
from pki.register.prepared import Statements

_messages, _notices, _marks = NOTICE_MESSAGES.c, NOTICES.c, NOTICE_MARKS.c
_COLUMNS = (
    *("sequence", "id", "channel", "recipient", "digest", "created_at", "state", "tries"),
    *("changed_at", "reason"),
)
_LAST_MESSAGE = select(func.max(_messages.sequence))
_LAST_NOTICE = select(func.max(_notices.sequence))
_MESSAGE_OF = select(_messages.sequence).where(_messages.id == bindparam("message"))
_ADD_MESSAGE, _ADD_NOTICE, _ADD_MARK = map(insert, (NOTICE_MESSAGES, NOTICES, NOTICE_MARKS))
_SAME = select(_notices.sequence).where(
    *(_notices[name] == bindparam(name) for name in ("subject", "kind", "number", "channel")),
    _notices.recipient == bindparam("recipient"),
)
_MOVE = (
    update(NOTICE_MESSAGES)
    .where(
        _messages.sequence == bindparam("of_sequence"),
        _messages.state == bindparam("seen_state", type_=_messages.state.type),
        _messages.tries == bindparam("seen_tries"),
        _messages.changed_at == bindparam("seen_at", type_=_messages.changed_at.type),
    )
    .values({name: bindparam(f"new_{name}") for name in ("state", "tries", "changed_at", "reason")})
)
_UPTO = select(func.max(_marks.upto)).where(
    _marks.channel == bindparam("channel"), _marks.source == bindparam("source")
)
_FIRST_RUN = select(func.min(_marks.at)).where(_marks.channel == bindparam("channel"))
_TOLD = (
    select(_notices.sequence)
    .where(*(_notices[name] == bindparam(name) for name in ("subject", "kind", "number")))
    .where(_notices.channel == bindparam("channel"))
    .limit(1)
)


def _left(name: str) -> BindParameter[datetime]:
    return bindparam(name, type_=_messages.changed_at.type)


_UNSENT = (
    select(*(_messages[name] for name in _COLUMNS))
    .where(literal_column(UNSENT), _messages.channel == bindparam("channel"))
    .order_by(_messages.sequence)
)
_WAITING = _UNSENT.where(
    _messages.sequence > bindparam("after"),
    _messages.tries < MOST_TRIES,
    or_(
        _messages.state == MessageState.PENDING,
        and_(_messages.tries < SOON_TRIES, _messages.changed_at < _left("left")),
        _messages.changed_at < _left("left_long"),
    ),
).limit(bindparam("limit"))
_COUNT: Any = select(func.count()).where(
    literal_column(UNSENT),
    _messages.channel == bindparam("channel"),
    _messages.tries < MOST_TRIES,
)
_IN_MESSAGE = (
    select(*(_notices[name] for name in ("kind", "number", "subject", "recipient")))
    .where(_notices.message == bindparam("message"))
    .order_by(_notices.sequence)
)


def apply_notices(statements: Statements, change: NoticeChange, register: Path | str) -> None:
    """Apply one change.

    Raises:
        RegisterConflictError: such a notice was queued, or somebody else moved the message.
    """
    if isinstance(change, MoveMessage):
        _move(statements, change, register)
        return
    _queue(statements, change, register)


def _move(statements: Statements, change: MoveMessage, register: Path | str) -> None:
    seen = change.seen
    values = {
        "of_sequence": seen.sequence,
        "seen_state": seen.state,
        "seen_tries": seen.tries,
        "seen_at": seen.changed_at,
        "new_state": change.state,
        "new_tries": seen.tries + (change.state is MessageState.SENDING),
        "new_changed_at": change.at,
        "new_reason": change.reason,
    }
    if statements.execute(_MOVE, values).rowcount != 1:
        raise RegisterConflictError(register=register, reason="somebody else sends this message")


def _queue(statements: Statements, change: QueueNotices, register: Path | str) -> None:
    last = statements.execute(_LAST_MESSAGE).scalar() or 0
    for number, new in enumerate(change.messages, last + 1):
        values = {
            "sequence": number,
            "id": new.id,
            "channel": change.channel,
            "recipient": new.recipient,
            "digest": new.digest,
            "created_at": change.at,
            "state": MessageState.PENDING,
            "tries": 0,
            "changed_at": change.at,
            "reason": None,
        }
        statements.execute(_ADD_MESSAGE, values)
    last = statements.execute(_LAST_NOTICE).scalar() or 0
    for number, queued in enumerate(change.notices, last + 1):
        notice = queued.notice
        names = ("kind", "number", "subject", "recipient")
        key: dict[str, object] = {name: getattr(notice, name) for name in names}
        key["channel"] = change.channel
        if statements.execute(_SAME, key).first() is not None:
            raise RegisterConflictError(register=register, reason="the notice was queued before")
        message = statements.execute(_MESSAGE_OF, {"message": queued.message}).scalar()
        statements.execute(_ADD_NOTICE, {**key, "sequence": number, "message": message})
    for mark in change.marks:
        place = {"channel": change.channel, "source": mark.source}
        upto = statements.execute(_UPTO, place).scalar()
        if upto is None or upto < mark.upto:
            statements.execute(_ADD_MARK, {**place, "upto": mark.upto, "at": change.at})


class Outbox(NoticesDue):
    """`NoticeRegister` over SQL tables."""

    def mark(self, channel: Channel, source: str) -> int | None:
        """Return how far events were looked through; None before the first run."""
        found = self._transactions.read(_UPTO, {"channel": channel, "source": source})
        upto: int | None = found[0][0]
        return upto

    def first_run(self, channel: Channel) -> datetime | None:
        """Return when the channel was first used."""
        found: datetime | None = self._transactions.read(_FIRST_RUN, {"channel": channel})[0][0]
        return found

    def was_told(self, channel: Channel, kind: NoticeKind, number: int, subject: str) -> bool:
        """Say whether a notice of that key was queued, whoever its recipient."""
        key = {"channel": channel, "kind": kind, "number": number, "subject": subject}
        return bool(self._transactions.read(_TOLD, key))

    def waiting(
        self, channel: Channel, now: datetime, *, after: int, limit: int
    ) -> tuple[Message, ...]:
        """Return the messages that may be sent now, in the order in which they were queued."""
        asked = {"channel": channel, "left": now - CLAIM, "left_long": now - LONG_PAUSE}
        asked |= {"after": after, "limit": limit}
        return tuple(Message(*row) for row in self._transactions.read(_WAITING, asked))

    def count_unsent(self, channel: Channel) -> int:
        """Return how many messages wait, whether their time has come or not."""
        return int(self._transactions.read(_COUNT, {"channel": channel})[0][0])

    def notices_in(self, message: int) -> tuple[Notice, ...]:
        """Return what a message carries, in the order in which it was queued."""
        return tuple(
            Notice(*row) for row in self._transactions.read(_IN_MESSAGE, {"message": message})
        )

    def find_messages(self, query: MessageQuery) -> tuple[Message, ...]:
        """Return the messages that match, newest first."""
        wanted = select(*(_messages[name] for name in _COLUMNS))
        wanted = wanted.order_by(_messages.sequence.desc()).limit(query.limit)
        asked: dict[str, Any] = {}
        for name in ("channel", "state", "recipient"):
            if (value := getattr(query, name)) is not None:
                asked[name] = value
                wanted = wanted.where(_messages[name] == bindparam(name))
        return tuple(Message(*row) for row in self._transactions.read(wanted, asked))
