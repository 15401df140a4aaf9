"""Which lists are trusted, how each was had, and the trust anchors that come of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from pki.errors.tree import PKIError
from verify.finding import Finding, info, warning
from verify.listed import Listing
from verify.lists.read import TrustedList
from verify.trust import TrustStore

SOON = timedelta(days=7)
"""Before a list ends that was not followed by a newer one, somebody should look."""


@dataclass(frozen=True, slots=True)
class Source:
    """A list that an installation decided to trust; paths and words, so that it travels."""

    name: str
    signers: tuple[Path, ...]
    """Files of the certificates that may have signed it."""
    url: str | None = None
    file: Path | None = None
    """Where it is: one of the two."""
    territories: tuple[str, ...] = ()
    """Of a list of lists: which to follow; none follows all."""


@dataclass(frozen=True, slots=True)
class Had:
    """One list, as it was had."""

    name: str
    """`NAME`, or `NAME/TERRITORY` where a list of lists led to it."""
    source: str
    """The name that is configured."""
    place: str
    """Its address or file."""
    list: TrustedList | None = None
    """None: nothing in it is trusted."""
    had_at: datetime | None = None
    """When it was fetched; None for a file."""
    error: PKIError | None = None
    """Why it is not trusted, or why a newer one could not be had."""
    offline: bool = False
    """The network was not asked."""

    def ends_soon(self, at: datetime) -> datetime | None:
        """Return until when it counts, where that is within `SOON`."""
        until = self.list.next_update if self.list is not None else None
        return until if until is not None and until - at <= SOON else None


def trust_in(own: TrustStore, lists: Iterable[Had], at: datetime) -> TrustStore:
    """Return the anchors of an installation: its own, and the services of its lists.

    Args:
        own: certificates that are trusted for everything.
        lists: as they were had.
        at: now, for what is told of lists that end soon.
    """
    had = tuple(lists)
    listed = tuple(item for one in had if one.list is not None for item in anchors_of(one.list))
    return TrustStore(own.own, listed, (*own.findings, *_told(had), *_ending(had, at)))


def anchors_of(found: TrustedList) -> Iterator[tuple[x509.Certificate, Listing]]:
    """Yield the certificates a path may have ended in, with their services."""
    for service in found.services:
        if service.listing.anchors:
            for certificate in service.certificates:
                yield certificate, service.listing


def _told(lists: tuple[Had, ...]) -> Iterator[Finding]:
    """Tell what is missing, and what is only as it was: once for what is configured as one."""
    by_source: dict[str, list[Had]] = {}
    for one in lists:
        by_source.setdefault(one.source, []).append(one)
    for source, (first, *below) in by_source.items():
        if first.list is None and first.error is not None:
            yield warning(first.error.code, **first.error.facts)
        missing = [one.name.rpartition("/")[2] for one in below if one.list is None]
        if missing:
            yield warning("trust.lists_missing", name=source, missing=", ".join(missing))
        kept = [one for one in (first, *below) if one.list is not None and one.had_at is not None]
        old = [one.had_at for one in kept if one.had_at and (one.offline or one.error)]
        if old:
            yield info("trust.lists_kept", name=source, had_at=min(old))


def _ending(lists: tuple[Had, ...], at: datetime) -> Iterator[Finding]:
    for one in lists:
        until = one.ends_soon(at)
        if until is not None:
            yield warning("trust.list_ends_soon", name=one.name, until=until)
