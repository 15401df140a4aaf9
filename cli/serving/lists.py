"""What `antin serve` does beside giving verdicts: trusted lists are fetched once a day."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import timedelta

from cli.homes.home import Home
from cli.homes.late_fetcher import LateFetcher
from cli.homes.lists import sources_of
from pki.clock import Clock
from pki.errors.tree import PKIError
from verify.lists.follow import Follower
from verify.lists.kept import KeptLists

DAY = timedelta(days=1)
SECONDS = 600.0
"""How often it looks; an address is asked once an hour at most."""


class ListKeeper:
    """Keeps lists from growing old, in a thread of its own; judging takes up what it fetched."""

    def __init__(self, home: Home, clock: Clock) -> None:
        """Prepare it; nothing is asked before `start`."""
        fetcher = LateFetcher(home.settings.network.allow, clock, None)
        self._follower = Follower(KeptLists(home.lists), clock, fetcher, max_age=DAY)
        self._sources = sources_of(home)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin, if there are lists."""
        if self._sources:
            self._thread.start()

    def stop(self) -> None:
        """End after the list that is being fetched."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def round(self) -> None:
        """Fetch what is due; the verdicts tell of what could not be had."""
        with suppress(PKIError):  # of a file of signers: the verdicts tell of it too
            for _ in self._follower.follow(self._sources):
                if self._stop.is_set():
                    return

    def _run(self) -> None:
        while not self._stop.is_set():
            self.round()
            self._stop.wait(SECONDS)
