"""Mandates as JSON and as words."""

from __future__ import annotations

from datetime import date
from typing import Any

from cli.session import Session
from signing.errors.mandates import MandateEndedError, MandateNotYetError
from signing.mandates.mandate import Mandate


def mandate_object(mandate: Mandate, day: date) -> dict[str, Any]:
    """Return a mandate as JSON; the holder's number stays in the file."""
    table = mandate.table
    return {
        **mandate.summary(),
        "file": str(mandate.path),
        "name": table.name,
        "since": table.since.isoformat(),
        "until": table.until.isoformat() if table.until else None,
        "withdrawn": table.withdrawn.isoformat() if table.withdrawn else None,
        "symbols": list(table.symbols),
        "paper": table.paper,
        "state": state_of(mandate, day),
    }


def row_of(session: Session, mandate: Mandate, day: date) -> tuple[str, ...]:
    """Return a mandate as the columns of a table."""
    table = mandate.table
    state = session.word(f"cli.mandate.{state_of(mandate, day)}")
    until = table.until.isoformat() if table.until else "-"
    place = f"{table.capacity.value}. {table.title}"
    return (table.number, table.name, place, f"{table.since.isoformat()} – {until}", state)


def state_of(mandate: Mandate, day: date) -> str:
    """Return `in-force`, `not-yet` or `ended`."""
    try:
        mandate.check_day(day)
    except MandateNotYetError:
        return "not-yet"
    except MandateEndedError:
        return "ended"
    return "in-force"
