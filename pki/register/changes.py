"""Changes to the tables, one function a change. All run inside the caller's transaction.

Updates say in their WHERE what state they start from, and a change that finds another state is a
conflict: two processes can never both complete, abandon or revoke the same serial.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import assert_never

from sqlalchemy import CursorResult, update
from sqlmodel import Session, col, desc, select

from pki.errors import AlreadyRevokedError, KeyUsedElsewhereError, RegisterConflictError
from pki.records import (
    Abandon,
    AddAuthority,
    CertificateState,
    Change,
    ClaimName,
    Complete,
    Reserve,
    Revoke,
    StoreCRL,
    serial_text,
)
from pki.register import rows
from pki.register.tables import CertificateRow, CRLRow, NameRow, RevocationRow


def apply(session: Session, change: Change, register: Path) -> None:
    """Apply one change.

    Raises:
        RegisterConflictError: it does not fit the present state.
        AlreadyRevokedError: the serial is revoked.
        KeyUsedElsewhereError: the key of a reservation certifies somebody else.
    """
    match change:
        case ClaimName():
            if session.get(NameRow, change.name) is None:
                session.add(NameRow(name=change.name))
        case Reserve():
            _reserve(session, change)
        case Complete():
            values = {"der": change.der, "fingerprint": change.fingerprint}
            _move(session, change, CertificateState.ISSUED, values, register)
        case Abandon():
            _move(session, change, CertificateState.ABANDONED, {}, register)
        case Revoke():
            _revoke(session, change, register)
        case AddAuthority():
            session.add(rows.authority_row(change.record))
        case StoreCRL():
            _store_crl(session, change, register)
        case _:
            assert_never(change)
    session.flush()


def _reserve(session: Session, change: Reserve) -> None:
    record = change.record
    taken = session.exec(
        select(CertificateRow.issuer, CertificateRow.serial).where(
            CertificateRow.spki_sha256 == record.spki_sha256,
            CertificateRow.subject != record.subject,
            CertificateRow.state != CertificateState.ABANDONED.value,
        )
    ).first()
    if taken is not None:
        # Asked before as well; here no other process can come between.
        raise KeyUsedElsewhereError(issuer=taken[0], serial=taken[1])
    session.add(rows.certificate_row(record))


def _move(
    session: Session,
    change: Complete | Abandon,
    state: CertificateState,
    values: Mapping[str, object],
    register: Path,
) -> None:
    moved = session.execute(
        update(CertificateRow)
        .where(
            col(CertificateRow.issuer) == change.issuer,
            col(CertificateRow.serial) == serial_text(change.serial),
            col(CertificateRow.state) == CertificateState.RESERVED.value,
        )
        .values(state=state.value, **values)
    )
    if not isinstance(moved, CursorResult) or moved.rowcount != 1:
        raise RegisterConflictError(register=register, reason="serial is not reserved")


def _revoke(session: Session, change: Revoke, register: Path) -> None:
    record = change.record
    serial = serial_text(record.serial)
    query = select(RevocationRow).where(
        RevocationRow.issuer == record.issuer, RevocationRow.serial == serial
    )
    standing = session.exec(query).first()
    if standing is not None:
        raise AlreadyRevokedError(serial=serial, revoked_at=standing.revoked_at)
    row = session.exec(
        select(CertificateRow).where(
            CertificateRow.issuer == record.issuer, CertificateRow.serial == serial
        )
    ).first()
    if row is None or row.state == CertificateState.RESERVED.value:
        raise RegisterConflictError(register=register, reason="serial was not issued")
    if row.state == CertificateState.ISSUED.value:
        row.state = CertificateState.REVOKED.value
        session.add(row)
    session.add(rows.revocation_row(record))


def _store_crl(session: Session, change: StoreCRL, register: Path) -> None:
    highest = session.exec(
        select(CRLRow.number)
        .where(CRLRow.issuer == change.record.issuer)
        .order_by(desc(col(CRLRow.number)))
        .limit(1)
    ).first()
    if highest is not None and change.record.number <= highest:
        raise RegisterConflictError(register=register, reason="CRL number does not rise")
    session.add(rows.crl_row(change.record))
