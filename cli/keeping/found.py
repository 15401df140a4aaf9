"""Certificates and lists that were published, from files, folders and addresses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography import x509

from cli.files import read_small
from cli.homes.settings import Settings
from cli.session import Session
from pki.fetcher import FetchRequest
from pki.keeping.published import Published, PublishedBy, published_by, read_published
from pki.records.authorities import AuthorityRecord
from verify.fetcher import HTTPFetcher

MAX_FILE = 256 * 1024 * 1024
"""Of a file or an answer; a list of 5 million entries has fewer octets."""


def read_all(session: Session, settings: Settings, sources: Sequence[str]) -> tuple[Published, ...]:
    """Read everything that is named.

    Raises:
        UnreadableFileError: no such file.
        PublishedUnreadableError: it is neither certificate nor list.
        FetchRefusedError, FetchFailedError: of an address.
    """
    fetcher = HTTPFetcher(settings.network.allow, session.clock)
    found: list[Published] = []
    for source in sources:
        if source.startswith(("http://", "https://")):
            request = FetchRequest(source, max_bytes=MAX_FILE)
            found.append(read_published(fetcher.fetch(request), source))
        else:
            found += (
                read_published(read_small(path, most=MAX_FILE), str(path))
                for path in _files(Path(source))
            )
    return tuple(found)


def of_authority(published: Sequence[Published], record: AuthorityRecord) -> PublishedBy:
    """Return what that authority signed of it.

    Raises:
        PublishedUnreadableError: a list of its own that is odd.
    """
    certificate = x509.load_der_x509_certificate(record.certificate_der)
    return published_by(certificate, published, record.name)


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(one for one in path.rglob("*") if one.is_file())
    else:
        yield path
