"""A plan with a head and an end, and lines without a head, as rows of the register."""

from __future__ import annotations

from pki_request_rows import EVENT, move, submitted
from pki_world import NOW

from pki.records.plans import (
    EndLine,
    EndState,
    PlanEnd,
    PlanItem,
    PlanLine,
    WriteLines,
)
from pki.records.requests import MoveRequest, RequestKind, RequestState
from pki.register.sql import SQLRegister

NOBODY: dict[str, object] = {"person": None, "post": None, "agency": None, "device": None}


def lines(plan: str, count: int, first: int = 1, **changed: object) -> tuple[PlanLine, ...]:
    values: dict[str, object] = {
        "kind": RequestKind.NEW,
        "issuer": "issuing",
        "profile": "official",
        "agency": "A1",
        "deed": b"{}",
        **changed,
    }
    item = PlanItem(**values)  # type: ignore[arg-type]
    return tuple(item.line(plan, number) for number in range(first, first + count))


def furnish_plans(register: SQLRegister) -> None:
    """Give every table of plans a row."""
    register.commit([WriteLines(lines("P-1", 3))], EVENT)
    register.commit([WriteLines(lines("P-2", 2))], EVENT)
    head = submitted("P-1", kind=RequestKind.PLAN, issuer="-", profile="-", **NOBODY)
    register.commit([head, MoveRequest(move(RequestState.RUNNING, 2, "P-1"))], EVENT)
    end = PlanEnd("P-1", 1, EndState.REFUSED, NOW, "pki.holder_limit")
    register.commit([EndLine(end)], EVENT)
