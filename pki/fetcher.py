"""The seam to the network: CRL, OCSP, time-stamp and AIA requests.

The protocol and its values live here; `verify.fetcher` implements it over HTTP. Tests hand in
recorded answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pki.errors import FetchRefusedError

OCSP_REQUEST = "application/ocsp-request"
TIMESTAMP_QUERY = "application/timestamp-query"


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


class Fetcher(Protocol):
    """Gets bytes from an address, or says why not."""

    def fetch(self, request: FetchRequest) -> bytes:
        """Return the body of a 200 answer.

        Raises:
            FetchRefusedError: the address, or one it redirects to, may not be asked.
            FetchFailedError: no answer, a wrong one, too late or too long.
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
