"""What is proposed for the certificates that an event concerns, and what of it is done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum

from pki.events.rules import RULES, Asks, Rule, form_of
from pki.records.events import EventRecord
from pki.requests.canonical import digest
from pki.words import VIETNAM


class Status(StrEnum):
    """How a certificate stands."""

    IN_FORCE = "in-force"
    HELD = "held"
    REVOKED = "revoked"
    ENDED = "ended"
    UNKNOWN = "unknown"
    """Another authority's, of which nothing that counts was had: as if in force."""


@dataclass(frozen=True, slots=True)
class Hanging:
    """A certificate that an event concerns."""

    certificate: str
    """Key, as in assignments."""
    status: Status
    serial: int | None = None
    issuer: str | None = None
    """The authority of this register; None for another's."""
    person: str | None = None
    agency: str | None = None
    post: str | None = None
    device: str | None = None
    replaced: bool = False
    """Whether its holder has another one, made after the event was recorded."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One thing to do."""

    hanging: Hanging
    rule: Rule
    form: str
    done: bool
    request: str
    """Id of the request by which it is handed in, the same each time."""

    @property
    def own(self) -> bool:
        """Say whether an authority of this register issued the certificate."""
        return self.hanging.issuer is not None


def propose(record: EventRecord, hanging: Iterable[Hanging]) -> tuple[Proposal, ...]:
    """Return what an event asks for, certificate by certificate."""
    return tuple(
        Proposal(
            one,
            rule,
            form_of(rule, agency=one.person is None and one.agency is not None),
            _is_done(one, rule.asks),
            request_id(record.id, rule.asks, one.certificate),
        )
        for one in hanging
        for rule in RULES[record.kind]
    )


def request_id(event: str, asks: Asks, certificate: str) -> str:
    """Return the id of the request that does this: the same whenever it is asked for."""
    return f"{event}.{asks.value}.{digest(certificate.encode())[:12]}"


def unsafe_since(record: EventRecord, rule: Rule) -> datetime | None:
    """Return from when on the key is not trusted: the first moment of the day, in Vietnam."""
    return beginning(record.day) if rule.since else None


def beginning(day: date) -> datetime:
    """Return the first moment of a day in Vietnam."""
    return datetime.combine(day, time(), VIETNAM).astimezone(UTC)


def _is_done(one: Hanging, asks: Asks) -> bool:
    if asks is Asks.REISSUE:
        return one.replaced
    over = {Status.REVOKED, Status.ENDED}
    return one.status in (over | {Status.HELD} if asks is Asks.HOLD else over)
