"""What is recorded of revocation lists, and what they are made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CRLHead:
    """What is asked of an issued list again and again: 50 MB of octets are not read for it."""

    issuer: str
    number: int
    this_update: datetime
    next_update: datetime


@dataclass(frozen=True, slots=True)
class CRLRecord:
    """One issued revocation list."""

    issuer: str
    number: int
    this_update: datetime
    next_update: datetime
    der: bytes
    last_sequence: int
    """Sequence of the last change of any status that it tells of; 0 where there was none."""
    base_number: int | None = None
    """Of a delta list, the number of the full list that it adds to; None for a full list."""


Listed = tuple[str, str, datetime, datetime | None]
"""An entry of a list as it comes out of the register, a million of them without an object more:
serial (`serial_text`), name of the reason, revocation date, invalidity date; instants in UTC."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is revoked or on hold at one point of the register's order.

    Nothing that was recorded is ever changed, so the same snapshot tells the same for ever.
    """

    issuer: str
    upto: int
    """Sequence of the last change that counts."""
    after: int | None = None
    """For a delta list: only what changed after this sequence, and the holds that ended."""


@dataclass(frozen=True, slots=True)
class CRLFloor:
    """How far the lists of an authority had come before it was brought here."""

    issuer: str
    number: int
    """Highest CRL number there was; every list of ours bears a higher one."""
    this_update: datetime | None
    """Of the newest list there was; no list of ours is of a time before."""
    recorded_at: datetime
