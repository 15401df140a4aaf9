"""Gets bytes over HTTP from addresses that hostile documents may name.

1. only `http` and `https`, no user name in the address;
2. the name is resolved once, every address it has is checked, and the connection goes to a
   checked address, so that a second resolution cannot lead elsewhere;
3. loopback, private, link-local, multicast and reserved addresses are refused unless the
   configuration allows the host, `host:port` or the network;
4. each redirect (three at most) is a new address and is checked alike;
5. no cookies, no proxies; a bound on size and on the time of the whole exchange; a connection is
   kept for the next request to the same checked address alone;
6. credentials go to the address they were given for and to none that it redirects to, and over
   plain HTTP to this machine alone.

Answers marked cacheable are kept on disk for a short time, one file an address. In a run of many
documents an address that did not answer is asked once.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError
from urllib3.exceptions import TimeoutError as HTTPTimeoutError
from urllib3.response import BaseHTTPResponse

from pki.clock import Clock
from pki.errors.fetching import FetchFailedError, FetchRefusedError, FetchTooLateError
from pki.fetcher import OCSP_REQUEST, Credentials, FetchRequest
from verify.cache import DiskCache
from verify.fetch_reason import reason_of
from verify.silent import Silent

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
PORTS = {"http": 80, "https": 443}
REDIRECTS = 3
_REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
_CHUNK = 64 * 1024
KEPT = 8
"""Addresses whose connections are kept."""
AT_A_TIME = 8
"""Connections that are kept to one of them: so many threads may ask without opening new ones."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the configuration allows beside public addresses."""

    hosts: frozenset[str]
    """`host` or `host:port`, lower case."""
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

    def host(self, host: str, port: int) -> bool:
        """Say whether the host is listed, alone or with this port."""
        return host in self.hosts or f"{host}:{port}" in self.hosts

    def address(self, address: Address) -> bool:
        """Say whether the address lies in a listed network."""
        return any(address in network for network in self.networks)


def parse_allowed(entries: tuple[str, ...]) -> Allowed:
    """Read the list of `host`, `host:port` and CIDR entries; what is no network is a host."""
    hosts, networks = set(), []
    for entry in entries:
        try:
            networks.append(ipaddress.ip_network(entry, strict=False))
        except ValueError:
            hosts.add(entry.strip().lower())
    return Allowed(frozenset(hosts), tuple(networks))


class HTTPFetcher:
    """Fetches over HTTP, as the module says."""

    def __init__(
        self,
        allow: tuple[str, ...],
        clock: Clock,
        cache_directory: Path | None = None,
        run_began: datetime | None = None,
    ) -> None:
        """Make a fetcher.

        Args:
            allow: hosts, `host:port` and CIDR networks that may be asked though not public.
            clock: tells how old cached answers are.
            cache_directory: where they are kept; None keeps none.
            run_began: of a run of many documents: evidence that was not had since then is not
                asked for again for a minute (`verify.silent`). None asks each time.
        """
        self._allowed = parse_allowed(allow)
        self._silent = Silent(clock, run_began, cache_directory) if run_began else None
        self._cache = DiskCache(cache_directory, clock) if cache_directory else None
        self._connections = Connections()

    def fetch(self, request: FetchRequest) -> bytes:
        """Return the body of a 200 answer.

        Raises:
            FetchRefusedError: the address, or one it redirects to, may not be asked.
            FetchTooLateError: no whole answer in time.
            FetchFailedError: no answer, a wrong one or too long.
        """
        cache = self._cache if request.cacheable and request.body is None else None
        if cache is None:
            return self._unless_silent(request)
        kept = cache.get(request.url)
        if kept is not None and len(kept) <= request.max_bytes:
            return kept
        with cache.turn(request.url, seconds=request.timeout_seconds):
            kept = cache.get(request.url)
            if kept is not None and len(kept) <= request.max_bytes:
                return kept
            body = self._unless_silent(request)
            cache.put(request.url, body)
            return body

    def _unless_silent(self, request: FetchRequest) -> bytes:
        is_evidence = request.body is None or request.content_type == OCSP_REQUEST
        if self._silent is None or not is_evidence:
            return self._follow(request)
        self._silent.check(request.url)
        try:
            return self._follow(request)
        except FetchFailedError as failed:
            # Whoever answers one question wrongly may answer the next one.
            if request.body is None or _gave_no_answer(failed):
                self._silent.note(request.url, failed)
            raise

    def _follow(self, request: FetchRequest) -> bytes:
        deadline = time.monotonic() + request.timeout_seconds
        url = request.url
        for _ in range(REDIRECTS + 1):
            answer = self._ask(url, request, deadline)
            if isinstance(answer, bytes):
                return answer
            url = urljoin(url, answer.location)
            request = replace(request, credentials=None)
        raise FetchFailedError(url=request.url, reason="too many redirects")

    def _ask(self, url: str, request: FetchRequest, deadline: float) -> bytes | _Redirect:
        target = self._check(url)
        headers = _headers(target, request, url)
        pool = self._connections.to(target, request.credentials)
        try:
            response = _send(pool, target, request, headers=headers, deadline=deadline)
            try:
                return _read(response, url, request.max_bytes, deadline=deadline)
            finally:
                response.close()  # a connection whose answer was read whole is back in its pool
        except (HTTPError, OSError, ValueError) as error:
            # ValueError: urllib3 and http.client refuse malformed answers with it
            reason = reason_of(error)
            # urllib3 counts a connection that was refused among those that took too long
            late = isinstance(error, HTTPTimeoutError) and not isinstance(error, NewConnectionError)
            failed = FetchTooLateError if late else FetchFailedError
            raise failed(url=url, reason=reason) from error

    def _check(self, url: str) -> _Target:
        parts, host, port = _split(url)
        addresses = _resolve(url, host, port)
        for address in addresses:
            if self._allowed.host(host, port) or self._allowed.address(address):
                continue
            if not is_public(address):
                raise FetchRefusedError(url=url, reason=f"{address} is not a public address")
        return _Target(parts, host, port, addresses[0])


