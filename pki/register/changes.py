"""Changes to the tables, one function a change. All run inside the caller's transaction.

Updates say in their WHERE what state they start from, and a change that finds another state is a
conflict: two processes can never both complete, abandon or revoke the same serial.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import assert_never

from sqlalchemy import Connection, Update, bindparam, func, insert, select, update

from pki.errors import AlreadyRevokedError, KeyUsedElsewhereError, RegisterConflictError
from pki.records import (
    Abandon,
    AddAuthority,
    AuthorityRecord,
    CertificateRecord,
    CertificateState,
    Change,
    ClaimName,
    Complete,
    CRLRecord,
    Reserve,
    RevocationRecord,
    Revoke,
    StoreCRL,
    serial_text,
)
from pki.register.folding import fold
from pki.register.tables import AUTHORITIES, CERTIFICATES, CRLS, NAMES, REVOCATIONS

Record = AuthorityRecord | CertificateRecord | RevocationRecord | CRLRecord


def values_of(record: Record) -> dict[str, object]:
    """Return a record's fields by the names of their columns."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def apply(connection: Connection, change: Change, register: Path | str) -> None:
    """Apply one change.

    Raises:
        RegisterConflictError: it does not fit the present state.
        AlreadyRevokedError: the serial is revoked.
        KeyUsedElsewhereError: the key of a reservation certifies somebody else.
    """
    match change:
        case ClaimName():
            _claim(connection, change)
        case Reserve():
            _reserve(connection, change)
        case Complete():
            values = {"der": change.der, "fingerprint": change.fingerprint}
            _move(connection, _COMPLETE, change, register=register, **values)
        case Abandon():
            _move(connection, _ABANDON, change, register=register)
        case Revoke():
            _revoke(connection, change, register)
        case AddAuthority():
            connection.execute(_ADD_AUTHORITY, values_of(change.record))
        case StoreCRL():
            _store_crl(connection, change, register)
        case _:
            assert_never(change)


_FIND_NAME = select(NAMES.c.name).where(NAMES.c.name == bindparam("name"))
_FIND_OTHER_HOLDER = select(CERTIFICATES.c.issuer, CERTIFICATES.c.serial).where(
    CERTIFICATES.c.spki_sha256 == bindparam("spki_sha256"),
    CERTIFICATES.c.subject != bindparam("subject"),
    CERTIFICATES.c.state != CertificateState.ABANDONED,
)
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
_FIND_REVOCATION = select(REVOCATIONS.c.revoked_at).where(
    REVOCATIONS.c.issuer == bindparam("of_issuer"), REVOCATIONS.c.serial == bindparam("of_serial")
)
_HIGHEST_CRL = select(func.max(CRLS.c.number)).where(CRLS.c.issuer == bindparam("issuer"))
_ADD_NAME, _ADD_CERTIFICATE, _ADD_REVOCATION, _ADD_CRL, _ADD_AUTHORITY = map(
    insert, (NAMES, CERTIFICATES, REVOCATIONS, CRLS, AUTHORITIES)
)


def _claim(connection: Connection, change: ClaimName) -> None:
    name = {"name": change.name}
    if connection.execute(_FIND_NAME, name).first() is None:
        connection.execute(_ADD_NAME, name)


def _reserve(connection: Connection, change: Reserve) -> None:
    record = change.record
    key = {"spki_sha256": record.spki_sha256, "subject": record.subject}
    taken = connection.execute(_FIND_OTHER_HOLDER, key).first()
    if taken is not None:
        # Asked before as well; here no other process can come between.
        raise KeyUsedElsewhereError(issuer=taken.issuer, serial=serial_text(taken.serial))
    values = {**values_of(record), "subject_folded": fold(record.subject)}
    connection.execute(_ADD_CERTIFICATE, values)


def _move(
    connection: Connection,
    statement: Update,
    change: Complete | Abandon,
    *,
    register: Path | str,
    **values: object,
) -> None:
    moved = connection.execute(statement, {**_place(change), **values})
    if moved.rowcount != 1:
        raise RegisterConflictError(register=register, reason="serial is not reserved")


def _revoke(connection: Connection, change: Revoke, register: Path | str) -> None:
    record = change.record
    place = _place(record)
    standing = connection.execute(_FIND_REVOCATION, place).scalar()
    if standing is not None:
        raise AlreadyRevokedError(serial=serial_text(record.serial), revoked_at=standing)
    state = connection.execute(_FIND_STATE, place).scalar()
    if state in {None, CertificateState.RESERVED}:
        raise RegisterConflictError(register=register, reason="serial was not issued")
    if state is CertificateState.ISSUED:
        connection.execute(_MARK_REVOKED, place)
    values = values_of(record)
    del values["sequence"]  # the database gives it
    connection.execute(_ADD_REVOCATION, values)


def _store_crl(connection: Connection, change: StoreCRL, register: Path | str) -> None:
    highest = connection.execute(_HIGHEST_CRL, {"issuer": change.record.issuer}).scalar()
    if highest is not None and change.record.number <= highest:
        raise RegisterConflictError(register=register, reason="CRL number does not rise")
    connection.execute(_ADD_CRL, values_of(change.record))


def _place(of: Complete | Abandon | RevocationRecord) -> dict[str, object]:
    return {"of_issuer": of.issuer, "of_serial": of.serial}
