"""Grants a role to a certificate's holder, and ends it. An officer does that, by signature.

While no officer's role is in force, whoever has the home names one: at the beginning, and where the
only officer's certificate was revoked, is on hold or expired. The log says so.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from pki.audit.entry import present
from pki.errors.office import (
    ApprovalMismatchError,
    RightMissingError,
    RoleEndedError,
    RoleGrantedError,
    RoleTermError,
)
from pki.records.audit import AuditEvent
from pki.records.certificates import serial_text
from pki.records.requests import EndRole, GrantRole, Role, RoleGrant, Signature
from pki.requests.content import check_code
from pki.requests.desk import Desk, find_own
from pki.requests.rights import Act, words_of
from pki.requests.statement import read_statement, write_statement, written


@dataclass(frozen=True, slots=True)
class NewRole:
    """A role to be granted."""

    role: Role
    person: str
    certificate: x509.Certificate
    since: datetime
    until: datetime | None = None

    def __post_init__(self) -> None:
        check_code("person", self.person)
        if self.until is not None and self.until <= self.since:
            raise RoleTermError

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, lower-case hex."""
        return self.certificate.fingerprint(SHA256()).hex()

    def told(self) -> dict[str, str]:
        """Return what is signed of it."""
        return {
            "role": self.role.value,
            "person": self.person,
            "fingerprint": self.fingerprint,
            "since": written(self.since),
            "until": written(self.until) if self.until is not None else "",
        }


def grant_statement(new: NewRole, now: datetime) -> bytes:
    """Return what an officer has to sign in order to grant a role."""
    return write_statement(Act.GRANT, now, **new.told())


def end_statement(grant: str, now: datetime) -> bytes:
    """Return what an officer has to sign in order to end a role."""
    return write_statement(Act.END, now, grant=grant)


def grant_role(desk: Desk, new: NewRole, by: Signature | str) -> RoleGrant:
    """Grant a role.

    Args:
        desk: where it is recorded.
        new: what.
        by: an officer's signature; or the account that names the first officer.

    Raises:
        RightMissingError: an account, while an officer is there, or for another role.
        RoleGrantedError: the certificate has that role.
        ApprovalMismatchError: the signature is over another role.
        PKIError: as `Desk.identify`.
    """
    now = present(desk.register, desk.clock)
    actor = _granting(desk, new, by, now)
    for one in desk.cases.grants(new.fingerprint):
        if one.role is new.role and one.ended_at is None and _lasts(one, now):
            raise RoleGrantedError(role=new.role.value, person=one.person)
    own = find_own(desk.register, new.certificate)
    grant = RoleGrant(
        id=f"G-{secrets.token_hex(5)}",
        fingerprint=new.fingerprint,
        person=new.person,
        issuer=own.issuer if own is not None else None,
        serial=own.serial if own is not None else None,
        role=new.role,
        since=new.since,
        until=new.until,
        granted_by=actor,
        granted_at=now,
    )
    desk.register.commit((GrantRole(grant),), _event(desk, actor, "role.grant", grant))
    return grant


def end_role(desk: Desk, grant_id: str, signature: Signature) -> RoleGrant:
    """End a role now, for good.

    Raises:
        RoleEndedError: it is over, or there is none of that id.
        ApprovalMismatchError: the signature is over another one.
        PKIError: as `Desk.identify`.
    """
    now = present(desk.register, desk.clock)
    told = read_statement(signature.statement, Act.END, now)
    if told.get("grant") != grant_id:
        raise ApprovalMismatchError(request=grant_id)
    acting = desk.identify(Act.END, signature, now)
    found = next((one for one in desk.cases.grants() if one.id == grant_id), None)
    if found is None or found.ended_at is not None:
        raise RoleEndedError(grant=grant_id)
    event = _event(desk, acting.actor, "role.end", found)
    desk.register.commit((EndRole(grant_id, now, acting.actor),), event)
    return found


def has_officer(desk: Desk, now: datetime) -> bool:
    """Say whether an officer's role is in force, with a certificate that is."""
    return any(
        one.role is Role.OFFICER and one.holds(now) and desk.is_good(one, now)
        for one in desk.cases.grants()
    )


def _granting(desk: Desk, new: NewRole, by: Signature | str, now: datetime) -> str:
    if isinstance(by, str):
        if new.role is not Role.OFFICER or has_officer(desk, now):
            raise RightMissingError(act=words_of(Act.GRANT), fingerprint="-")
        return by
    told = read_statement(by.statement, Act.GRANT, now)
    if {name: told.get(name) for name in new.told()} != new.told():
        raise ApprovalMismatchError(request=new.role.value)
    return desk.identify(Act.GRANT, by, now).actor


def _lasts(grant: RoleGrant, now: datetime) -> bool:
    return grant.until is None or now < grant.until


def _event(desk: Desk, actor: str, action: str, grant: RoleGrant) -> AuditEvent:
    told = {
        "grant": grant.id,
        "role": grant.role.value,
        "person": grant.person,
        "certificate": grant.fingerprint,
    }
    if grant.issuer is not None and grant.serial is not None:
        told |= {"issuer": grant.issuer, "serial": serial_text(grant.serial)}
    return AuditEvent(desk.clock.now(), actor, action, tuple(told.items()))
