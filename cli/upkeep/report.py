"""Alarms and tasks as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from cli.session import Session, error_object
from cli.upkeep.work import Outcome
from pki.http.app import Health
from pki.upkeep.alarm import Alarm, Severity
from pki.words import Language, say


def alarm_object(alarm: Alarm, language: Language) -> dict[str, Any]:
    """Return the JSON form of an alarm."""
    return {
        "severity": alarm.severity.value,
        "code": alarm.code,
        "what": alarm.what,
        "at": alarm.at.isoformat() if alarm.at else None,
        "message": say(alarm.code, alarm.facts, language),
        "hint": say(f"{alarm.code}.hint", alarm.facts, language),
    }


def alarm_row(alarm: Alarm, session: Session) -> tuple[str, ...]:
    """Return an alarm as a line of the table."""
    message = say(alarm.code, alarm.facts, session.language)
    hint = say(f"{alarm.code}.hint", alarm.facts, session.language)
    severity = session.word(f"cli.upkeep.{alarm.severity.value}")
    return (severity, f"{message} — {hint} [{alarm.code}]")


def outcome_object(outcome: Outcome, language: Language) -> dict[str, Any]:
    """Return the JSON form of what came of a task."""
    task = outcome.task
    return {
        "task": task.kind,
        "name": task.name,
        "authority": task.authority,
        "ends": task.ends.isoformat() if task.ends else None,
        "state": outcome.state,
        "error": error_object(outcome.error, language) if outcome.error else None,
    }


def outcome_row(outcome: Outcome, session: Session) -> tuple[str, ...]:
    """Return what came of a task as a line of the table."""
    task = outcome.task
    state = session.word(f"cli.upkeep.state.{outcome.state}")
    told = f"cli.upkeep.task.{task.kind}"
    line = session.word(told, name=task.name, authority=task.authority, at=task.ends or "-")
    reason = "" if outcome.error is None else say_error(outcome, session)
    return (state, f"{line}{reason}")


def say_error(outcome: Outcome, session: Session) -> str:
    """Return why a task was not done."""
    error = outcome.error
    return f": {session.word(error.code, **error.facts)} [{error.code}]" if error else ""


def health_of(alarms: Sequence[Alarm], *, well: bool) -> Health:
    """Return what a monitoring system is told: in English, and in codes."""
    told = [alarm_object(alarm, Language.EN) for alarm in alarms]
    data = {"schema": "antin.health/1", "well": well, "alarms": told}
    return Health(well, json.dumps(data, ensure_ascii=False).encode())


def all_well(alarms: Sequence[Alarm]) -> bool:
    """Say whether no alarm is an error."""
    return all(alarm.severity is not Severity.ERROR for alarm in alarms)
