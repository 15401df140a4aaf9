"""Alarms about what lapses in a register, and about what was left to lie there.

Nothing here signs or changes anything; whoever may read the register may look.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from cryptography import x509

from pki.audit.entry import check_clock, read_content
from pki.errors.clock import ClockBeforeRecordError, ClockGapError, ClockSkewError
from pki.errors.tree import Fact
from pki.records.audit import AuditEntry
from pki.records.certificates import CertificateQuery, CertificateState
from pki.records.register import Register
from pki.upkeep.alarm import Alarm, Severity
from pki.upkeep.due import authorities_at_work, list_states
from pki.upkeep.lapse import certificate_lapse

LONGEST_SUBSCRIBER = timedelta(days=5 * 365 + 2)
"""Decree 68/2024/ND-CP Art. 9, a new subscriber (not checked against the official text)."""
ROLLOVER_LEAD = timedelta(days=365)
"""How long before an authority becomes too short-lived its rollover is called for: a ceremony, a
new certificate in every trust list, tests."""
OPEN_FOR = timedelta(hours=1)
"""How long a serial may be reserved before somebody should look; issuing takes milliseconds."""
LITTLE_ROOM = 1 << 30
NO_ROOM = 100 << 20
"""Free octets beside the register: below the first a warning, below the second an error."""
_QUERY_LIMIT = 1000


def register_alarms(register: Register, now: datetime) -> Iterator[Alarm]:
    """Yield what a register tells by itself: clock, authorities, lists, open serials."""
    try:
        check_clock(register, now)
    except ClockBeforeRecordError as error:
        yield _clock_alarm("pki.upkeep.clock", error.facts["recorded"])
    except ClockGapError as error:
        yield _clock_alarm("pki.upkeep.clock_gap", error.facts["recorded"])
    except ClockSkewError as error:
        yield _clock_alarm("pki.upkeep.clock_skew", error.facts["server"])
    yield from authority_alarms(register, now)
    yield from list_alarms(register, now)
    yield from open_alarms(register, now)


def _clock_alarm(code: str, told: Fact) -> Alarm:
    at = told if isinstance(told, datetime) else None
    return Alarm(Severity.ERROR, code, "-", at)


def authority_alarms(register: Register, now: datetime) -> Iterator[Alarm]:
    """Yield the authorities that soon certify nobody for as long as the law allows, or ended.

    A retired one is to end: nothing is said of it.
    """
    for one in authorities_at_work(register, now):
        end = one.certificate.not_valid_after_utc
        left = end - now
        if one.retired or left > LONGEST_SUBSCRIBER + ROLLOVER_LEAD:
            continue
        name = one.record.name
        if left > LONGEST_SUBSCRIBER:
            last = end - LONGEST_SUBSCRIBER
            yield Alarm(Severity.WARNING, "pki.upkeep.rollover_due", name, last)
        else:
            yield Alarm(Severity.ERROR, "pki.upkeep.authority_short", name, end)
    for record in register.list_authorities():
        certificate = x509.load_der_x509_certificate(record.certificate_der)
        end = certificate.not_valid_after_utc
        if now > end and register.find_succession(record.name) is None:
            yield Alarm(Severity.ERROR, "pki.upkeep.authority_ended", record.name, end)


def list_alarms(register: Register, now: datetime) -> Iterator[Alarm]:
    """Yield the lists that were not renewed in time."""
    for state in list_states(register, now):
        more = {"kind": "delta" if state.delta else "full"}
        if state.lapse is None:
            if not state.delta:
                severity = Severity.WARNING
                yield Alarm(severity, "pki.upkeep.list_missing", state.authority, None, more)
            continue
        severity_now = state.lapse.severity(now)
        if severity_now is None:
            continue
        over = now > state.lapse.ends
        code = "pki.upkeep.list_over" if over else "pki.upkeep.list_ends"
        yield Alarm(severity_now, code, state.authority, state.lapse.ends, more)


def open_alarms(register: Register, now: datetime) -> Iterator[Alarm]:
    """Yield authorities with serials that were reserved and left so."""
    for record in register.list_authorities():
        query = CertificateQuery(
            issuer=record.name, state=CertificateState.RESERVED, limit=_QUERY_LIMIT
        )
        left = [
            one.reserved_at
            for one in register.find_certificates(query)
            if one.reserved_at < now - OPEN_FOR
        ]
        if left:
            more = {"count": len(left)}
            yield Alarm(Severity.WARNING, "pki.upkeep.left_open", record.name, min(left), more)


def signer_alarms(what: str, certificate: x509.Certificate, now: datetime) -> Iterator[Alarm]:
    """Yield what is to be said of a signer's certificate."""
    lapse = certificate_lapse(certificate)
    severity = lapse.severity(now)
    if severity is None:
        return
    code = "pki.upkeep.signer_over" if now > lapse.ends else "pki.upkeep.signer_ends"
    yield Alarm(severity, code, what, lapse.ends)


def room_alarms(what: str, free: int) -> Iterator[Alarm]:
    """Yield what is to be said of the disk under a register.

    Args:
        what: the place.
        free: octets that are free there.
    """
    if free < LITTLE_ROOM:
        severity = Severity.ERROR if free < NO_ROOM else Severity.WARNING
        yield Alarm(severity, "pki.upkeep.room", what, None, {"megabytes": free >> 20})


def age_alarms(code: str, last: datetime, days: int, now: datetime) -> Iterator[Alarm]:
    """Yield `code` where something was last done longer ago than `days`."""
    if now - last > timedelta(days=days):
        yield Alarm(Severity.WARNING, code, "-", last, {"days": days})


class BackupWatch:
    """When the last backup was made, read out of the log; what was read is not read again."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._seen = 0
        self._last: datetime | None = None

    def last(self) -> datetime | None:
        """Return when the last backup was made; None if never."""
        newest = self._register.last_audit_entry()  # first: what comes meanwhile is read next time
        entries = (
            self._register.audit_entries(after=self._seen)
            if self._seen
            else self._register.search_audit(_BACKUP)
        )
        for entry in entries:
            self._last = _backup_at(entry) or self._last
        self._seen = newest.sequence if newest is not None else 0
        return self._last


_BACKUP = b'"action":"backup.create"'


def _backup_at(entry: AuditEntry) -> datetime | None:
    if _BACKUP not in entry.content:
        return None
    read = read_content(entry.content)
    return read[1].at if read is not None and read[1].action == "backup.create" else None
