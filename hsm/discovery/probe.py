"""Tries PKCS#11 modules, each in a process of its own with a time limit.

1. The file is looked at: what is missing, no library or of another architecture starts nothing.
2. A process loads it and asks for its tokens (`probe_child`); nobody logs in.
3. At the limit the process is killed, and all it started that stayed in its group.
4. What it reported is read, and how it ended; the last step it began is where it died.

Left to the caller: to open in its own process only what is usable (`hsm.module.open_module`).
"""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO

from hsm.discovery.binary import own_architecture
from hsm.discovery.inspection import Unfit, inspect
from hsm.discovery.machine import Machine
from hsm.discovery.probe_report import Reported, harmless, judge_report, read_report
from hsm.discovery.probe_result import ProbeResult, ProbeState, Stage
from hsm.discovery.service import ServiceState, smart_card_service
from hsm.posix import kill_group

DEFAULT_LIMIT = timedelta(seconds=10)
"""A token that wakes up slowly takes four; one module that hangs shall not be the user's day."""
AT_ONCE = 4
MAX_REPORT_BYTES = 1024 * 1024
MAX_CHATTER_BYTES = 4096
_CHILD = Path(__file__).with_name("probe_child.py")
_LAST_LINE = b'{"done": true}'
_PATIENCE = timedelta(seconds=2)  # a killed process that a driver holds in the kernel stays
_WATCHDOG_SECONDS = 5.0
"""So long after the limit a process ends that nobody is left to kill."""
_UNFIT = {
    Unfit.MISSING: ProbeState.MISSING,
    Unfit.UNREADABLE: ProbeState.UNREADABLE,
    Unfit.NOT_A_FILE: ProbeState.NOT_A_LIBRARY,
    Unfit.EMPTY: ProbeState.NOT_A_LIBRARY,
    Unfit.NOT_A_LIBRARY: ProbeState.NOT_A_LIBRARY,
    Unfit.WRONG_ARCHITECTURE: ProbeState.WRONG_ARCHITECTURE,
}


@dataclass(slots=True)
class _Output:
    """What a process writes, as far as it is kept."""

    lines: list[bytes] = field(default_factory=list)
    overflow: bool = False
    chatter: bytes = b""
    finished: threading.Event = field(default_factory=threading.Event)
    """It said its last line, closed its side, or said too much."""


@dataclass(frozen=True, slots=True)
class _Ending:
    """How a process ended."""

    timed_out: bool
    status: int | None
    """None: killed, and not gone yet."""
    duration: timedelta


def probe(
    paths: Sequence[Path],
    *,
    limit: timedelta = DEFAULT_LIMIT,
    environment: Mapping[str, str] | None = None,
    service: ServiceState | None = None,
) -> tuple[ProbeResult, ...]:
    """Try modules and tell of each what it is; this process loads none of them.

    At most `AT_ONCE` run at the same time, so all together take at most `limit` for every
    `AT_ONCE` of them that hang.

    Args:
        paths: the modules' files; the results come in this order.
        limit: for each module, from the start of its process.
        environment: what the processes see; this process's own if None. SoftHSM needs its
            SOFTHSM2_CONF.
        service: whether the smart-card service runs; asked when it matters if None.
    """
    own = own_architecture()
    stopped = _Stopped(service)

    def one(path: Path) -> ProbeResult:
        seen = inspect(path, own)
        if seen.unfit is not None:
            return ProbeResult(path, _UNFIT[seen.unfit], detail=seen.detail or seen.unfit.value)
        return _probe_file(path, limit, environment, stopped)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return tuple(pool.map(one, paths))


class _Stopped:
    """Whether the smart-card service is known not to run; asked once, and only if it matters."""

    def __init__(self, service: ServiceState | None) -> None:
        self._service = service

    def __bool__(self) -> bool:
        self._service = self._service or smart_card_service(Machine.here())
        return self._service is ServiceState.STOPPED


