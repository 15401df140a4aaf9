"""Gets the lists an installation trusts: its own ones, and those that a list of lists leads to.

1. What is kept is checked; while it may be relied on, nothing is asked for.
2. Else the address is asked, through the `Fetcher` alone, and at most once an hour.
3. What comes is checked before it replaces what is kept, and is not older than that.
4. A list of lists leads to lists one step away; who may sign them stands in it.
5. One that is signed by others than are configured counts where its pivots lead to them.

A list that cannot be had or relied on is told of; the others count all the same.

Spec: ETSI TS 119 615 §4.1 (list of lists), §4.2 (lists it points to).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from pki.clock import Clock
from pki.errors.fetching import FetchFailedError, FetchRefusedError
from pki.errors.tree import Fact, PKIError, phrase
from pki.fetcher import Fetcher, FetchRequest
from verify.errors import (
    ListMissingError,
    ListOlderError,
    ListOtherError,
    ListSignerError,
)
from verify.lists.check import check_list
from verify.lists.had import Had, Source
from verify.lists.kept import Kept, KeptLists
from verify.lists.pivots import follow_pivots
from verify.lists.read import Pointer, TrustedList
from verify.lists.signers import load_signers
from verify.lists.xml import LIST_BYTES

SECONDS = 60.0
"""For one list: the larger have several MB."""
POINTERS = 200
"""Lists that one list of lists may lead to."""
OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Follower:
    """Gets lists, from where they are kept or from the network."""

    kept: KeptLists
    clock: Clock
    fetcher: Fetcher | None = None
    """None asks nobody."""
    anew: bool = False
    """Ask for every list, whatever is kept and whenever it was asked for."""
    max_age: timedelta | None = None
    """Ask for what was fetched so long ago, though it counts still."""

    def follow(self, sources: Iterable[Source]) -> Iterator[Had]:
        """Yield every list there is, each list of lists before those it leads to.

        Raises:
            TrustFileError: a file of permitted signers that cannot be read.
        """
        for source in sources:
            signers = load_signers(source.signers)
            had = (
                self._file(source, signers) if source.file else self._get(_wanted(source, signers))
            )
            yield had
            if had.list is not None and had.list.of_lists:
                yield from self._led_to(source, had.list)

    def _led_to(self, source: Source, of_lists: TrustedList) -> Iterator[Had]:
        for pointer in of_lists.pointers[:POINTERS]:
            left_out = source.territories and pointer.territory not in source.territories
            if not pointer.of_lists and not left_out:
                yield self._get(_pointed(source, pointer))

    def _file(self, source: Source, signers: tuple[x509.Certificate, ...]) -> Had:
        path, now = source.file or Path(), self.clock.now()
        had = Had(source.name, source.name, str(path))
        try:
            found = check_list(path.read_bytes(), signers=signers, at=now, name=source.name)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            return replace(had, error=ListMissingError(name=source.name, reason=reason))
        except PKIError as error:
            return replace(had, error=error)
        return replace(had, list=found)

    def _get(self, wanted: _Wanted) -> Had:
        kept, now = self.kept.find(wanted.url), self.clock.now()
        had = Had(wanted.name, wanted.source, wanted.url)
        if kept is not None:
            had = replace(had, had_at=kept.had_at)
            try:
                had = replace(had, list=self._checked(kept.untrusted, wanted))
            except PKIError as error:
                had = replace(had, error=error)
            if had.list is not None and not self._is_due(kept, now):
                return replace(had, offline=self.fetcher is None)
        if self.fetcher is None:
            return replace(self._without_network(had, OFFLINE), offline=True)
        if self.kept.asked_lately(wanted.url, now) and not self.anew:
            return self._without_network(had, phrase("verify.list_reason.asked"))
        return self._fetched(had, wanted, self.fetcher)

    def _is_due(self, kept: Kept, now: datetime) -> bool:
        return self.anew or (self.max_age is not None and now - kept.had_at >= self.max_age)

    def _without_network(self, had: Had, reason: Fact) -> Had:
        missing = ListMissingError(name=had.name, reason=reason)
        return replace(had, error=None if had.list else had.error or missing)

    def _fetched(self, had: Had, wanted: _Wanted, fetcher: Fetcher) -> Had:
        request = FetchRequest(wanted.url, max_bytes=LIST_BYTES, timeout_seconds=SECONDS)
        try:
            self.kept.note_asked(wanted.url, self.clock.now())
            untrusted = fetcher.fetch(request)
            found = self._checked(untrusted, wanted)
            if had.list is not None and found.sequence < had.list.sequence:
                kept = had.list.sequence
                raise ListOlderError(name=had.name, sequence=found.sequence, kept=kept)
            now = self.clock.now()
            self.kept.keep(wanted.url, untrusted, now)
        except (FetchRefusedError, FetchFailedError) as error:
            reason = str(error.facts["reason"])
            offline = reason == OFFLINE
            missing = ListMissingError(name=had.name, reason=reason)
            return replace(had, offline=offline, error=had.error or missing)
        except PKIError as error:
            return replace(had, error=error)
        return replace(had, list=found, had_at=now, error=None)

    def _checked(self, untrusted: bytes, wanted: _Wanted) -> TrustedList:
        now = self.clock.now()
        try:
            found = check_list(untrusted, signers=wanted.signers, at=now, name=wanted.name)
        except ListSignerError:
            led = self._by_pivots(untrusted, wanted, now)
            if led is None:
                raise
            found = led
        territory = wanted.territory
        if territory is not None and (found.of_lists or found.territory != territory):
            other = (
                phrase("verify.list_reason.list_of_lists") if found.of_lists else found.territory
            )
            raise ListOtherError(name=wanted.name, found=other, wanted=territory)
        return found

    def _by_pivots(self, untrusted: bytes, wanted: _Wanted, now: datetime) -> TrustedList | None:
        """Return a list of lists whose signers changed, where its pivots lead to them."""
        if wanted.territory is not None:
            return None  # who signs such a list stands in the list of lists
        announced = follow_pivots(
            untrusted, signers=wanted.signers, at=now, name=wanted.name, get=self._pivot
        )
        if announced is None:
            return None
        found = check_list(untrusted, signers=announced.signers, at=now, name=wanted.name)
        announced.check_age(found, wanted.name)
        for url, pivot in announced.followed:
            if self.kept.find(url) is None:
                self.kept.keep(url, pivot, now)
        return found

    def _pivot(self, url: str) -> bytes | None:
        """Return a pivot: those that led on once are kept, for they do not change."""
        kept, now = self.kept.find(url), self.clock.now()
        if kept is not None:
            return kept.untrusted
        if self.fetcher is None or (self.kept.asked_lately(url, now) and not self.anew):
            return None
        self.kept.note_asked(url, now)
        request = FetchRequest(url, max_bytes=LIST_BYTES, timeout_seconds=SECONDS)
        try:
            return self.fetcher.fetch(request)
        except (FetchRefusedError, FetchFailedError):
            return None


@dataclass(frozen=True, slots=True)
class _Wanted:
    name: str
    source: str
    url: str
    signers: tuple[x509.Certificate, ...]
    territory: str | None = None
    """Of the list that a pointer promises; None where it is not known beforehand."""


def _wanted(source: Source, signers: tuple[x509.Certificate, ...]) -> _Wanted:
    return _Wanted(source.name, source.name, source.url or "", signers)


def _pointed(source: Source, pointer: Pointer) -> _Wanted:
    name = f"{source.name}/{pointer.territory}"
    return _Wanted(name, source.name, pointer.url, pointer.signers, pointer.territory)
