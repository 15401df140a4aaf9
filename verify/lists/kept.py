"""Lists as they were fetched, one file an address, and when each was asked for last.

A list proves itself: it is checked each time it is read, so these files need no more protection
than the folder they lie in.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pki.atomic import telling, write_atomically
from verify.lists.xml import LIST_BYTES

PAUSE = timedelta(hours=1)
"""After an address was asked: judging document after document does not ask it each time."""
_HEAD = 64


@dataclass(frozen=True, slots=True)
class Kept:
    """A list that was fetched."""

    untrusted: bytes
    had_at: datetime


@dataclass(frozen=True, slots=True)
class KeptLists:
    """A folder of fetched lists."""

    directory: Path

    def find(self, url: str) -> Kept | None:
        """Return what was fetched from an address, if it can be read."""
        try:
            with self._path(url, "xml").open("rb") as file:
                head, _, untrusted = file.read(LIST_BYTES + _HEAD).partition(b"\n")
        except OSError:
            return None
        had_at = _moment(head)
        return None if had_at is None else Kept(untrusted, had_at)

    def keep(self, url: str, untrusted: bytes, had_at: datetime) -> None:
        """Keep what was fetched from an address.

        Raises:
            DiskFullError, OutputUnwritableError: it cannot be kept.
        """
        self._make_room()
        content = had_at.isoformat().encode("ascii") + b"\n" + untrusted
        write_atomically(self._path(url, "xml"), content, overwrite=True)

    def note_asked(self, url: str, at: datetime) -> None:
        """Remember that an address was asked.

        Raises:
            DiskFullError, OutputUnwritableError: it cannot be written down.
        """
        self._make_room()
        head = at.isoformat().encode("ascii")
        write_atomically(self._path(url, "asked"), head, overwrite=True)

    def asked_lately(self, url: str, at: datetime) -> bool:
        """Say whether an address was asked within `PAUSE`."""
        try:
            asked = _moment(self._path(url, "asked").read_bytes()[:_HEAD])
        except OSError:
            return False
        return asked is not None and timedelta(0) <= at - asked < PAUSE

    def _make_room(self) -> None:
        with telling(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)

    def _path(self, url: str, suffix: str) -> Path:
        return self.directory / f"{hashlib.sha256(url.encode()).hexdigest()}.{suffix}"


def _moment(head: bytes) -> datetime | None:
    try:
        moment = datetime.fromisoformat(head.decode("ascii"))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
