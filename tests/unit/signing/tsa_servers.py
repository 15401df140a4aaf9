"""Time-stamp services on loopback: a right one, and every kind that misbehaves."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from unit.signing.signing_world import World, reject

STUCK = threading.Event()
"""Never set: a service that does not answer waits for it, for a second at most."""


@dataclass
class TSAServer:
    """One service; `manner` says how it behaves, and may be changed while it runs."""

    world: World
    manner: str = "right"
    port: int = 0
    asked: int = 0
    last: bytes = b""
    headers: list[dict[str, str]] = field(default_factory=list)
    elsewhere: str = ""
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/tsa"

    def answer(self, query: bytes) -> bytes:
        before, self.last = self.last, query
        match self.manner:
            case "refusing":
                return reject()
            case "busy":
                return reject(fail_info="system_failure")
            case "nonsense":
                return b"<html>Dang bao tri</html>"
            case "endless":
                return bytes(200_000)
            case "of another":
                return self.world.answer_tsa(before or query)
            case _:
                return self.world.answer_tsa(query)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        service = self.server.service
        service.asked += 1
        service.headers.append(dict(self.headers))
        query = self.rfile.read(int(self.headers["Content-Length"]))
        match service.manner:
            case "silent":
                STUCK.wait(1)
                self.close_connection = True
            case "broken":
                self.send_error(503)
            case "moved":
                self._send(307, b"", ("Location", service.elsewhere))
            case "guarded" if not self.headers.get("Authorization"):
                self.send_error(401)
            case _:
                self._send(200, service.answer(query))

    def _send(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    def __init__(self, service: TSAServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.service = service

    def handle_error(self, *_: object) -> None:
        """Whoever asked may have gone away: that is what some tests are about."""


@contextmanager
def tsa_server(
    world: World, manner: str = "right", *, tls: ssl.SSLContext | None = None
) -> Iterator[TSAServer]:
    """Run a service on a port of its own."""
    service = TSAServer(world, manner, scheme="https" if tls else "http")
    server = _Server(service)
    service.port = server.server_address[1]
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
