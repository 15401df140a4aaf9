"""What `antin serve` does beside answering: upkeep, again and again, in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from cli.errors import BusyHomeError, UpkeepStoppedError
from cli.homes.alarms import failed
from cli.upkeep.report import all_well, health_of
from cli.upkeep.work import Upkeep
from pki.errors.tree import PKIError
from pki.http.app import Health
from pki.upkeep.alarm import Alarm

SILENT_ROUNDS = 3
"""After so many rounds without news the service is not well, whatever was seen last."""

Reload = Callable[[], tuple[tuple[str, PKIError], ...]]


class Keeper:
    """Looks, does what is due, has changed signers taken up, and tells each alarm once."""

    def __init__(self, upkeep: Upkeep, *, tell: Callable[[Alarm], None]) -> None:
        self._upkeep = upkeep
        self._limits = upkeep.office.home.settings.upkeep
        self._tell = tell
        self._told: frozenset[tuple[str, str, str]] = frozenset()
        self._alarms: tuple[Alarm, ...] = ()
        self._seen = time.monotonic()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, reload: Reload) -> None:
        """Begin; the first round is over when this returns, so what lapsed is made before serving.

        Args:
            reload: takes up signers whose files changed.
        """
        self.round(reload)
        self._thread = threading.Thread(target=self._run, args=(reload,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; what is being signed is finished and recorded first."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def health(self) -> Health:
        """Return how things were at the last round; one too long ago is not well."""
        silent = time.monotonic() - self._seen
        fresh = silent < self._limits.every_seconds * SILENT_ROUNDS + 60
        return health_of(self._alarms, well=fresh and all_well(self._alarms))

    def round(self, reload: Reload) -> None:
        """Do what is due once, and tell what is new."""
        try:
            more = self._work(reload)
            found = (*self._upkeep.look(), *more)
        except Exception as error:  # noqa: BLE001  the services go on; whatever it was is told
            found = (failed("serve", UpkeepStoppedError(reason=type(error).__name__)),)
        for alarm in found:
            if alarm.key not in self._told:
                self._tell(alarm)
        self._told = frozenset(alarm.key for alarm in found)
        self._alarms, self._seen = found, time.monotonic()

    def _work(self, reload: Reload) -> tuple[Alarm, ...]:
        alarms = []
        try:
            if self._limits.automatic:
                self._upkeep.work()
        except BusyHomeError:
            pass  # another process changes the home; the next round asks again
        except PKIError as error:
            alarms.append(failed("serve", error))
        alarms += [failed(name, error) for name, error in reload()]
        return tuple(alarms)

    def _run(self, reload: Reload) -> None:
        while not self._stop.wait(self._limits.every_seconds):
            self.round(reload)
