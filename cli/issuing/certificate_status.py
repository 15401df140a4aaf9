"""What the status of a certificate was at a moment, and all that had happened to it by then."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cli.errors import BadOptionError
from cli.homes.office import Office
from cli.issuing.change_status import in_utc
from pki.authority.history import judge_status
from pki.records.certificates import CertificateRecord, StatusChange, serial_text


def certificate_status(
    office: Office, record: CertificateRecord, moment: datetime | None
) -> dict[str, Any]:
    """Return the status at a moment; without one, now.

    Raises:
        BadOptionError: the moment has not come yet.
    """
    now = office.session.clock.now()
    at = in_utc(moment) or now
    if at > now:
        raise BadOptionError(option="--at", value=at.isoformat(), form=f"<= {now.isoformat()}")
    told = judge_status(office.register, record.issuer, record.serial, at=at)
    changes = office.register.status_changes(record.issuer, record.serial)
    return {
        "serial": serial_text(record.serial),
        "ca": record.issuer,
        "subject": record.subject,
        "at": at.isoformat(),
        "status": told.standing.value,
        "since": _text(told.revoked_at),
        "reason": told.reason.value if told.reason else None,
        "invalidity_date": _text(told.invalidity_date),
        "history": [_row(change) for change in changes if change.at <= at],
    }


def status_rows(data: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return the same as rows of a table, without what there is not."""
    single = [(name, str(value)) for name, value in data.items() if name != "history" and value]
    return single + [(one["at"], f"{one['kind']} ({one['reason']})") for one in data["history"]]


def _row(change: StatusChange) -> dict[str, str | None]:
    return {
        "at": change.at.isoformat(),
        "kind": change.kind.value,
        "reason": change.reason.value,
        "invalidity_date": _text(change.invalidity_date),
    }


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
