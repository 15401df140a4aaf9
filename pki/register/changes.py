"""Changes to the tables, one function a change. All run inside the caller's transaction.

Updates say in their WHERE what state they start from, and a change that finds another state is a
conflict: two processes can never both complete, abandon or revoke the same serial.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import assert_never

from sqlalchemy import Connection, func, insert, select, update

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
from pki.register.tables import AUTHORITIES, CERTIFICATES, CRLS, NAMES, REVOCATIONS

Record = AuthorityRecord | CertificateRecord | RevocationRecord | CRLRecord


def values_of(record: Record) -> dict[str, object]:
    """Return a record's fields by the names of their columns."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def apply(connection: Connection, change: Change, register: Path) -> None:
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
            _move(connection, change, register, state=CertificateState.ISSUED, **values)
        case Abandon():
            _move(connection, change, register, state=CertificateState.ABANDONED)
        case Revoke():
            _revoke(connection, change, register)
        case AddAuthority():
            connection.execute(insert(AUTHORITIES), values_of(change.record))
        case StoreCRL():
            _store_crl(connection, change, register)
        case _:
            assert_never(change)


def _claim(connection: Connection, change: ClaimName) -> None:
    standing = connection.execute(select(NAMES.c.name).where(NAMES.c.name == change.name)).first()
    if standing is None:
        connection.execute(insert(NAMES), {"name": change.name})


def _reserve(connection: Connection, change: Reserve) -> None:
    record = change.record
    taken = connection.execute(
        select(CERTIFICATES.c.issuer, CERTIFICATES.c.serial).where(
            CERTIFICATES.c.spki_sha256 == record.spki_sha256,
            CERTIFICATES.c.subject != record.subject,
            CERTIFICATES.c.state != CertificateState.ABANDONED,
        )
    ).first()
    if taken is not None:
        # Asked before as well; here no other process can come between.
        raise KeyUsedElsewhereError(issuer=taken.issuer, serial=serial_text(taken.serial))
    connection.execute(insert(CERTIFICATES), values_of(record))


def _move(
    connection: Connection, change: Complete | Abandon, register: Path, **values: object
) -> None:
    moved = connection.execute(
        update(CERTIFICATES)
        .where(
            CERTIFICATES.c.issuer == change.issuer,
            CERTIFICATES.c.serial == change.serial,
            CERTIFICATES.c.state == CertificateState.RESERVED,
        )
        .values(values)
    )
    if moved.rowcount != 1:
        raise RegisterConflictError(register=register, reason="serial is not reserved")


def _revoke(connection: Connection, change: Revoke, register: Path) -> None:
    record = change.record
    certificate = (
        CERTIFICATES.c.issuer == record.issuer,
        CERTIFICATES.c.serial == record.serial,
    )
    standing = connection.execute(
        select(REVOCATIONS.c.revoked_at).where(
            REVOCATIONS.c.issuer == record.issuer, REVOCATIONS.c.serial == record.serial
        )
    ).scalar()
    if standing is not None:
        raise AlreadyRevokedError(serial=serial_text(record.serial), revoked_at=standing)
    state = connection.execute(select(CERTIFICATES.c.state).where(*certificate)).scalar()
    if state in {None, CertificateState.RESERVED}:
        raise RegisterConflictError(register=register, reason="serial was not issued")
    if state is CertificateState.ISSUED:
        revoked = update(CERTIFICATES).where(*certificate).values(state=CertificateState.REVOKED)
        connection.execute(revoked)
    values = values_of(record)
    del values["sequence"]  # the database gives it
    connection.execute(insert(REVOCATIONS), values)


def _store_crl(connection: Connection, change: StoreCRL, register: Path) -> None:
    highest = connection.execute(
        select(func.max(CRLS.c.number)).where(CRLS.c.issuer == change.record.issuer)
    ).scalar()
    if highest is not None and change.record.number <= highest:
        raise RegisterConflictError(register=register, reason="CRL number does not rise")
    connection.execute(insert(CRLS), values_of(change.record))
