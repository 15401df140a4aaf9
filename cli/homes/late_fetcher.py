"""The network, loaded when it is first asked: many documents are signed without it."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from pathlib import Path

from pki.clock import Clock
from pki.fetcher import Fetcher, FetchRequest


class LateFetcher:
    """A `verify.fetcher.HTTPFetcher` that is made with the first request."""

    def __init__(
        self,
        allow: tuple[str, ...],
        clock: Clock,
        cache_directory: Path | None,
        run_began: datetime | None = None,
    ) -> None:
        self._given = (allow, clock, cache_directory, run_began)

    def fetch(self, request: FetchRequest) -> bytes:
        """Return the body of a 200 answer; see `HTTPFetcher.fetch`.

        Raises:
            FetchRefusedError, FetchTooLateError, FetchFailedError: as there.
        """
        return self._fetcher.fetch(request)

    @cached_property
    def _fetcher(self) -> Fetcher:
        from verify.fetcher import HTTPFetcher  # loads urllib3

        return HTTPFetcher(*self._given)
