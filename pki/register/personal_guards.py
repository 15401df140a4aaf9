"""What the database holds to of personal data: it is emptied whole, beside a row that says so.

A person who serves, or on whom a certificate hangs that is not erased, is not erased. What was
erased gets no new version. A certificate of another authority is erased after its end, and those
of authorities and services never.
"""

from __future__ import annotations

from pki.records.people import PersonState
from pki.records.requests import RequestState
from pki.records.watching import HolderKind

UNTIMELY = "antin: these personal data are not to be erased now, or never"
ERASED = "antin: a person who was erased gets no new version"

ENDED_WITHOUT = (RequestState.REJECTED, RequestState.WITHDRAWN, RequestState.FAILED)
"""Requests of which no certificate came."""

_OF_WATCHED = (
    "foreign_erasures e JOIN watched_certificates w ON w.fingerprint = e.fingerprint"
    " WHERE w.sequence = OLD.sequence"
)
EMPTIED: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], str]] = {
    "people": (
        ("code", "version", "follows", "effective", "recorded_at", "state", "since"),
        ("name", "surname", "given_name", "name_folded"),
        ("citizen_number", "email"),
        "person_erasures e WHERE e.code = OLD.code",
    ),
    "foreign_certificates": (
        (
            *("fingerprint", "issuer_sha256", "serial", "issuer", "not_before", "not_after"),
            *("requester", "recorded_at"),
        ),
        ("subject", "der"),
        (),
        "foreign_erasures e WHERE e.fingerprint = OLD.fingerprint",
    ),
    "watched_subjects": (
        ("sequence", "unit", "organization"),
        ("name",),
        ("citizen_number", "staff_code", "email"),
        _OF_WATCHED,
    ),
}
"""Of each table: columns that stay, that are emptied, that become null, and what must stand."""


def forbidden_change(table: str, differs: str) -> str:
    """Return the SQL condition under which an update is no erasure of personal data.

    Args:
        table: which of `EMPTIED`.
        differs: the engine's operator for "is another value", nulls compared too.
    """
    stay, empty, null, beside = EMPTIED[table]
    return " OR ".join(
        (
            *(f"OLD.{name} {differs} NEW.{name}" for name in stay),
            *(f"length(NEW.{name}) > 0" for name in empty),
            *(f"NEW.{name} IS NOT NULL" for name in null),
            f"NOT EXISTS (SELECT 1 FROM {beside})",  # noqa: S608  words of this file
        )
    )


def words_may_go() -> str:
    """Return the SQL condition under which a request's words go with the person it is for."""
    among = ", ".join(f"'{state}'" for state in ENDED_WITHOUT)
    last = "SELECT m.state FROM request_moves m WHERE m.request = r.id ORDER BY m.number DESC"
    return (
        "EXISTS (SELECT 1 FROM requests r JOIN person_erasures e ON e.code = r.person"  # noqa: S608  as above
        f" WHERE r.id = OLD.id AND ({last} LIMIT 1) IN ({among}))"
    )


_SERVES = PersonState.ACTIVE
_NEWEST = "SELECT state FROM people WHERE code = NEW.code ORDER BY version DESC LIMIT 1"
_HANGING = (
    "SELECT 1 FROM assignments a WHERE a.person = NEW.code"
    " AND NOT EXISTS (SELECT 1 FROM assignments b"
    " WHERE b.certificate = a.certificate AND b.version > a.version)"
    " AND NOT EXISTS (SELECT 1 FROM erasures e WHERE e.issuer = a.issuer AND e.serial = a.serial)"
    " AND NOT EXISTS (SELECT 1 FROM foreign_erasures f WHERE f.fingerprint = a.fingerprint)"
)
_ENDED = (
    "SELECT 1 FROM foreign_certificates c"
    " WHERE c.fingerprint = NEW.fingerprint AND c.not_after < NEW.at"
)
_VOUCHING = (
    "SELECT 1 FROM watched_certificates w WHERE w.fingerprint = NEW.fingerprint"  # noqa: S608  as above
    f" AND w.kind IN ('{HolderKind.AUTHORITY}', '{HolderKind.SERVICE}')"
)
PERSONAL_CONDITIONS = (
    (
        "due",
        "person_erasures",
        f"coalesce(({_NEWEST}), '{_SERVES}') = '{_SERVES}' OR EXISTS ({_HANGING})",
        UNTIMELY,
    ),
    ("due", "foreign_erasures", f"NOT EXISTS ({_ENDED}) OR EXISTS ({_VOUCHING})", UNTIMELY),
    (
        "erased",
        "people",
        "EXISTS (SELECT 1 FROM person_erasures e WHERE e.code = NEW.code)",
        ERASED,
    ),
)
"""Name, table, condition and words of every guard of a new row."""
