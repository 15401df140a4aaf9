"""Works on the queue of documents that wait to be raised: once, or again and again beside serving.

It has a thread and a lock of its own: a time-stamp service may take minutes, and nothing else
waits for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from cli.homes.alarms import failed
from cli.homes.home import Home
from cli.homes.outside import outside_of
from cli.overview.keeping import Counting
from cli.session import Session
from cli.upkeep.work import Outcome, Task
from pki.errors.tree import PKIError
from pki.upkeep.alarm import Alarm
from signing.queue import Entry, Queue

_STATES = {"done": "done", "waiting": "later", "later": "failed", "refused": "failed"}
STOP_SECONDS = 2.0
"""How long the end of a round is waited for; whatever it does then can be cut off anywhere."""


@dataclass(frozen=True, slots=True)
class Raising:
    """The queue of one home, and what is needed to work on it."""

    session: Session
    home: Home

    @property
    def queue(self) -> Queue:
        """The folder of entries."""
        return Queue(self.home.queue)

    def due(self) -> tuple[Outcome, ...]:
        """Return what waits, and whether its time has come."""
        now = self.session.clock.now()
        return tuple(
            Outcome(_task(entry), "due" if entry.is_due(now) else "later")
            for entry in self.queue.entries()
        )

    def work(self) -> tuple[Outcome, ...]:
        """Raise what is due.

        Raises:
            QueueBusyError: another process works on the queue.
            PKIError: the trust anchors or the policy cannot be read.
        """
        now = self.session.clock.now()
        if not any(entry.is_due(now) for entry in self.queue.entries()):
            return ()
        from signing.later import work_on  # what signs is loaded only where something waits

        services = outside_of(self.session, self.home).signing(self.session.clock)
        return tuple(
            Outcome(_task(attempt.entry), _STATES[attempt.state], attempt.error)
            for attempt in work_on(self.queue, services)
        )


class RaisingThread:
    """What `antin serve` does with the queue, and with the counts of the overview."""

    def __init__(
        self, raising: Raising, *, tell: Callable[[Alarm], None], counting: Counting | None = None
    ) -> None:
        self._raising, self._counting = raising, counting
        self._tell = tell
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End soon: a document is either as it was or raised, wherever the thread is cut off."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def round(self) -> None:
        """Work on the queue once, and count; what goes wrong with all of it is told."""
        try:
            self._raising.work()
        except PKIError as error:
            self._tell(failed("queue", error))
        for alarm in self._counting.work() if self._counting is not None else ():
            self._tell(alarm)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.round()
            self._stop.wait(self._raising.home.settings.upkeep.every_seconds)


def _task(entry: Entry) -> Task:
    return Task("raise", str(entry.path), entry.level, entry.not_after)
