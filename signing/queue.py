"""Documents that were given out at B-B and are to be raised: one small file each, in one folder.

A document is entered before it is given out, and its file is taken away after the raised one took
its place. Whatever ends the process in between, the next round finds the entry: a document that
was never given out is forgotten, one that was raised already has the level, so none is lost and
none is raised twice. Files are written beside and renamed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pki.atomic import PRIVATE, write_atomically
from signing.errors.queue import QueueBusyError, QueueEntryUnreadableError, QueueUnwritableError
from verify.content import Content, sha256_of

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
AFTER_REFUSAL = timedelta(days=1)
"""What was refused will hardly be granted by itself."""
MAX_BYTES = 64 * 1024
LEVELS = ("B-T", "B-LT", "B-LTA")
"""By name, so that whoever only looks whether something waits does not load what signs."""
_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class Entry:
    """One document that waits."""

    path: Path
    """Where it was given out, and where the raised one goes; absolute."""
    level: str
    """What it shall be: B-T, B-LT or B-LTA."""
    known: tuple[tuple[str, int], ...]
    """Hash (SHA-256, hexadecimal) and size of the document as it was given out, and as it was
    raised on the way; what comes after was appended since."""
    added_at: datetime
    not_after: datetime
    """When the signer's certificate ends: without a time-stamp by then it can never be proved."""
    status_until: datetime | None = None
    """When what was known of the certificate's status, as it was signed, is out of date."""
    tsa_url: str | None = None
    """The one time-stamp service that was named; None takes those of the office."""
    attempts: int = 0
    next_at: datetime | None = None
    """Not to be tried before; None at once."""
    failure: str | None = None
    """Code of what went wrong last."""
    refused: bool = False
    """That will not mend by itself."""

    @property
    def id(self) -> str:
        """What it is called: the same for the same path, so that none is there twice."""
        return hashlib.sha256(str(self.path).encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def is_due(self, now: datetime) -> bool:
        """Say whether it is to be tried now."""
        return self.next_at is None or now >= self.next_at

    def knows(self, data: Content) -> bool:
        """Say whether this is the document that waits, or begins with it."""
        view = memoryview(data)
        return any(sha256_of(view[:size]) == digest for digest, size in self.known)

    def with_document(self, sha256: str, size: int) -> Entry:
        """Return it as it is kept for a document that was raised on the way."""
        return replace(self, known=(*self.known, (sha256, size)), status_until=None)

    def after_failure(self, code: str, now: datetime, *, refused: bool) -> Entry:
        """Return it as it is kept after an attempt that failed."""
        doubled = FIRST_PAUSE * (1 << min(self.attempts, 6))
        pause = AFTER_REFUSAL if refused else min(doubled, LONGEST_PAUSE)
        return replace(
            self,
            attempts=self.attempts + 1,
            next_at=now + pause,
            failure=code,
            refused=refused,
        )


@dataclass(frozen=True, slots=True)
class Queue:
    """The folder of entries."""

    folder: Path

    def add(self, entry: Entry) -> None:
        """Enter a document, or enter it anew.

        Raises:
            QueueUnwritableError: the folder cannot be made.
            DiskFullError: no room.
            OutputUnwritableError: anything else the system says.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise QueueUnwritableError(path=self.folder, reason=error.strerror or "") from error
        data = json.dumps(_to_object(entry), ensure_ascii=False).encode("utf-8", "surrogatepass")
        write_atomically(self._file(entry.id), data, overwrite=True, mode=PRIVATE)

    def remove(self, entry_id: str) -> bool:
        """Forget a document; say whether it was there."""
        try:
            self._file(entry_id).unlink()
        except OSError:
            return False
        return True

    def ids(self) -> tuple[str, ...]:
        """Return what all entries are called."""
        try:
            names = sorted(each.name for each in self.folder.iterdir())
        except OSError:
            return ()
        return tuple(each.removesuffix(_SUFFIX) for each in names if each.endswith(_SUFFIX))

    def find(self, entry_id: str) -> Entry | None:
        """Return an entry; None where it is gone.

        Raises:
            QueueEntryUnreadableError: it is there and cannot be read.
        """
        path = self._file(entry_id)
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
            return _from_object(json.loads(data[:MAX_BYTES]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise QueueEntryUnreadableError(path=path) from error

    def entries(self) -> Iterator[Entry]:
        """Yield the entries that can be read, the oldest first."""
        found = []
        for entry_id in self.ids():
            with suppress(QueueEntryUnreadableError):
                if (entry := self.find(entry_id)) is not None:
                    found.append(entry)
        yield from sorted(found, key=lambda entry: (entry.added_at, entry.id))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the queue for working on it; entering documents needs no lock.

        Raises:
            QueueBusyError: another process works on it.
        """
        if not self.folder.is_dir():  # nothing was ever entered
            yield
            return
        try:
            with FileLock(self.folder / "lock", timeout=0):
                yield
        except Timeout as error:
            raise QueueBusyError(path=self.folder) from error

    def _file(self, entry_id: str) -> Path:
        return self.folder / f"{Path(entry_id).name}{_SUFFIX}"


def _to_object(entry: Entry) -> dict[str, Any]:
    return {
        "path": str(entry.path),
        "level": entry.level,
        "known": [list(each) for each in entry.known],
        "tsa_url": entry.tsa_url,
        "added_at": entry.added_at.isoformat(),
        "not_after": entry.not_after.isoformat(),
        "status_until": entry.status_until.isoformat() if entry.status_until else None,
        "attempts": entry.attempts,
        "next_at": entry.next_at.isoformat() if entry.next_at else None,
        "failure": entry.failure,
        "refused": entry.refused,
    }


def _from_object(found: dict[str, Any]) -> Entry:
    if found["level"] not in LEVELS:
        raise ValueError(found["level"])
    return Entry(
        path=Path(found["path"]),
        level=found["level"],
        known=tuple((str(digest), int(size)) for digest, size in found["known"]),
        tsa_url=found["tsa_url"],
        added_at=_aware(found["added_at"]),
        not_after=_aware(found["not_after"]),
        status_until=_aware(found["status_until"]) if found["status_until"] else None,
        attempts=int(found["attempts"]),
        next_at=_aware(found["next_at"]) if found["next_at"] else None,
        failure=found["failure"],
        refused=bool(found["refused"]),
    )


def _aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment
