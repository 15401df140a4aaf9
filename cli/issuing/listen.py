"""The listening socket and the server around an ASGI application."""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import uvicorn

from cli.errors import BadOptionError, NotLoopbackError, PortTakenError

if TYPE_CHECKING:
    from starlette.applications import Starlette


def listening_socket(bind: str) -> socket.socket:
    """Return a socket listening at `HOST:PORT`, on this machine only.

    Raises:
        BadOptionError: not `HOST:PORT`.
        NotLoopbackError: an address beyond this machine.
        PortTakenError: something listens there; another port is never taken instead.
    """
    host, port = _split(bind)
    if not host.is_loopback:
        raise NotLoopbackError(address=bind)
    family = socket.AF_INET6 if host.version == 6 else socket.AF_INET
    listener = socket.socket(family)
    if sys.platform != "win32":  # there it would let two programs share the port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((str(host), port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise PortTakenError(address=bind) from error
    return listener


def _split(bind: str) -> tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]:
    host, _, port = bind.rpartition(":")
    try:
        number = int(port)
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host.strip("[]"))
    except ValueError as error:
        raise BadOptionError(option="--bind", value=bind, form="127.0.0.1:PORT") from error
    if not 0 <= number <= 65535:
        raise BadOptionError(option="--bind", value=bind, form="127.0.0.1:PORT")
    return address, number


def run(app: Starlette, listener: socket.socket, *, ready: Callable[[], None]) -> None:
    """Serve until the process is told to stop; call `ready` once it answers."""
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", server_header=False
    )
    _Server(config, ready).run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()
        sys.stdout.flush()
