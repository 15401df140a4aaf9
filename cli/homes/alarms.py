"""Every alarm of a home, looked for where it can be seen; none of it needs a key."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from cli.files import read_small
from cli.homes.home import Home
from cli.homes.own_signers import lacks_responder, own_signers
from pki.audit.checkpoint import parse_checkpoint
from pki.errors.tree import PKIError, phrase
from pki.register.sql import SQLRegister
from pki.requests.deadlines import load_calendar
from pki.upkeep.alarm import Alarm, Severity
from pki.upkeep.due import authorities_at_work, find_issuers
from pki.upkeep.requests import request_alarms
from pki.upkeep.watch import (
    BackupWatch,
    age_alarms,
    register_alarms,
    room_alarms,
    signer_alarms,
)
from signing.queue import Queue
from signing.waiting import queue_alarms


class HomeAlarms:
    """Looks again and again; keeps what it need not read twice."""

    def __init__(self, home: Home, register: SQLRegister) -> None:
        self.home = home
        self._register = register
        self._backups = BackupWatch(register)

    def look(self, now: datetime) -> tuple[Alarm, ...]:
        """Return what is to be said now, errors first; what cannot be looked at is an error too."""
        looks: tuple[Callable[[datetime], Iterator[Alarm]], ...] = (
            lambda at: register_alarms(self._register, at),
            self._signers,
            self._responders,
            self._room,
            self._ages,
            self._queue,
            self._requests,
        )
        found = [alarm for look in looks for alarm in _safely(look, now)]
        return tuple(sorted(found, key=lambda one: one.severity is not Severity.ERROR))

    def _signers(self, now: datetime) -> Iterator[Alarm]:
        for signer in own_signers(self.home):
            try:
                certificate = signer.certificate()
            except PKIError as error:
                yield failed(signer.name, error)
                continue
            yield from signer_alarms(signer.name, certificate, now)
            issuers = find_issuers(self._register, certificate)
            serial = certificate.serial_number
            if issuers and (ended := self._register.find_revocation(issuers.by, serial)):
                at = ended.revoked_at
                yield Alarm(Severity.ERROR, "pki.upkeep.signer_revoked", signer.name, at)

    def _responders(self, now: datetime) -> Iterator[Alarm]:
        """Yield the issuing authorities nobody answers for, where somebody answers for others."""
        for one in authorities_at_work(self._register, now):
            if lacks_responder(self.home, self._register, one.record.name):
                yield Alarm(Severity.WARNING, "pki.upkeep.no_responder", one.record.name)

    def _room(self, now: datetime) -> Iterator[Alarm]:
        del now
        place = self.home.register
        folder = place.parent if isinstance(place, Path) else self.home.directory
        try:
            free = shutil.disk_usage(folder).free
        except OSError:
            free = 0
        yield from room_alarms(str(folder), free)

    def _requests(self, now: datetime) -> Iterator[Alarm]:
        own = self.home.settings.requests.holidays
        calendar = load_calendar(self.home.path(own) if own is not None else None)
        yield from request_alarms(self._register.cases, calendar, now)

    def _queue(self, now: datetime) -> Iterator[Alarm]:
        yield from queue_alarms(Queue(self.home.queue), now)

    def _ages(self, now: datetime) -> Iterator[Alarm]:
        limits = self.home.settings.upkeep
        if self.home.settings.audit is not None:
            yield from self._unsealed(limits.checkpoint_days, now)
        last = self._backups.last()
        if last is None:  # none was ever made: what there is to lose began with the log
            last = next((one.at for one in self._register.find_audit_entries((1,))), now)
        yield from age_alarms("pki.upkeep.backup_old", last, limits.backup_days, now)

    def _unsealed(self, days: int, now: datetime) -> Iterator[Alarm]:
        """Look at the oldest entry that no checkpoint of this home covers."""
        path = self.home.checkpoint
        size = parse_checkpoint(read_small(path)).head.size if path.exists() else 0
        for entry in self._register.find_audit_entries((size + 1,)):
            yield from age_alarms("pki.upkeep.checkpoint_old", entry.at, days, now)


def failed(what: str, error: PKIError) -> Alarm:
    """Return the alarm about something that was tried and refused."""
    more = {"reason": phrase(error.code, **error.facts)}
    return Alarm(Severity.WARNING, "pki.upkeep.failed", what, None, more)


def _safely(look: Callable[[datetime], Iterator[Alarm]], now: datetime) -> Iterator[Alarm]:
    try:
        yield from look(now)
    except PKIError as error:
        more = {"reason": phrase(error.code, **error.facts)}
        yield Alarm(Severity.ERROR, "pki.upkeep.unseen", "-", None, more)
