"""What comes from other authorities' files: certificates, CRL numbers, foreign certificates."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from sqlalchemy import bindparam, func, insert, select, update

from pki.holder import holder_of
from pki.records.certificates import CertificateState, ForeignCertificate
from pki.records.changes import Follow, ImportCertificate, RaiseCRLFloor, Watch
from pki.records.lists import CRLFloor
from pki.register.folding import fold
from pki.register.prepared import Statements
from pki.register.tables import CERTIFICATES, CRL_FLOORS, FOREIGN_CERTIFICATES
from pki.register.watching import follow, take_subject

FLOOR = (
    select(
        CRL_FLOORS.c.issuer,
        func.max(CRL_FLOORS.c.number),
        func.max(CRL_FLOORS.c.this_update, type_=CRL_FLOORS.c.this_update.type),
        func.max(CRL_FLOORS.c.recorded_at, type_=CRL_FLOORS.c.recorded_at.type),
    )
    .where(CRL_FLOORS.c.issuer == bindparam("issuer"))
    .group_by(CRL_FLOORS.c.issuer)
)
"""The fields of a `CRLFloor`: a row or none."""
FOREIGN = select(
    *(FOREIGN_CERTIFICATES.c[field.name] for field in fields(ForeignCertificate))
).order_by(FOREIGN_CERTIFICATES.c.not_after, FOREIGN_CERTIFICATES.c.fingerprint)
"""The fields of every `ForeignCertificate`."""
FOREIGN_AT = FOREIGN.where(
    FOREIGN_CERTIFICATES.c.issuer_sha256 == bindparam("issuer_sha256"),
    FOREIGN_CERTIFICATES.c.serial == bindparam("serial"),
)
_ADD = insert(CERTIFICATES)
_MOVE = (
    update(CERTIFICATES)
    .where(
        CERTIFICATES.c.issuer == bindparam("of_issuer"),
        CERTIFICATES.c.serial == bindparam("of_serial"),
    )
    .values(
        state=bindparam("to_state"),
        der=bindparam("to_der"),
        fingerprint=bindparam("to_fingerprint"),
    )
)
_ADD_FLOOR, _ADD_FOREIGN = insert(CRL_FLOORS), insert(FOREIGN_CERTIFICATES)


def take_in(
    statements: Statements,
    change: ImportCertificate | RaiseCRLFloor | Watch | Follow,
    register: Path | str,
) -> None:
    """Record what came from outside; what stands already is not written over.

    Raises:
        RegisterConflictError: a status of a certificate that is not followed.
    """
    if isinstance(change, Follow):
        follow(statements, change, register)
        return
    if isinstance(change, ImportCertificate):
        _take_certificate(statements, change)
        return
    record: CRLFloor | ForeignCertificate
    if isinstance(change, Watch):
        statement, record = _ADD_FOREIGN, change.record
    else:
        statement, record = _ADD_FLOOR, change.floor
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    statements.execute(statement, values)
    if isinstance(change, Watch) and change.subject is not None:
        take_subject(statements, change.record, change.subject)


def _kept(subject: str) -> dict[str, str]:
    return {"subject_folded": fold(subject), "holder": holder_of(subject)}


def _take_certificate(statements: Statements, change: ImportCertificate) -> None:
    """Go the way that the database's guards know: reserved, then what it is."""
    record = change.record
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    started = {"state": CertificateState.RESERVED, "der": None, "fingerprint": None}
    statements.execute(_ADD, {**values, **started, **_kept(record.subject)})
    moved = {f"to_{name}": values[name] for name in ("state", "der", "fingerprint")}
    place = {"of_issuer": record.issuer, "of_serial": record.serial}
    statements.execute(_MOVE, {**moved, **place})
