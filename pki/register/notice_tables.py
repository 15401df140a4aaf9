"""Tables of notices: codes and states, no name and no address.

A notice never changes. Of a message, state, tries, when and why change, as `MESSAGE_MOVES` says.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlmodel import SQLModel

from pki.records.notices import Channel, MessageState, NoticeKind
from pki.register.columns import UTCDateTime, Word

_COUNTED = BigInteger().with_variant(Integer, "sqlite")
UNSENT = "state IN ('pending', 'sending', 'failed')"
"""In the words of the index."""

NOTICE_MESSAGES = Table(
    "notice_messages",
    SQLModel.metadata,
    Column("sequence", _COUNTED, primary_key=True, autoincrement=False),
    Column("id", String, nullable=False),
    Column("channel", Word(Channel), nullable=False),
    Column("recipient", String, nullable=False),
    Column("digest", Boolean, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("state", Word(MessageState), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("changed_at", UTCDateTime, nullable=False),
    Column("reason", String),
    UniqueConstraint("id"),
    # Nearly all were sent, and are not found by that.
    Index(
        "ix_notice_messages_unsent",
        "sequence",
        sqlite_where=text(UNSENT),
        postgresql_where=text(UNSENT),
    ),
)
NOTICES = Table(
    "notices",
    SQLModel.metadata,
    Column("sequence", _COUNTED, primary_key=True, autoincrement=False),
    Column("channel", Word(Channel), nullable=False),
    Column("kind", Word(NoticeKind), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("subject", String, nullable=False),
    Column("recipient", String, nullable=False),
    Column("message", BigInteger, ForeignKey("notice_messages.sequence"), nullable=False),
    UniqueConstraint("subject", "kind", "number", "channel", "recipient"),
    Index("ix_notices_message", "message"),
)
NOTICE_MARKS = Table(
    "notice_marks",
    SQLModel.metadata,
    Column("channel", Word(Channel), primary_key=True),
    Column("source", String, primary_key=True),
    Column("upto", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UTCDateTime, nullable=False),
)
