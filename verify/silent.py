"""Remembers for one run which addresses did not answer, so that each is asked once.

A folder of a thousand documents names one dead address a thousand times, and each time it would
be waited for. Who begins anew asks anew: what an earlier run met tells nothing, and neither does
what is older than a minute. Processes of one run tell each other through a folder; a folder that
cannot be written is told nothing, and each process remembers for itself.
"""

from __future__ import annotations

import hashlib
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from pki.atomic import write_atomically
from pki.clock import Clock
from pki.errors.fetching import FetchFailedError
from pki.errors.tree import PKIError

PAUSE = timedelta(minutes=1)
"""After that it is asked again: documents that come later should not lack what is back."""
_HEAD = 64
_REASON = 512
_REMEMBERED = 10_000


@dataclass(slots=True)
class Silent:
    """Addresses that did not answer since a run began."""

    clock: Clock
    since: datetime
    """When the run began."""
    directory: Path | None = None
    """Where the processes of the run tell each other; None: nowhere."""
    _known: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, url: str) -> None:
        """Ask whether an address may be asked.

        Raises:
            FetchFailedError: it did not answer a moment ago; with the reason of then.
        """
        with self._lock:
            known = self._known.get(url)
        for found in (known, self._told(url)):
            if found is not None and self._counts(found[0]):
                raise FetchFailedError(url=url, reason=found[1])

    def note(self, url: str, failed: FetchFailedError) -> None:
        """Remember that an address did not answer; failing to tell others is no error."""
        now, reason = self.clock.now(), str(failed.facts["reason"])[:_REASON]
        with self._lock:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[url] = now, reason
        if self.directory is not None:
            content = f"{now.isoformat()}\n{reason}".encode()
            with suppress(PKIError, OSError):
                self.directory.mkdir(parents=True, exist_ok=True)
                write_atomically(_path(self.directory, url), content, overwrite=True)

    def _counts(self, moment: datetime) -> bool:
        return self.since <= moment and timedelta(0) <= self.clock.now() - moment < PAUSE

    def _told(self, url: str) -> tuple[datetime, str] | None:
        if self.directory is None:
            return None
        try:
            with _path(self.directory, url).open("rb") as file:
                head, _, reason = file.read(_HEAD + 4 * _REASON).partition(b"\n")
            moment = datetime.fromisoformat(head.decode("ascii"))
        except (OSError, ValueError):
            return None
        aware = moment.tzinfo is not None
        return (moment, reason.decode("utf-8", "replace")) if aware else None


def _path(directory: Path, url: str) -> Path:
    return directory / f"{hashlib.sha256(url.encode()).hexdigest()}.silent"
