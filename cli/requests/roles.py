"""Grants and ends roles as an officer asks for it on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cli.actor import actor
from cli.auditing.subject import read_certificate_file
from cli.homes.office import Office
from cli.requests.judge import judging_desk
from cli.requests.signing import Actor
from pki.records.requests import Role, RoleGrant, Signature
from pki.requests.roles import (
    NewRole,
    end_role,
    end_statement,
    grant_role,
    grant_statement,
    has_officer,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of `antin role grant`."""

    role: Role
    file: Path
    person: str
    since: datetime
    until: datetime | None


def give(office: Office, wanted: Wanted, officer: Actor) -> RoleGrant:
    """Grant a role; the first officer is named by whoever has the home.

    Raises:
        PKIError: as `pki.requests.roles.grant_role`.
    """
    desk, now = judging_desk(office), office.session.clock.now()
    certificate = read_certificate_file(wanted.file)
    new = NewRole(wanted.role, wanted.person, certificate, wanted.since, wanted.until)
    by: Signature | str = actor()
    if has_officer(desk, now) or officer.key is not None:
        by = officer.sign(office, grant_statement(new, now))
    return grant_role(desk, new, by)


def take(office: Office, grant: str, officer: Actor) -> RoleGrant:
    """End a role.

    Raises:
        PKIError: as `pki.requests.roles.end_role`.
    """
    desk, now = judging_desk(office), office.session.clock.now()
    return end_role(desk, grant, officer.sign(office, end_statement(grant, now)))
