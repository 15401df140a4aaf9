"""The listening socket and the server around an ASGI application."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from cli.errors import BadOptionError, NotLoopbackError, PortTakenError, TLSFilesError
from cli.homes.home import Home
from pki.collecting import collect_seldom
from verify.http.protocol import BoundedHTTP

if TYPE_CHECKING:
    from starlette.types import ASGIApp


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Bind:
    """Where to listen."""

    address: Address
    port: int

    def __str__(self) -> str:
        host = f"[{self.address}]" if self.address.version == 6 else str(self.address)
        return f"{host}:{self.port}"


def parse_bind(text: str) -> Bind:
    """Read `HOST:PORT`; a host is an address or `localhost`.

    Raises:
        BadOptionError: another form.
    """
    host, _, port = text.rpartition(":")
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host.strip("[]"))
        number = int(port)
    except ValueError as error:
        raise BadOptionError(option="--bind", value=text, form="127.0.0.1:PORT") from error
    if not 0 <= number <= 65535:
        raise BadOptionError(option="--bind", value=text, form="127.0.0.1:PORT")
    return Bind(address, number)


def check_reach(bind: Bind, *, demo: bool) -> None:
    """Keep a demonstration home on this machine: anybody could have its time-stamps and answers.

    What is served is public by nature (lists, certificates, OCSP, time-stamps) and signed, so a
    home of one's own may be told to listen anywhere.

    Raises:
        NotLoopbackError: a demonstration home, and an address that others reach.
    """
    if demo and not bind.address.is_loopback:
        raise NotLoopbackError(address=str(bind))


def listening_socket(bind: Bind) -> socket.socket:
    """Return a socket that listens there.

    Raises:
        PortTakenError: something listens there; another port is never taken instead.
    """
    family = socket.AF_INET6 if bind.address.version == 6 else socket.AF_INET
    # asyncio sends at once only what it is told to be TCP; otherwise the system holds the second
    # half of an answer back until the first is confirmed: 40 ms more for each.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":  # there it would let two programs share the port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((str(bind.address), bind.port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise PortTakenError(address=str(bind)) from error
    return listener


@dataclass(frozen=True, slots=True)
class TLSFiles:
    """What TLS is spoken with."""

    certificate: Path
    key: Path
    clients: Path | None
    """The authorities of callers' certificates; None asks for none."""


def tls_of(home: Home) -> TLSFiles | None:
    """Return the files of `[verify.service.tls]`, looked at; None where there are none.

    Raises:
        TLSFilesError: a file is missing, or is not what it must be.
    """
    wanted = home.settings.verify.service.tls
    if wanted is None:
        return None
    clients = home.path(wanted.clients) if wanted.clients else None
    files = TLSFiles(home.path(wanted.certificate), home.path(wanted.key), clients)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # No password: OpenSSL would ask for it at the terminal.
        context.load_cert_chain(files.certificate, files.key, password=b"")
        if files.clients is not None:
            context.load_verify_locations(files.clients)
    except OSError as error:  # ssl.SSLError is one
        raise TLSFilesError(path=files.certificate, reason=str(error)) from error
    return files


def run(
    app: ASGIApp,
    listener: socket.socket,
    *,
    tls: TLSFiles | None = None,
    ready: Callable[[], None],
    stopping: Callable[[], None],
) -> None:
    """Serve until the process is told to stop.

    Args:
        app: what answers.
        listener: where.
        tls: with what TLS is spoken; None is plain HTTP.
        ready: called once it answers.
        stopping: called once it answers no more; what must be finished is finished there, as the
            signal that said so may end the process right after.
    """
    config = uvicorn.Config(
        app,
        http=BoundedHTTP,
        ws="none",
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        ssl_certfile=tls.certificate if tls else None,
        ssl_keyfile=tls.key if tls else None,
        ssl_ca_certs=str(tls.clients) if tls and tls.clients else None,
        ssl_cert_reqs=ssl.CERT_REQUIRED if tls and tls.clients else ssl.CERT_NONE,
    )
    collect_seldom()  # what is loaded by now stays as long as the server does
    _Server(config, ready, stopping).run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], stopping: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()
        sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        self._stopping()
