"""Sends notices as part of upkeep: once, or again and again beside serving.

It has a thread and a lock of its own: a mail server may take hours over many messages, and nothing
else waits for it. Wherever it is cut off, the next round goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from cli.homes.alarms import failed
from cli.homes.office import Office
from cli.upkeep.work import Outcome, Task
from pki.errors.notices import NoticesBusyError
from pki.records.notices import Channel
from pki.upkeep.alarm import Alarm

STOP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Noticing:
    """The notices of one home, where it is configured to send any."""

    office: Office

    @property
    def channels(self) -> tuple[Channel, ...]:
        """How they go out; none where nothing is configured."""
        return tuple(map(Channel, self.office.home.settings.notices.to))

    def due(self) -> tuple[Outcome, ...]:
        """Return the channels for which something is due or waits."""
        from cli.notices.sending import Watching, preview  # for who sends any

        runs = [preview(self.office, one, Watching()) for one in self.channels]
        return tuple(
            Outcome(_task(run.channel), "failed" if run.error else "due", run.error)
            for run in runs
            if run.error is not None or run.queued or run.waiting
        )

    def work(self) -> tuple[Outcome, ...]:
        """Queue and send what is due; a channel that fails stops no other."""
        if not self.channels:
            return ()
        from cli.notices.sending import Watching, send, sole_sender

        try:
            with sole_sender(self.office.home):
                runs = [send(self.office, one, Watching()) for one in self.channels]
        except NoticesBusyError:  # whoever it is sends them
            return tuple(Outcome(_task(one), "later") for one in self.channels)
        return tuple(
            Outcome(_task(run.channel), "failed" if run.error else "done", run.error)
            for run in runs
            if run.error is not None or run.queued or run.states
        )


class NoticingThread:
    """What `antin serve` does with notices."""

    def __init__(self, noticing: Noticing, *, tell: Callable[[Alarm], None]) -> None:
        self._noticing = noticing
        self._tell = tell
        self._told: frozenset[tuple[str, str]] = frozenset()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin, where there is anything to do."""
        if self._noticing.channels:
            self._thread.start()

    def stop(self) -> None:
        """End soon: what is being sent is sent again, or was recorded."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def round(self) -> None:
        """Send what is due once; what goes wrong is told when it begins."""
        found = {
            (one.task.name, one.error.code): failed(one.task.name, one.error)
            for one in self._noticing.work()
            if one.error is not None
        }
        for key, alarm in found.items():
            if key not in self._told:
                self._tell(alarm)
        self._told = frozenset(found)

    def _run(self) -> None:
        seconds = self._noticing.office.home.settings.notices.every_seconds
        while not self._stop.is_set():
            self.round()
            self._stop.wait(seconds)


def _task(channel: Channel) -> Task:
    return Task("notice", str(channel), "", None)
