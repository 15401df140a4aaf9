"""Requests and roles as JSON and as lines of a table."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cli.homes.office import Office
from cli.session import Session
from pki.records.certificates import serial_text
from pki.records.requests import OPEN, Case, CaseQuery, RequestKind, RoleGrant
from pki.requests.canonical import digest
from pki.requests.deadlines import Calendar, load_calendar
from pki.words import VIETNAM

_NUMBER = re.compile(r"[0-9](?=[0-9]{4})")
_PERSONAL = ("UID", "serialNumber", "E")
SHOWN = 16


@dataclass(frozen=True, slots=True)
class Filter:
    """The options of `antin request list`."""

    everything: bool = False
    overdue: bool = False
    kind: RequestKind | None = None
    person: str | None = None
    agency: str | None = None


def calendar_of(office: Office) -> Calendar:
    """Return the home's working days.

    Raises:
        HolidaysInvalidError: the home's own file of holidays is none.
    """
    own = office.home.settings.requests.holidays
    return load_calendar(office.home.path(own) if own is not None else None)


def list_cases(office: Office, wanted: Filter) -> list[dict[str, Any]]:
    """Return the requests that are open, or all, those overdue first."""
    now, calendar = office.session.clock.now(), calendar_of(office)
    states = None if wanted.everything else OPEN
    query = CaseQuery(states, wanted.kind, wanted.person, wanted.agency)
    rows = [case_object(case, calendar, now) for case in office.register.cases.list(query)]
    if wanted.overdue:
        rows = [row for row in rows if row["overdue"]]
    return sorted(rows, key=lambda row: not row["overdue"])


def case_object(case: Case, calendar: Calendar, now: datetime) -> dict[str, Any]:
    """Return a request's JSON form."""
    record, due = case.record, calendar.due_of(case)
    return {
        "request": record.id,
        "kind": record.kind.value,
        "state": case.state.value,
        "issuer": record.issuer,
        "profile": record.profile,
        "serial": None if record.serial is None else serial_text(record.serial),
        "person": record.person,
        "post": record.post,
        "agency": record.agency,
        "device": record.device,
        "requester": record.requester,
        "submitted_at": record.submitted_at.isoformat(),
        "approvals": {"given": case.approved, "needed": record.approvals},
        "content_sha256": record.content_sha256,
        "due": None if due is None else due.at.isoformat(),
        "due_known": due is None or due.known,
        "overdue": due is not None and due.is_over(now),
    }


def case_row(session: Session, row: dict[str, Any]) -> tuple[str, ...]:
    """Return a request as a line of the table; what is overdue stands out."""
    given = row["approvals"]
    about = row["serial"] or row["person"] or row["device"] or "-"
    return (
        row["request"],
        session.word(f"cli.request.kind.{row['kind']}"),
        session.word(f"cli.request.state.{row['state']}"),
        f"{given['given']}/{given['needed']}",
        about,
        row["agency"] or "-",
        due_text(session, row),
    )


def due_text(session: Session, row: dict[str, Any]) -> str:
    """Return the day by which a request is to be done; one that has passed stands out."""
    if row["due"] is None:
        return "-"
    day = datetime.fromisoformat(row["due"]).astimezone(VIETNAM).strftime("%d/%m/%Y")
    text = day if row["due_known"] else session.word("cli.request.due_unknown", day=day)
    return session.word("cli.request.overdue", day=text) if row["overdue"] else text


def case_details(office: Office, case: Case, *, unmasked: bool) -> dict[str, Any]:
    """Return everything about a request; personal numbers only to who may see them."""
    cases, record = office.register.cases, case.record
    now = office.session.clock.now()
    content = cases.content(record.id)
    return {
        **case_object(case, calendar_of(office), now),
        "content": _masked(json.loads(content), unmasked=unmasked) if content else None,
        "given": [
            {
                "person": one.person,
                "certificate": one.fingerprint,
                "at": one.at.isoformat(),
                "expires": one.expires_at.isoformat(),
                "over": now >= one.expires_at,
                "signature_sha256": digest(one.cms),
            }
            for one in cases.approvals(record.id)
        ],
        "steps": [
            {"state": one.state.value, "at": one.at.isoformat(), "by": one.actor}
            for one in cases.moves(record.id)
        ],
    }


def _masked(content: dict[str, Any], *, unmasked: bool) -> dict[str, Any]:
    pairs = content["deed"].get("subject")
    if unmasked or pairs is None:
        return content
    masked = [[short, mask(value) if short in _PERSONAL else value] for short, value in pairs]
    return {**content, "deed": {**content["deed"], "subject": masked}}


def mask(value: str) -> str:
    """Return a number with all but its last four digits covered, an address with its name."""
    name, at, domain = value.partition("@")
    return f"{name[:1]}***@{domain}" if at else _NUMBER.sub("*", value)


def grant_object(grant: RoleGrant, now: datetime) -> dict[str, Any]:
    """Return a role's JSON form."""
    return {
        "grant": grant.id,
        "role": grant.role.value,
        "person": grant.person,
        "certificate": grant.fingerprint,
        "issuer": grant.issuer,
        "serial": None if grant.serial is None else serial_text(grant.serial),
        "since": grant.since.isoformat(),
        "until": None if grant.until is None else grant.until.isoformat(),
        "ended_at": None if grant.ended_at is None else grant.ended_at.isoformat(),
        "granted_by": grant.granted_by,
        "in_force": grant.holds(now),
    }


def grant_row(session: Session, row: dict[str, Any]) -> tuple[str, ...]:
    """Return a role as a line of the table."""
    state = session.word("cli.role.in_force" if row["in_force"] else "cli.role.over")
    end = row["ended_at"] or row["until"] or "-"
    role = session.word(f"cli.role.{row['role']}")
    return (row["grant"], role, row["person"], row["certificate"][:SHOWN], state, row["since"], end)
