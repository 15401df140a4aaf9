"""A verdict service as it runs: real processes, a real server, real HTTP on loopback."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from verify.http.app import build_app
from verify.http.callers import Caller, Callers
from verify.http.judging import Rules
from verify.http.limits import Limits
from verify.http.protocol import BoundedHTTP
from verify.http.workers import Workers


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def object(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return self.object["error"]["code"]


@dataclass(frozen=True)
class Service:
    """Where it answers."""

    url: str

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with urllib3.PoolManager() as pool:
            got = pool.request(
                method, self.url + path, body=body, headers=named, retries=False, timeout=60
            )
        return Reply(got.status, {k.lower(): v for k, v in got.headers.items()}, got.data)

    def post(self, body: bytes, query: str = "", **headers: str) -> Reply:
        """Send one document."""
        headers = {"content_type": "application/pdf", **headers}
        return self.ask("POST", f"/verify/v1/documents{query}", body, **headers)

    def send(
        self, parts: list[tuple[str, Any]], path: str = "/verify/v1/documents", **headers: str
    ) -> Reply:
        """Send a form."""
        body, kind = urllib3.encode_multipart_formdata(parts)
        return self.ask("POST", path, body, content_type=kind, **headers)


@contextlib.contextmanager
def running(
    trust: Path,
    limits: Limits | None = None,
    callers: tuple[Caller, ...] = (),
    rules: Rules | None = None,
) -> Iterator[Service]:
    """Serve in a thread until the block ends."""
    limits = limits or Limits(workers=1)
    workers = Workers(rules or Rules(trust=(trust,), offline=True), limits)
    app = build_app(workers, Callers(callers, limits.per_minute), limits)
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:  # asyncio asks for its kind
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        config = uvicorn.Config(
            Starlette(routes=[Mount("/verify", app=app)]),
            http=BoundedHTTP,
            lifespan="off",
            log_level="warning",
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield Service(f"http://127.0.0.1:{listener.getsockname()[1]}")
        finally:
            server.should_exit = True
            thread.join()
            workers.stop()
