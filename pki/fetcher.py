"""The seam to the network: CRL, OCSP, time-stamp and AIA requests.

The protocol and its values live here; `verify.fetcher` implements it over HTTP. Tests hand in
recorded answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pki.errors.fetching import FetchRefusedError

OCSP_REQUEST = "application/ocsp-request"
TIMESTAMP_QUERY = "application/timestamp-query"


@dataclass(frozen=True, slots=True)
class Credentials:
    """How whoever asks shows who they are: to the address that is named, and to no other.

    Where they hold a password they go over TLS, or to this machine.
    """

    authorization: Callable[[], str] | None = field(default=None, repr=False)
    """Gives the Authorization header at the moment it is sent; it is kept nowhere."""
    client_certificate: Path | None = None
    """PEM file, for mutual TLS."""
    client_key: Path | None = None
    """PEM file without a password, in the certificate's file where this is None."""
    trust: Path | None = None
    """PEM file of the roots that certify the service's TLS; None takes the system's."""


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """One request to one address."""

    url: str
    """Where; only `http` and `https` are ever asked."""
    body: bytes | None = None
    """None asks with GET, bytes with POST."""
    content_type: str | None = None
    """Media type of `body`."""
    max_bytes: int = 64 * 1024 * 1024
    """Upper bound of the answer's size; a longer one is an error."""
    timeout_seconds: float = 20.0
    """Upper bound for the whole exchange, redirects included."""
    cacheable: bool = False
    """True where an answer may be served from the cache while it is current."""
    credentials: Credentials | None = None
    """Of whoever asks; an address that is redirected to does not see them."""


class Fetcher(Protocol):
    """Gets bytes from an address, or says why not."""

    def fetch(self, request: FetchRequest) -> bytes:
        """Return the body of a 200 answer.

        Raises:
            FetchRefusedError: the address, or one it redirects to, may not be asked.
            FetchTooLateError: no whole answer in time.
            FetchFailedError: no answer, a wrong one or too long.
        """
        ...


class NoNetwork:
    """A fetcher that refuses everything: for judging offline, and saying so."""

    def fetch(self, request: FetchRequest) -> bytes:
        """Refuse.

        Raises:
            FetchRefusedError: always.
        """
        raise FetchRefusedError(url=request.url, reason="offline")