def _probe_file(
    path: Path, limit: timedelta, environment: Mapping[str, str] | None, stopped: _Stopped
) -> ProbeResult:
    output = _Output()
    try:
        ending = _run(path.resolve(), limit, environment, output)
    except (OSError, ValueError) as error:  # ValueError: an environment that no process can have
        return ProbeResult(path, ProbeState.NOT_PROBED, detail=type(error).__name__)
    reported = read_report(tuple(output.lines))
    state, detail = _judge(reported, ending, output, stopped)
    return ProbeResult(
        path,
        state,
        reported.refusal[0] if reported.done and reported.refusal else reported.stage,
        detail,
        cryptoki_version=reported.cryptoki_version,
        library_description=reported.library_description,
        manufacturer=reported.manufacturer,
        library_version=reported.library_version,
        slots=tuple(reported.slots.values()),
        slot_count=reported.slot_count,
        chatter=harmless(output.chatter.decode("utf-8", "replace"), keep_lines=True),
        duration=ending.duration,
    )


def _judge(
    reported: Reported, ending: _Ending, output: _Output, stopped: _Stopped
) -> tuple[ProbeState, str]:
    if output.overflow:
        return ProbeState.MALFORMED, "report too long"
    if reported.done:
        down = reported.refusal is not None and bool(stopped)
        return judge_report(reported, service_stopped=down)
    # A crash whose report was held open by something else ended by itself all the same.
    if ending.timed_out and ending.status in {None, *_KILLED}:
        return ProbeState.HUNG, f"{ending.duration.total_seconds():.1f} s"
    if reported.stage is Stage.START:
        return ProbeState.NOT_PROBED, _status_words(ending.status)
    return ProbeState.CRASHED, _status_words(ending.status)


_KILLED = frozenset({-9}) if sys.platform != "win32" else frozenset({1})
"""The statuses of a process that was killed at the limit."""


def _run(
    path: Path, limit: timedelta, environment: Mapping[str, str] | None, output: _Output
) -> _Ending:
    # A mark that the module cannot print by chance.
    mark = secrets.token_hex(8)
    watchdog = str(limit.total_seconds() + _WATCHDOG_SECONDS)
    started = time.monotonic()
    process = subprocess.Popen(  # noqa: S603  our own script; the module is what shall be tried
        [sys.executable, "-I", "-S", "-X", "utf8", str(_CHILD), str(path), mark, watchdog],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        env=environment,
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    readers = [
        threading.Thread(target=_read_report, args=(process.stdout, mark, output), daemon=True),
        threading.Thread(target=_read_chatter, args=(process.stderr, output), daemon=True),
    ]
    try:
        for reader in readers:
            reader.start()
        timed_out = not output.finished.wait(limit.total_seconds())
        duration = timedelta(seconds=time.monotonic() - started)
    finally:
        _end(process)
    for reader in readers:  # what escaped the group may hold them open; they end with it
        reader.join(0.5)
    return _Ending(timed_out, process.returncode, duration)


def _end(process: subprocess.Popen[bytes]) -> None:
    if not kill_group(process.pid):
        with suppress(subprocess.TimeoutExpired):  # a crash keeps its own status
            process.wait(0.2)
        process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE.total_seconds())


def _read_report(stream: IO[bytes], mark: str, output: _Output) -> None:
    left, kept = MAX_REPORT_BYTES, b""
    with stream:
        while not output.overflow and (chunk := stream.read(65536)):
            *lines, kept = (kept + chunk).split(b"\n")
            marked = [line for line in lines if line.startswith(mark.encode())]
            output.lines += [line.removeprefix(mark.encode()).strip() for line in marked]
            left -= len(chunk)
            output.overflow = left < 0
            if output.overflow or _LAST_LINE in output.lines[-1:]:
                output.finished.set()
    output.finished.set()


def _read_chatter(stream: IO[bytes], output: _Output) -> None:
    with stream:
        while chunk := stream.read(65536):  # read to its end, so that the module never waits
            output.chatter = (output.chatter + chunk)[:MAX_CHATTER_BYTES]


def _status_words(status: int | None) -> str:
    if status is None:
        return ""
    if status >= 0:
        # Windows: an exception's number, 0xC0000005 for a wrong address.
        return f"status {status}" if status < 256 else f"status {status:#x}"
    try:
        return f"signal {-status} ({signal.Signals(-status).name})"
    except ValueError:
        return f"signal {-status}"
