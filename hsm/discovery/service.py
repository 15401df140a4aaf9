"""Tells whether the system's smart-card service runs: without it no reader is seen."""

from __future__ import annotations

import re
import subprocess
from enum import StrEnum

from hsm.discovery.machine import Machine, System
from hsm.posix import socket_answers

_PCSCD_SOCKETS = ("/run/pcscd/pcscd.comm", "/var/run/pcscd/pcscd.comm")
_LIMIT_SECONDS = 3.0
# The number stands for itself in every language that Windows speaks: 4 is running.
_SC_STATE = re.compile(rb":[ \t]+(\d+)[ \t]+[A-Z0-9_]+[ \t\r]*$", re.MULTILINE)
_RUNNING = b"4"


class ServiceState(StrEnum):
    """What is known of pcscd (Linux) or SCardSvr (Windows)."""

    RUNNING = "running"
    STOPPED = "stopped"
    """It does not run, or is not installed."""
    UNKNOWN = "unknown"


def smart_card_service(machine: Machine) -> ServiceState:
    """Say whether the smart-card service runs; on macOS it is part of the system.

    On Linux the socket is asked, which starts a pcscd that systemd starts on demand.
    """
    match machine.system:
        case System.MACOS:
            return ServiceState.RUNNING
        case System.WINDOWS:
            return _ask_windows(machine)
        case System.LINUX:
            sockets = (machine.root / path.lstrip("/") for path in _PCSCD_SOCKETS)
            running = any(socket_answers(path, limit_seconds=1.0) for path in sockets)
            return ServiceState.RUNNING if running else ServiceState.STOPPED


def _ask_windows(machine: Machine) -> ServiceState:
    program = machine.place("%SystemRoot%/System32/sc.exe")
    if program is None:
        return ServiceState.UNKNOWN
    try:
        done = subprocess.run(  # noqa: S603  the system's own program, nothing of it from outside
            [program, "query", "SCardSvr"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LIMIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ServiceState.UNKNOWN
    return read_sc(done.stdout)


def read_sc(output: bytes) -> ServiceState:
    """Return what `sc query` says; its second number after a colon is the state."""
    numbers = _SC_STATE.findall(output)
    if len(numbers) < 2:  # type and state; an error says neither
        return ServiceState.UNKNOWN
    return ServiceState.RUNNING if numbers[1] == _RUNNING else ServiceState.STOPPED
