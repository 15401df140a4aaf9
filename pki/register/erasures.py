"""Empties what a certificate's row says of a person, beside a row that says so for good."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from sqlalchemy import bindparam, case, insert, select, update

from pki.errors.register import RegisterConflictError
from pki.records.certificates import ErasureRecord
from pki.register.plans import empty_line
from pki.register.prepared import Statements
from pki.register.request_tables import REQUEST_CONTENTS
from pki.register.tables import CERTIFICATES, ERASURES

FIND_ERASURE = select(*(ERASURES.c[field.name] for field in fields(ErasureRecord))).where(
    ERASURES.c.issuer == bindparam("issuer"), ERASURES.c.serial == bindparam("serial")
)
"""The fields of an `ErasureRecord`: a row or none."""
_ADD = insert(ERASURES)
_EMPTY = (
    update(CERTIFICATES)
    .where(
        CERTIFICATES.c.issuer == bindparam("of_issuer"),
        CERTIFICATES.c.serial == bindparam("of_serial"),
    )
    .values(
        tbs_der=b"",
        # What was no certificate is none afterwards.
        der=case((CERTIFICATES.c.der.is_not(None), b""), else_=None),
        subject="",
        subject_folded="",
        holder="",
        request_id=None,
        request_sha256=None,
        requester="",
    )
)

_EMPTY_REQUEST = (
    update(REQUEST_CONTENTS)
    .where(
        REQUEST_CONTENTS.c.id
        == select(CERTIFICATES.c.request_id)
        .where(
            CERTIFICATES.c.issuer == bindparam("of_issuer"),
            CERTIFICATES.c.serial == bindparam("of_serial"),
        )
        .scalar_subquery()
    )
    .values(content=b"")
)
"""What was asked for says the same of the person as the certificate."""


def erase(statements: Statements, record: ErasureRecord, register: Path | str) -> None:
    """Say so first: the guards let the content go beside that row alone.

    Raises:
        RegisterConflictError: it is erased, or the guards refuse.
    """
    place = {"issuer": record.issuer, "serial": record.serial}
    if statements.execute(FIND_ERASURE, place).first() is not None:
        raise RegisterConflictError(register=register, reason="serial is erased")
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    statements.execute(_ADD, values)
    emptied = {"of_issuer": record.issuer, "of_serial": record.serial}
    statements.execute(_EMPTY_REQUEST, emptied)
    empty_line(statements, record.issuer, record.serial)
    statements.execute(_EMPTY, emptied)
