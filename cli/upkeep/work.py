"""What is due in a home, and doing it without asking anybody.

An authority whose key cannot be opened here and now, because it is offline or its PIN has no
source but a person, is left alone: its lists and signers become alarms in time. What fails is tried
again later and later, up to an hour; after a wrong PIN not at all, so that patience locks no token.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cli.actor import actor
from cli.homes.alarms import HomeAlarms, failed
from cli.homes.office import Office
from cli.homes.own_signers import OwnSigner, lacks_responder, own_signers
from cli.homes.responders import make_responder, reread
from hsm.errors import KeyPasswordWrongError, WrongPINError
from pki.atomic import write_atomically
from pki.authority.authority import Authority
from pki.errors.register import RegisterConflictError
from pki.errors.tree import PKIError, UnavailableError
from pki.upkeep.alarm import Alarm
from pki.upkeep.due import (
    Issuers,
    authorities_at_work,
    find_issuers,
    is_revoked,
    list_states,
    signer_is_due,
)
from pki.upkeep.signer import renew_signer

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
_LISTS = ("crl", "delta")
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that is due."""

    kind: str
    """`crl`, `delta`, `signer` or `responder`; `raise` of a document, `watch` of an issuer,
    `notice` of a channel."""
    name: str
    """The authority of a list or of a responder that is missing, the file of a signer."""
    authority: str
    """Whose key is needed."""
    ends: datetime | None
    """When what there is lapses; None where there is nothing yet."""
    signer: OwnSigner | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task."""

    task: Task
    state: str
    """`due`, `done`, `away` (the key is not to be had without a person), `failed`, `later`."""
    error: PKIError | None = None


@dataclass(slots=True)
class _Failure:
    alarm: Alarm | None
    pause: timedelta
    until: datetime


@dataclass(slots=True)
class Upkeep:
    """Looks after one home, once or for years."""

    office: Office
    alarms: HomeAlarms = field(init=False)
    _failures: dict[tuple[str, str], _Failure] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Let nobody be asked for a PIN."""
        pins = replace(self.office.pins, unattended=True)
        self.office = replace(self.office, pins=pins)
        self.alarms = HomeAlarms(self.office.home, self.office.register)

    def due(self) -> tuple[Task, ...]:
        """Return what is due now, lists first.

        Raises:
            PKIError: of the register, or of a signer's file.
        """
        self._reread()
        return (*self._lists(), *self._signers(), *self._responders())

    def look(self) -> tuple[Alarm, ...]:
        """Return the alarms of now, with those of what failed here."""
        own = [one.alarm for one in self._failures.values() if one.alarm is not None]
        return (*self.alarms.look(self._now()), *own)

    def work(self) -> tuple[Outcome, ...]:
        """Do what is due; what cannot be done stops nothing else.

        Raises:
            BusyHomeError: another process is changing the home; try again.
            PKIError: what is due cannot be told.
        """
        due = {(task.kind, task.name) for task in self.due()}
        self._failures = {key: one for key, one in self._failures.items() if key in due}
        if not due:
            return ()
        with self.office.home.locked():
            # Asked again: whoever held the home may have done it.
            return tuple(self._try(task) for task in self.due())

    def _reread(self) -> None:
        """Know the OCSP signers that were added to `antin.toml` since."""
        with suppress(PKIError):  # what is known goes on; the services tell of it
            self.office = reread(self.office)
            self.alarms.home = self.office.home

    def _now(self) -> datetime:
        return self.office.session.clock.now()

    def _lists(self) -> Iterator[Task]:
        now = self._now()
        for state in list_states(self.office.register, now):
            if state.is_due(now):
                ends = state.lapse.ends if state.lapse else None
                kind = "delta" if state.delta else "crl"
                yield Task(kind, state.authority, state.authority, ends)

    def _signers(self) -> Iterator[Task]:
        register, now = self.office.register, self._now()
        for signer in own_signers(self.office.home):
            try:
                certificate = signer.certificate()
            except PKIError:
                continue  # an alarm tells of it
            issuers = find_issuers(register, certificate, answers_for=signer.answers_for)
            record = register.find_authority(issuers.next) if issuers else None
            if record is None or is_revoked(register, record):
                continue
            issuer = x509.load_der_x509_certificate(record.certificate_der)
            if signer_is_due(certificate, issuer, now) or self._orphaned(issuers):
                ends = certificate.not_valid_after_utc
                yield Task("signer", signer.name, record.name, ends, signer)

    def _responders(self) -> Iterator[Task]:
        register = self.office.register
        for one in authorities_at_work(register, self._now()):
            name = one.record.name
            if lacks_responder(self.office.home, register, name):
                yield Task("responder", name, name, None)

    def _orphaned(self, issuers: Issuers | None) -> bool:
        """Say whether who issued a signer's certificate was revoked, and another goes on."""
        record = self.office.register.find_authority(issuers.by) if issuers else None
        return record is not None and is_revoked(self.office.register, record)

    def _try(self, task: Task) -> Outcome:
        key, now = (task.kind, task.name), self._now()
        before = self._failures.get(key)
        if before is not None and now < before.until:
            return Outcome(task, "later")
        try:
            authority = self.office.authority(task.authority)
        except PKIError as error:
            return self._failed(key, task, error, quiet=isinstance(error, UnavailableError))
        try:
            self._do(task, authority)
        except PKIError as error:
            # A conflict about a list: another machine was faster, and what it did is as good.
            is_list = task.kind in _LISTS
            if not (is_list and isinstance(error, RegisterConflictError)):
                return self._failed(key, task, error, quiet=False)
        self._failures.pop(key, None)
        return Outcome(task, "done")

    def _do(self, task: Task, authority: Authority) -> None:
        if task.signer is not None:
            self._renew(task.signer, authority)
        elif task.kind == "responder":
            make_responder(self.office, authority)
            self._reread()
        else:
            authority.issue_crl(requester=actor(), delta=task.kind == "delta")

    def _renew(self, signer: OwnSigner, authority: Authority) -> None:
        certificate, register = signer.certificate(), self.office.register
        issuers = find_issuers(register, certificate, answers_for=signer.answers_for)
        if issuers is None:  # pragma: no cover  it was found a moment ago, and nothing is deleted
            return
        made = renew_signer(
            authority,
            certificate,
            self.office.profile(issuers.profile),
            issuers=issuers,
            requester=actor(),
        )
        write_atomically(signer.path, made.public_bytes(Encoding.PEM), overwrite=True)

    def _failed(self, key: tuple[str, str], task: Task, error: PKIError, *, quiet: bool) -> Outcome:
        before = self._failures.get(key)
        pause = min(before.pause * 2, LONGEST_PAUSE) if before else FIRST_PAUSE
        wrong = isinstance(error, WrongPINError | KeyPasswordWrongError)
        until = _NEVER if wrong else self._now() + pause
        alarm = None if quiet else failed(task.name, error)
        self._failures[key] = _Failure(alarm, pause, until)
        return Outcome(task, "away" if quiet else "failed", error)