@dataclass(frozen=True, slots=True)
class _Target:
    """An address that was checked."""

    parts: SplitResult
    host: str
    port: int
    address: Address

    @property
    def path(self) -> str:
        path = self.parts.path or "/"
        return f"{path}?{self.parts.query}" if self.parts.query else path

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.parts.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class _Redirect:
    location: str


def is_public(address: Address) -> bool:
    """Say whether an address belongs to the public network, mapped IPv4 looked through."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _split(url: str) -> tuple[SplitResult, str, int]:
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise FetchRefusedError(url=url, reason="not an address") from error
    if parts.scheme not in PORTS:
        raise FetchRefusedError(url=url, reason="only http and https are asked")
    if not host or "@" in parts.netloc:
        raise FetchRefusedError(url=url, reason="not an address")
    return parts, host, port or PORTS[parts.scheme]


def _resolve(url: str, host: str, port: int) -> tuple[Address, ...]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchFailedError(url=url, reason=f"name not resolved: {error}") from error
    addresses = dict.fromkeys(str(item[4][0]).partition("%")[0] for item in found)
    if not addresses:
        raise FetchFailedError(url=url, reason="name not resolved")
    return tuple(ipaddress.ip_address(address) for address in addresses)


def _headers(target: _Target, request: FetchRequest, url: str) -> dict[str, str]:
    headers = {"Host": target.host_header, "User-Agent": "antin", "Accept-Encoding": "identity"}
    if request.content_type is not None:
        headers["Content-Type"] = request.content_type
    if request.credentials is not None and request.credentials.authorization is not None:
        if target.parts.scheme != "https" and not target.address.is_loopback:
            raise FetchRefusedError(url=url, reason="a password goes over https only")
        headers["Authorization"] = request.credentials.authorization()
    return headers


def _gave_no_answer(failed: FetchFailedError) -> bool:
    """Say whether nobody answered, as opposed to a wrong answer, which nothing else caused."""
    return isinstance(failed, FetchTooLateError) or failed.__cause__ is not None


class Connections:
    """Connections that may be used again, by checked address, name and what is shown there."""

    def __init__(self) -> None:
        self._pools: dict[object, HTTPConnectionPool] = {}
        self._lock = threading.Lock()

    def to(self, target: _Target, credentials: Credentials | None) -> HTTPConnectionPool:
        """Return what connects to a target."""
        key = (target.parts.scheme, target.host, target.port, target.address, credentials)
        with self._lock:
            pool = self._pools.pop(key, None) or _open_pool(target, credentials)
            self._pools[key] = pool  # the newest last
            while len(self._pools) > KEPT:
                self._pools.pop(next(iter(self._pools))).close()
        return pool


def _open_pool(target: _Target, credentials: Credentials | None) -> HTTPConnectionPool:
    if target.parts.scheme == "http":
        return HTTPConnectionPool(str(target.address), target.port, maxsize=AT_A_TIME)
    shown = credentials or Credentials()
    return HTTPSConnectionPool(
        str(target.address),
        target.port,
        maxsize=AT_A_TIME,
        cert_reqs="CERT_REQUIRED",
        cert_file=_text(shown.client_certificate),
        key_file=_text(shown.client_key),
        ca_certs=_text(shown.trust),
        server_hostname=target.host,
        assert_hostname=target.host,
    )


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _send(
    pool: HTTPConnectionPool,
    target: _Target,
    request: FetchRequest,
    *,
    headers: dict[str, str],
    deadline: float,
) -> BaseHTTPResponse:
    kept = pool.num_requests > 0
    send = partial(
        pool.urlopen,
        "GET" if request.body is None else "POST",
        target.path,
        body=request.body,
        headers=headers,
        redirect=False,
        retries=False,
        preload_content=False,
    )
    try:
        return send(timeout=Timeout(total=_left(deadline)))
    except ProtocolError:
        # A kept connection may be closed over there just when it is used again: nothing was
        # answered, and what is asked here does no harm when it is asked twice.
        if not kept:
            raise
        return send(timeout=Timeout(total=_left(deadline)))


def _read(
    response: BaseHTTPResponse, url: str, max_bytes: int, *, deadline: float
) -> bytes | _Redirect:
    location = response.headers.get("Location")
    if response.status in _REDIRECT_STATUSES and location:
        return _Redirect(location)
    if response.status != 200:
        raise FetchFailedError(url=url, reason=f"HTTP status {response.status}")
    body = bytearray()
    while chunk := response.read1(_CHUNK):
        body += chunk
        if len(body) > max_bytes:
            raise FetchFailedError(url=url, reason=f"more than {max_bytes} bytes")
        if time.monotonic() > deadline:
            raise FetchTooLateError(url=url, reason="too slow")
    return bytes(body)


def _left(deadline: float) -> float:
    return max(0.001, deadline - time.monotonic())
