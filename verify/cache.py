"""Keeps answers of the network on disk for a while, one file an address.

Each file is its own proof: the instant it was had, then the bytes. A write goes beside and is
renamed, so that no reader sees half of one; a cache that cannot be written is no cache.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from pki.clock import Clock

MAX_AGE = timedelta(minutes=5)
"""Short: a revocation must not stay unseen for longer than people wait."""


class DiskCache:
    """Answers by the SHA-256 of their address."""

    def __init__(self, directory: Path, clock: Clock, max_age: timedelta = MAX_AGE) -> None:
        self._directory = directory
        self._clock = clock
        self._max_age = max_age

    def get(self, url: str) -> bytes | None:
        """Return the answer kept for `url` unless it is too old, or from the future."""
        try:
            head, _, body = self._path(url).read_bytes().partition(b"\n")
            had_at = datetime.fromisoformat(head.decode("ascii"))
            age = self._clock.now() - had_at
        except (OSError, ValueError, TypeError):
            return None
        return body if timedelta(0) <= age <= self._max_age else None

    def put(self, url: str, body: bytes) -> None:
        """Keep an answer; failing to is no error."""
        head = self._clock.now().isoformat().encode("ascii")
        with suppress(OSError):
            self._directory.mkdir(parents=True, exist_ok=True)
            descriptor, beside = tempfile.mkstemp(dir=self._directory)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(head + b"\n" + body)
                Path(beside).replace(self._path(url))
            except OSError:
                Path(beside).unlink(missing_ok=True)
                raise

    @contextmanager
    def turn(self, url: str, *, seconds: float) -> Iterator[None]:
        """Let one at a time ask an address: who waited finds the answer kept.

        Who waited so long asks too, and so does everybody where nothing can be written.
        """
        lock = FileLock(f"{self._path(url)}.lock", timeout=seconds, thread_local=False)
        with suppress(OSError, Timeout):
            self._directory.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _path(self, url: str) -> Path:
        return self._directory / hashlib.sha256(url.encode()).hexdigest()
