"""Changes to the tables, one function a change. All run inside the caller's transaction.

Updates say in their WHERE what state they start from, and a change that finds another state is a
conflict: two processes can never both complete, abandon or revoke the same serial.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from pathlib import Path

from sqlalchemy import bindparam, func, insert, select, update

from pki.errors.authorities import AuthorityRetiredError
from pki.errors.certificates import KeyCompromisedError
from pki.errors.register import RegisterConflictError
from pki.errors.requests import KeyUsedElsewhereError, RequestOpenError
from pki.holder import holder_of
from pki.records.authorities import AuthorityRecord, SuccessionRecord
from pki.records.certificates import (
    CertificateRecord,
    CertificateState,
    RevocationRecord,
    serial_text,
)
from pki.records.changes import (
    Abandon,
    AddAuthority,
    AuthorityChange,
    Change,
    ChangeStatus,
    ClaimName,
    Complete,
    EnterRecord,
    Erase,
    Reserve,
    ReserveCRLNumber,
    Retire,
    Revoke,
    StoreCRL,
)
from pki.records.events import RecordEvent
from pki.records.lists import CRLRecord
from pki.records.notices import MoveMessage, QueueNotices
from pki.records.personal import PersonalChange
from pki.records.plans import PlanChange
from pki.records.requests import RequestChange
from pki.register.erasures import erase
from pki.register.events import record_event
from pki.register.folding import fold
from pki.register.holders import check_room, find_followed
from pki.register.imports import take_in
from pki.register.lists import LAST_NUMBER
from pki.register.notices import apply_notices
from pki.register.people import enter
from pki.register.people_reading import WithinWriting
from pki.register.personal import erase_personal
from pki.register.plans import apply_plan
from pki.register.prepared import Statements
from pki.register.requests import apply_request
from pki.register.status import (
    change_status,
    check_revocable,
    find_standing,
    next_sequence,
    tell_end_of_hold,
)
from pki.register.tables import (
    AUTHORITIES,
    CERTIFICATES,
    CRL_NUMBERS,
    CRLS,
    NAMES,
    REVOCATIONS,
    SUCCESSIONS,
)
from pki.registry.checks import check_entry
from pki.transitions import is_compromised

Record = AuthorityRecord | CertificateRecord | RevocationRecord | CRLRecord | SuccessionRecord


def values_of(record: Record) -> dict[str, object]:
    """Return a record's fields by the names of their columns."""
    return {name: getattr(record, name) for name in _columns(type(record))}  # type: ignore[arg-type]  # a class is hashable


@cache
def _columns(kind: type[Record]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def apply(statements: Statements, change: Change, register: Path | str) -> None:
    """Apply one change.

    Raises:
        RegisterConflictError: it does not fit the present state.
        AlreadyRevokedError: the serial is revoked.
        RefusedError: of a change of status, as `pki.transitions` says.
        KeyUsedElsewhereError: the key of a reservation certifies somebody else.
        KeyCompromisedError: a certificate of that key was revoked for its compromise.
        RequestOpenError: a serial was reserved for a request of that id.
        HolderLimitError: the holder has as many certificates of that profile as it allows.
        AuthorityRetiredError: the authority issues no more.
        PKIError: as `pki.register.people.enter`, `pki.register.requests.apply_request`,
            `pki.register.events.record_event` and `pki.register.plans.apply_plan`.
    """
    if isinstance(change, EnterRecord):
        if change.alone:  # somebody else may have changed one of them since it was looked up
            check_entry(change.record, WithinWriting(statements))
        enter(statements, change, register)
    elif isinstance(change, RequestChange):
        apply_request(statements, change)
    elif isinstance(change, RecordEvent):
        record_event(statements, change.record, register)
    elif isinstance(change, PersonalChange):
        erase_personal(statements, change)
    elif isinstance(change, QueueNotices | MoveMessage):
        apply_notices(statements, change, register)
    elif isinstance(change, PlanChange):
        apply_plan(statements, change)
    else:
        _apply(statements, change, register)


def _apply(statements: Statements, change: AuthorityChange, register: Path | str) -> None:
    match change:
        case ClaimName():
            _claim(statements, change)
        case Reserve():
            _reserve(statements, change, register)
        case Complete() | Abandon():
            _move(statements, change, register)
        case Revoke():
            _revoke(statements, change, register)
        case ChangeStatus():
            change_status(statements, change.change, register)
        case AddAuthority():
            statements.execute(_ADD_AUTHORITY, values_of(change.record))
        case Retire():
            _check_issues(statements, change.record.name)
            _check_issues(statements, change.record.successor)
            statements.execute(_RETIRE, values_of(change.record))
        case Erase():
            erase(statements, change.record, register)
        case ReserveCRLNumber() | StoreCRL():
            _take_number(statements, change, register)
        case _:
            take_in(statements, change, register)


_FIND_NAME = select(NAMES.c.name).where(NAMES.c.name == bindparam("name"))
_FIND_HOLDERS = select(
    CERTIFICATES.c.issuer, CERTIFICATES.c.serial, CERTIFICATES.c.subject, CERTIFICATES.c.state
).where(CERTIFICATES.c.spki_sha256 == bindparam("spki_sha256"))
_AT_SERIAL = (
    CERTIFICATES.c.issuer == bindparam("of_issuer"),
    CERTIFICATES.c.serial == bindparam("of_serial"),
)
_MOVE_RESERVED = update(CERTIFICATES).where(
    *_AT_SERIAL, CERTIFICATES.c.state == CertificateState.RESERVED
)
_COMPLETE = _MOVE_RESERVED.values(
    state=CertificateState.ISSUED, der=bindparam("der"), fingerprint=bindparam("fingerprint")
)
_ABANDON = _MOVE_RESERVED.values(state=CertificateState.ABANDONED)
_MARK_REVOKED = update(CERTIFICATES).where(*_AT_SERIAL).values(state=CertificateState.REVOKED)
_FIND_STATE = select(CERTIFICATES.c.state).where(*_AT_SERIAL)
_HIGHEST_CRL = select(func.max(CRLS.c.number)).where(CRLS.c.issuer == bindparam("issuer"))
_FIND_SUCCESSOR = select(SUCCESSIONS.c.successor).where(SUCCESSIONS.c.name == bindparam("name"))
_RETIRE = insert(SUCCESSIONS)
_ADD_NUMBER = insert(CRL_NUMBERS)
_ADD_NAME, _ADD_CERTIFICATE, _ADD_REVOCATION, _ADD_CRL, _ADD_AUTHORITY = map(
    insert, (NAMES, CERTIFICATES, REVOCATIONS, CRLS, AUTHORITIES)
)


def _claim(statements: Statements, change: ClaimName) -> None:
    name = {"name": change.name}
    if statements.execute(_FIND_NAME, name).first() is None:
        statements.execute(_ADD_NAME, name)


def _reserve(statements: Statements, change: Reserve, register: Path | str) -> None:
    record = change.record
    if not change.by_retired:
        _check_issues(statements, record.issuer)
    # Here no other process can come between.
    for held in statements.execute(_FIND_HOLDERS, {"spki_sha256": record.spki_sha256}).all():
        place = {"issuer": held.issuer, "serial": serial_text(held.serial)}
        if held.state is not CertificateState.ABANDONED and held.subject != record.subject:
            raise KeyUsedElsewhereError(**place)
        if is_compromised(find_standing(statements, held.issuer, held.serial)):
            raise KeyCompromisedError(**place)
    if change.replaces is not None:
        issuer = change.replaced_of or record.issuer
        standing = find_standing(statements, issuer, change.replaces)
        if standing is not None:
            raise RegisterConflictError(register=register, reason="what it replaces was revoked")
    _check_request(statements, record)
    holder, follows = holder_of(record.subject), find_followed(statements, change)
    check_room(statements, change, holder=holder, follows=follows)
    kept = {"subject_folded": fold(record.subject), "holder": holder, "follows": follows}
    statements.execute(_ADD_CERTIFICATE, {**values_of(record), **kept})


_FIND_REQUEST = select(CERTIFICATES.c.serial).where(
    CERTIFICATES.c.issuer == bindparam("issuer"),
    CERTIFICATES.c.request_id == bindparam("request_id"),
)


def _check_request(statements: Statements, record: CertificateRecord) -> None:
    """Refuse a second serial for one request: two processes may both have found none."""
    if record.request_id is None:
        return
    asked = {"issuer": record.issuer, "request_id": record.request_id}
    serial = statements.execute(_FIND_REQUEST, asked).scalar()
    if serial is not None:
        raise RequestOpenError(issuer=record.issuer, serial=serial_text(serial))


def _check_issues(statements: Statements, name: str) -> None:
    last = name
    # Ends: who is retired cannot become a successor.
    while (following := statements.execute(_FIND_SUCCESSOR, {"name": last}).scalar()) is not None:
        last = following
    if last != name:
        raise AuthorityRetiredError(authority=name, successor=last)


def _move(statements: Statements, change: Complete | Abandon, register: Path | str) -> None:
    statement, values = _ABANDON, _place(change)
    if isinstance(change, Complete):
        statement = _COMPLETE
        values |= {"der": change.der, "fingerprint": change.fingerprint}
    moved = statements.execute(statement, values)
    if moved.rowcount != 1:
        raise RegisterConflictError(register=register, reason="serial is not reserved")


def _revoke(statements: Statements, change: Revoke, register: Path | str) -> None:
    record = change.record
    place = _place(record)
    check_revocable(statements, change, register)
    state = statements.execute(_FIND_STATE, place).scalar()
    if state in {None, CertificateState.RESERVED}:
        raise RegisterConflictError(register=register, reason="serial was not issued")
    if state is CertificateState.ISSUED:
        statements.execute(_MARK_REVOKED, place)
    at = change.held_until or record.revoked_at
    values = {**values_of(record), "sequence": next_sequence(statements, record, at, register)}
    statements.execute(_ADD_REVOCATION, values)
    if change.held_until is not None:
        tell_end_of_hold(statements, values, change.held_until)


def _take_number(
    statements: Statements, change: ReserveCRLNumber | StoreCRL, register: Path | str
) -> None:
    values: dict[str, object]
    if isinstance(change, StoreCRL):
        number, highest, add = change.record.number, _HIGHEST_CRL, _ADD_CRL
        values = values_of(change.record)
    else:
        number, highest, add = change.number, LAST_NUMBER, _ADD_NUMBER
        values = {"issuer": change.issuer, "number": number}
    if number <= (statements.execute(highest, {"issuer": values["issuer"]}).scalar() or 0):
        raise RegisterConflictError(register=register, reason="CRL number does not rise")
    statements.execute(add, values)


def _place(of: Complete | Abandon | RevocationRecord) -> dict[str, object]:
    return {"of_issuer": of.issuer, "of_serial": of.serial}
