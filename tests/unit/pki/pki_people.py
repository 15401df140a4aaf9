"""A small office of agencies, people, posts and devices, as records."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from pki_world import NOW

from pki.records.audit import AuditEvent
from pki.records.changes import EnterRecord
from pki.records.people import (
    Agency,
    AgencyTier,
    Device,
    DeviceState,
    E,
    Entry,
    Person,
    PersonState,
    Post,
)
from pki.records.people_register import PeopleRegister

DAY = date(2025, 7, 1)
LATER = date(2026, 1, 1)
EVENT = AuditEvent(NOW, "người kiểm thử", "test")


def first(day: date = DAY) -> dict[str, Any]:
    """Return what every first version has."""
    return {"version": 1, "follows": 0, "effective": day, "recorded_at": NOW}


def agency(code: str = "UBND-X", **more: Any) -> Agency:
    """Return a commune."""
    known = {"name": "UBND xã Mẫu", "tier": AgencyTier.COMMUNE, "since": DAY}
    return Agency(**{**first(), "code": code, **known, **more})


def person(code: str = "NV-1", **more: Any) -> Person:
    """Return a person who serves."""
    parts = {"surname": "Nguyễn", "given_name": "Văn Mẫu"}
    known = {"name": "Nguyễn Văn Mẫu", **parts, "state": PersonState.ACTIVE, "since": DAY}
    return Person(**{**first(), "code": code, **known, **more})


def post(code: str = "CV-1", **more: Any) -> Post:
    """Return a post of that person in that commune."""
    known = {"person": "NV-1", "agency": "UBND-X", "title": "Chủ tịch", "since": DAY}
    return Post(**{**first(), "code": code, **known, **more})


def device(serial: str = "T-1", **more: Any) -> Device:
    """Return a device of that person."""
    known = {"model": "ePass2003", "person": "NV-1", "state": DeviceState.ISSUED, "since": DAY}
    return Device(**{**first(), "serial": serial, **known, **more})


def after(entry: E, days: int = 30, **changes: Any) -> E:
    """Return the version that follows, some days later."""
    day = entry.effective + timedelta(days=days)
    here = {"version": entry.version + 1, "follows": entry.version, "effective": day}
    return replace(entry, **{**here, **changes})


def instead(entry: E, **changes: Any) -> E:
    """Return the version that stands in the place of that one."""
    return replace(entry, **{"version": entry.version + 1, **changes})


def put(register: PeopleRegister, *entries: Entry) -> None:
    """Record them, one after the other in one transaction."""
    register.commit([EnterRecord(entry) for entry in entries], EVENT)
