"""Empties what speaks of a person, beside a row that says so for good."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import bindparam, insert, or_, select, update

from pki.records.certificates import ErasureReason, ForeignCertificate
from pki.records.personal import ErasePerson, ForeignErasure, PersonalChange, PersonErasure
from pki.register.people_tables import PEOPLE
from pki.register.personal_guards import EMPTIED, ENDED_WITHOUT
from pki.register.personal_tables import FOREIGN_ERASURES, PERSON_ERASURES
from pki.register.prepared import Statements
from pki.register.request_tables import REQUEST_CONTENTS, REQUEST_MOVES, REQUESTS
from pki.register.tables import FOREIGN_CERTIFICATES
from pki.register.transactions import Transactions
from pki.register.watching_tables import WATCHED, WATCHED_SUBJECTS

R = TypeVar("R", PersonErasure, ForeignErasure)
_ADD_PERSON, _ADD_FOREIGN = insert(PERSON_ERASURES), insert(FOREIGN_ERASURES)
_FIND_PERSON = select(*PERSON_ERASURES.c).where(PERSON_ERASURES.c.code == bindparam("code"))
_FIND_FOREIGN = select(*FOREIGN_ERASURES.c).where(
    FOREIGN_ERASURES.c.fingerprint == bindparam("fingerprint")
)


def _nothing(table: str) -> dict[str, str | None]:
    _, empty, null, _ = EMPTIED[table]
    return {**dict.fromkeys(empty, ""), **dict.fromkeys(null)}


_EMPTY_PERSON = (
    update(PEOPLE).where(PEOPLE.c.code == bindparam("of_code")).values(**_nothing("people"))
)
_FOREIGN_OF = select(
    *(FOREIGN_CERTIFICATES.c[field.name] for field in fields(ForeignCertificate))
).where(FOREIGN_CERTIFICATES.c.fingerprint == bindparam("fingerprint"))
_EMPTY_WORDS = (
    update(REQUEST_CONTENTS)
    .where(
        REQUEST_CONTENTS.c.id.in_(
            select(REQUESTS.c.id)
            .join_from(REQUESTS, REQUEST_MOVES, REQUEST_MOVES.c.request == REQUESTS.c.id)
            .where(
                REQUESTS.c.person == bindparam("of_code"),
                or_(*(REQUEST_MOVES.c.state == str(state) for state in ENDED_WITHOUT)),
            )
        )
    )
    .values(content=b"")
)
"""What was asked for the person and came to nothing; no step follows those three."""
_EMPTY_FOREIGN = (
    update(FOREIGN_CERTIFICATES)
    .where(FOREIGN_CERTIFICATES.c.fingerprint == bindparam("of_fingerprint"))
    .values(subject="", der=b"")
)
_EMPTY_SUBJECT = (
    update(WATCHED_SUBJECTS)
    .where(
        WATCHED_SUBJECTS.c.sequence
        == select(WATCHED.c.sequence)
        .where(WATCHED.c.fingerprint == bindparam("of_fingerprint"))
        .scalar_subquery()
    )
    .values(**_nothing("watched_subjects"))
)


def erase_personal(statements: Statements, change: PersonalChange) -> None:
    """Say so first: the guards let the content go beside that row alone.

    Raises:
        RegisterConflictError: it is erased, or the guards refuse; as the store translates.
    """
    record = change.record
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    values["reason"] = str(record.reason)
    if isinstance(change, ErasePerson):
        place = {"of_code": change.record.code}
        statements.execute(_ADD_PERSON, values)
        statements.execute(_EMPTY_PERSON, place)
        statements.execute(_EMPTY_WORDS, place)
        return
    place = {"of_fingerprint": change.record.fingerprint}
    statements.execute(_ADD_FOREIGN, values)
    statements.execute(_EMPTY_FOREIGN, place)
    statements.execute(_EMPTY_SUBJECT, place)


class PersonalReading:
    """The part of a register in SQL that tells of erased personal data."""

    _transactions: Transactions

    def find_person_erasure(self, code: str) -> PersonErasure | None:
        """Return when and why the personal data of a person were erased."""
        found = self._transactions.read(_FIND_PERSON, {"code": code})
        return _made(PersonErasure, found[0]) if found else None

    def find_foreign_erasure(self, fingerprint: str) -> ForeignErasure | None:
        """Return when and why another authority's certificate was erased."""
        found = self._transactions.read(_FIND_FOREIGN, {"fingerprint": fingerprint})
        return _made(ForeignErasure, found[0]) if found else None

    def foreign_certificate(self, fingerprint: str) -> ForeignCertificate | None:
        """Return another authority's certificate by the hash of its DER."""
        found = self._transactions.read(_FOREIGN_OF, {"fingerprint": fingerprint})
        return ForeignCertificate(*found[0]) if found else None


def _made(kind: type[R], row: Any) -> R:  # noqa: ANN401  a row
    key, at, reason = row
    return kind(key, at, ErasureReason(reason))
