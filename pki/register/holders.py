"""How many certificates a holder has for one purpose, asked while nobody else can reserve one.

One that follows another takes its place, also while both are in force: each certificate that
counts may have the one before it beside it, and that one alone.
"""

from __future__ import annotations

from sqlalchemy import bindparam, or_, select

from pki.errors.requests import HolderLimitError
from pki.records.certificates import CertificateState, serial_text
from pki.records.changes import Reserve
from pki.register.prepared import Statements
from pki.register.tables import CERTIFICATES

_of = CERTIFICATES.c
_FIND_ROW = select(_of.id).where(
    _of.issuer == bindparam("issuer"), _of.serial == bindparam("serial")
)
_FIND_ACTIVE = select(_of.id, _of.serial, _of.follows).where(
    _of.holder == bindparam("holder"),
    _of.profile == bindparam("profile"),
    _of.not_after >= bindparam("now"),
    # What is on hold is issued, and what is reserved may become so.
    or_(_of.state == CertificateState.RESERVED, _of.state == CertificateState.ISSUED),
)


def find_followed(statements: Statements, change: Reserve) -> int | None:
    """Return the number of the row of what a reservation replaces."""
    if change.replaces is None:
        return None
    place = {"issuer": change.replaced_of or change.record.issuer, "serial": change.replaces}
    row: int | None = statements.execute(_FIND_ROW, place).scalar()
    return row


def check_room(
    statements: Statements, change: Reserve, *, holder: str, follows: int | None
) -> None:
    """Refuse one certificate more than a holder may have for the purpose.

    Raises:
        HolderLimitError: that many are in force.
    """
    if change.at_most is None:
        return
    record = change.record
    asked = {"holder": holder, "profile": record.profile, "now": record.reserved_at}
    active = statements.execute(_FIND_ACTIVE, asked).all()
    if len(active) < change.at_most:
        return
    followed = {follows, *(one.follows for one in active)}
    newest = [one for one in active if one.id not in followed]
    beside = {follows, *(one.follows for one in newest)}
    counted = [one for one in active if one.id not in beside]
    if len(counted) >= change.at_most:
        serials = tuple(serial_text(one.serial) for one in counted)
        raise HolderLimitError(profile=record.profile, limit=change.at_most, serials=serials)
