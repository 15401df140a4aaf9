"""Alarms about requests: what is overdue, and holds that nobody has looked at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pki.records.requests import OPEN, CaseQuery, RequestRegister, RequestState
from pki.requests.deadlines import Calendar
from pki.upkeep.alarm import Alarm, Severity


def request_alarms(cases: RequestRegister, calendar: Calendar, now: datetime) -> Iterator[Alarm]:
    """Yield each hold that waits to be looked at, and each other request that is overdue."""
    for case in cases.list(CaseQuery(OPEN)):
        due = calendar.due_of(case)
        over = due is not None and due.is_over(now)
        at = due.at if due is not None else None
        severity = Severity.ERROR if over else Severity.WARNING
        if case.state is RequestState.UNREVIEWED:
            yield Alarm(severity, "pki.upkeep.hold_unreviewed", case.record.id, at)
        elif over:
            yield Alarm(Severity.WARNING, "pki.upkeep.request_overdue", case.record.id, at)
