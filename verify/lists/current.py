"""The anchors of whoever judges for days: files and kept lists are read again when they change.

The network is not asked: whoever refreshes lists does it beside.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pki.clock import Clock
from verify.lists.follow import Follower
from verify.lists.had import Had, Source, trust_in
from verify.lists.kept import KeptLists
from verify.trust import TrustStore, anchor_files, load_trust


class CurrentTrust:
    """Who is not trusted any more is not trusted here."""

    def __init__(
        self,
        paths: tuple[Path, ...],
        clock: Clock,
        *,
        sources: tuple[Source, ...] = (),
        kept: Path | None = None,
    ) -> None:
        """Read the anchors.

        Args:
            paths: files and folders of certificates; what is not there is left out.
            clock: tells which lists count.
            sources: trusted lists.
            kept: the folder where fetched lists are kept; without it none are.

        Raises:
            TrustFileError: a file that cannot be read, or holds no certificate.
        """
        self._paths = paths
        self._sources = sources if kept is not None else ()
        self._kept = KeptLists(kept or Path())
        self._clock = clock
        self._seen = self._look()
        self._trust, self._until = self._load()

    def get(self) -> TrustStore:
        """Return the anchors as they are now.

        Raises:
            TrustFileError: a file that cannot be read any more, or holds no certificate.
        """
        seen, now = self._look(), self._clock.now()
        if seen != self._seen or (self._until is not None and now >= self._until):
            self._trust, self._until = self._load()
            self._seen = seen
        return self._trust

    def _look(self) -> list[tuple[Path, int, int, int]]:
        return [
            (file, stat.st_mtime_ns, stat.st_size, stat.st_ino)
            for file in self._files()
            if file.exists()
            for stat in (file.stat(),)
        ]

    def _files(self) -> Iterator[Path]:
        yield from anchor_files(path for path in self._paths if path.exists())
        for source in self._sources:
            yield from source.signers
            if source.file is not None:
                yield source.file
        if self._sources:
            yield from sorted(self._kept.directory.glob("*.xml"))

    def _load(self) -> tuple[TrustStore, datetime | None]:
        own = load_trust(path for path in self._paths if path.exists())
        had = tuple(Follower(self._kept, self._clock).follow(self._sources))
        return trust_in(own, had, self._clock.now()), min(_ends(had), default=None)


def _ends(lists: tuple[Had, ...]) -> Iterator[datetime]:
    for one in lists:
        if one.list is not None and one.list.next_update is not None:
            yield one.list.next_update
