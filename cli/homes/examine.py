"""The doctor's checks: each gives what it saw, or the error it met. None changes anything."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import urllib3
from cryptography import x509

from cli.errors import (
    LapsedSoonError,
    LapsingError,
    ListEndsSoonError,
    PortTakenError,
    TokenTroubleError,
)
from cli.files import read_small
from cli.homes.alarms import HomeAlarms
from cli.homes.diagnose import advice, diagnose_home, sentence
from cli.homes.home import Home, find_home, home_directory
from cli.homes.lists import follow_lists
from cli.session import Session, error_object
from hsm.doctor.finding import Severity
from hsm.embedded import find_softhsm
from pki.audit.entry import check_clock
from pki.audit.verify import verify_audit
from pki.errors.tree import PKIError
from pki.register.sql import open_register
from pki.upkeep.alarm import Alarm
from pki.upkeep.alarm import Severity as AlarmSeverity
from pki.words import hint_of, message_of
from signing.display.fonts import find_font

LAPSE_ALARM = timedelta(days=30)
_MERELY_LACKING = {
    "hsm.doctor.service_stopped",
    "hsm.doctor.no_module",
    "hsm.doctor.no_reader",
    "hsm.doctor.no_token",
    "hsm.doctor.no_certificate",
    "hsm.doctor.nothing_signs",
}
"""Nothing is broken: not every home signs documents."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    seen: str
    error: PKIError | None = None

    def as_row(self, session: Session) -> tuple[str, ...]:
        """Return the check as a line of the table."""
        title = session.word(f"cli.doctor.{self.name}")
        if self.error is None:
            return (session.word("cli.doctor.well"), title, self.seen)
        message = message_of(self.error, session.language)
        hint = hint_of(self.error, session.language)
        return (session.word("cli.doctor.ill"), title, f"{message} — {hint}")

    def as_json(self, session: Session) -> dict[str, Any]:
        """Return the check as JSON."""
        error = error_object(self.error, session.language) if self.error else None
        return {"check": self.name, "ok": self.error is None, "seen": self.seen, "error": error}


def examine(session: Session) -> tuple[Check, ...]:
    """Run every check that this machine and home allow.

    Raises:
        PKIError: the configuration cannot be read; nothing can be looked at without it.
    """
    home = find_home(home_directory(session.home), session.configuration)
    checks: list[tuple[str, Callable[[], str]]] = [
        ("softhsm", lambda: str(find_softhsm())),
        ("fonts", _fonts),
    ]
    if home.settings.tokens.embedded or home.settings.tokens.configured:
        checks.append(("tokens", lambda: _tokens(session, home)))
    if home.settings.verify.list:
        checks.append(("lists", lambda: _lists(session, home)))
    if (home.directory / "antin.toml").is_file():
        checks += [
            ("register", lambda: _register(home)),
            ("clock", lambda: _clock(session, home)),
            ("services", lambda: _services(session, home)),
            ("upkeep", lambda: _upkeep(session, home)),
            ("port", lambda: _port(home)),
        ]
    return tuple(_run(name, look) for name, look in checks)


def _run(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, look())
    except PKIError as error:
        return Check(name, "", error)


def _fonts() -> str:
    return str(find_font())


def _tokens(session: Session, home: Home) -> str:
    """Say what `antin token doctor` would, shortly; it looks no further than the home does."""
    diagnosis = diagnose_home(session, home, search=home.settings.tokens.searches)
    ill = [one for one in diagnosis.findings if one.severity is Severity.ERROR]
    for one in ill:
        if one.code not in _MERELY_LACKING:
            told = {"problem": sentence(one, session), "advice": advice(one, session)}
            raise TokenTroubleError(**told)
    tokens = (one.token for one in diagnosis.seen.tokens if one.used)
    return ", ".join(f"{token.label} ({token.pin_state.value})" for token in tokens) or "-"


def _register(home: Home) -> str:
    register = open_register(home.register)
    try:
        return str(verify_audit(register))
    finally:
        register.close()


def _clock(session: Session, home: Home) -> str:
    now = session.clock.now()
    register = open_register(home.register, bounds=home.settings.clock.bounds)
    try:
        check_clock(register, now)
    finally:
        register.close()
    return now.isoformat(timespec="seconds")


def _services(session: Session, home: Home) -> str:
    """Look at the certificates of the home's own signers: OCSP, time-stamps, audit log."""
    signers = [*home.settings.responders]
    paths = [signer.certificate for signer in signers]
    if home.settings.timestamp is not None:
        paths.append(home.settings.timestamp.certificate)
    if home.settings.audit is not None:
        paths.append(home.settings.audit.certificate)
    now = session.clock.now()
    for path in paths:
        certificate = x509.load_pem_x509_certificate(read_small(home.path(path)))
        if certificate.not_valid_after_utc - now < LAPSE_ALARM:
            raise LapsingError(what=path.name, not_after=certificate.not_valid_after_utc)
    return ", ".join(path.name for path in paths) or "-"


def _lists(session: Session, home: Home) -> str:
    """Say which trusted lists are here; nobody is asked for them."""
    had = follow_lists(session, home, None)
    for one in had:
        until = one.ends_soon(session.clock.now())
        if until is not None:
            raise ListEndsSoonError(name=one.name, until=until)
        if one.list is None and one.error is not None:
            raise one.error
    return ", ".join(one.name for one in had)


def alarms_of(session: Session) -> tuple[Alarm, ...]:
    """Return what lapses in the home, or would; nothing where there is no register to be read.

    Raises:
        PKIError: the configuration cannot be read.
    """
    home = find_home(home_directory(session.home), session.configuration)
    if not (home.directory / "antin.toml").is_file():
        return ()
    try:
        return _alarms(session, home)
    except PKIError:
        return ()  # a check says what is wrong with the register


def _upkeep(session: Session, home: Home) -> str:
    """Say how many warnings there are."""
    alarms = _alarms(session, home)
    ill = [one.code for one in alarms if one.severity is AlarmSeverity.ERROR]
    if ill:
        raise LapsedSoonError(alarms=tuple(dict.fromkeys(ill)))
    return str(len(alarms))


def _alarms(session: Session, home: Home) -> tuple[Alarm, ...]:
    register = open_register(home.register)
    try:
        return HomeAlarms(home, register).look(session.clock.now())
    finally:
        register.close()


def _port(home: Home) -> str:
    """Say whether `antin serve` could listen, or already answers."""
    host, _, port = home.settings.service.bind.rpartition(":")
    with socket.socket() as probe:
        if sys.platform != "win32":  # as `antin serve` does: a port just left is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError:
            return _answers(home)
    return f"{home.settings.service.bind}: -"


def _answers(home: Home) -> str:
    bind = home.settings.service.bind
    try:
        answer = urllib3.request("GET", f"http://{bind}/healthz", timeout=3, retries=False)
    except urllib3.exceptions.HTTPError as error:
        raise PortTakenError(address=bind) from error
    if answer.data != b"ok\n":
        raise PortTakenError(address=bind)
    return f"{bind}: antin serve"
