"""Events and what is proposed for them, as JSON and as lines for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cli.homes.office import Office
from cli.session import Session, table
from pki.events.hanging import hanging_of
from pki.events.proposals import Proposal, propose
from pki.records.certificates import serial_text
from pki.records.events import EventKind, EventQuery, EventRecord

_CODES = ("person", "post", "agency", "device", "to_agency", "new_post")


@dataclass(frozen=True, slots=True)
class Filter:
    """The options of `antin event list`."""

    kind: EventKind | None = None
    person: str | None = None
    agency: str | None = None
    limit: int | None = None
    open: bool = False


def proposals_of(office: Office, record: EventRecord) -> tuple[Proposal, ...]:
    """Return what an event asks for, as things stand now."""
    register = office.register
    return propose(record, hanging_of(record, register, office.session.clock.now()))


def list_events(office: Office, wanted: Filter) -> list[dict[str, Any]]:
    """Return events, the newest first, each with how much of it is to do."""
    query = EventQuery(wanted.kind, wanted.person, wanted.agency, wanted.limit)
    rows = []
    for record in office.register.list_events(query):
        proposals = proposals_of(office, record)
        done = sum(one.done for one in proposals)
        row = {**event_object(record), "proposals": len(proposals), "done": done}
        if not wanted.open or done < len(proposals):
            rows.append(row)
    return rows


def event_object(record: EventRecord) -> dict[str, Any]:
    """Return an event's JSON form."""
    return {
        "event": record.id,
        "kind": record.kind.value,
        "day": record.day.isoformat(),
        **{name: getattr(record, name) for name in _CODES},
        "actor": record.actor,
        "recorded_at": record.recorded_at.isoformat(),
    }


def event_row(session: Session, row: dict[str, Any]) -> tuple[str, ...]:
    """Return an event as a line of the table."""
    about = row["device"] or row["post"] or row["person"] or row["agency"]
    return (
        row["event"],
        row["day"],
        session.word(f"pki.event.kind.{row['kind']}"),
        about,
        f"{row['done']}/{row['proposals']}",
    )


def proposal_objects(
    office: Office, record: EventRecord, proposals: Sequence[Proposal]
) -> list[dict[str, Any]]:
    """Return the JSON form of proposals; codes alone, no name."""
    return [_proposal(office, record, one) for one in proposals]


def _proposal(office: Office, record: EventRecord, one: Proposal) -> dict[str, Any]:
    hanging, rule, session = one.hanging, one.rule, office.session
    case = office.register.cases.find(one.request)
    facts = {
        "serial": serial_text(hanging.serial) if hanging.serial is not None else "-",
        "day": record.day.isoformat(),
        "article": rule.article,
        "form": one.form,
        "reason": rule.reason or "-",
    }
    asked = "do" if one.own else "ask"
    return {
        "asks": rule.asks.value,
        "certificate": hanging.certificate,
        "serial": None if hanging.serial is None else serial_text(hanging.serial),
        "own": one.own,
        "issuer": hanging.issuer,
        "status": hanging.status.value,
        "person": hanging.person,
        "agency": hanging.agency,
        "post": hanging.post,
        "device": hanging.device,
        "reason": rule.reason,
        "article": rule.article,
        "form": one.form,
        "done": one.done,
        "request": case.record.id if case is not None else None,
        "request_state": case.state.value if case is not None else None,
        "why": session.word(f"pki.event.{record.kind.value}.{rule.asks.value}", **facts),
        "to_do": session.word(f"pki.event.{asked}.{rule.asks.value}", **facts),
    }


def event_text(session: Session, event: dict[str, Any], proposals: list[dict[str, Any]]) -> str:
    """Return an event and its proposals for people."""
    told = {**event, "kind": session.word(f"pki.event.kind.{event['kind']}")}
    head = table([(name, str(value)) for name, value in told.items() if value is not None])
    if not proposals:
        return f"{head}\n\n{session.word('cli.event.nothing')}"
    return "\n\n".join((head, *(_lines(session, one) for one in proposals)))


def _lines(session: Session, one: dict[str, Any]) -> str:
    mark = session.word("cli.event.done" if one["done"] else "cli.event.open")
    asks = session.word(f"pki.event.asks.{one['asks']}")
    state = one["request_state"]
    request = "" if state is None else session.word("cli.event.handed_in", request=one["request"])
    first = (mark, asks, one["serial"] or one["certificate"], one["person"] or one["agency"] or "-")
    lines = (
        table([first]),
        f"  {one['why']}",
        f"  {one['to_do']}",
        f"  {request}" if request else "",
    )
    return "\n".join(line for line in lines if line)
