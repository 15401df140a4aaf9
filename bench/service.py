"""Verdicts over HTTP from a service with two processes, beside two processes that only judge.

Offline, with the anchors alone: of small documents nobody's status is known, and both come to the
same TRY_LATER; those at B-LTA pass.
"""

from __future__ import annotations

import json
import multiprocessing
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from http.client import HTTPConnection
from multiprocessing.connection import Connection
from pathlib import Path

import uvicorn

from bench import judge_material
from bench.material import Material
from bench.rounds import Contender, Task
from verify.http.app import build_app
from verify.http.callers import Callers
from verify.http.judging import Asked, Rules, judge
from verify.http.limits import Limits
from verify.http.workers import Workers

WORKERS = 2
CLIENTS = 4
TIMES = 10
"""How often each document is judged in a round."""
TIMES_LONG_TERM = 2
PDF = {"Content-Type": "application/pdf"}
EXPECTED = "TRY_LATER"


def rules_of(material: Material) -> Rules:
    """Return who is trusted: the root alone."""
    return Rules(trust=(material.folder / "root.pem",), offline=True)


class _Judging(Task):
    times = TIMES
    expected: str | None = EXPECTED

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._documents = [path.read_bytes() for path in self.paths()] * self.times
        self._told: list[str | None] = []

    def paths(self) -> tuple[Path, ...]:
        """Return what is judged."""
        return self.material.signed()

    def check(self) -> None:
        assert self._told == [self.expected] * len(self._documents), set(self._told)


class _LongTerm(_Judging):
    """Documents that have their evidence inside: so are those that are kept."""

    times = TIMES_LONG_TERM
    expected = None

    def paths(self) -> tuple[Path, ...]:
        return judge_material.long_term(self.material)


class Service(_Judging):
    """The whole way of a document: HTTP, a process, a report, HTTP."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        context = multiprocessing.get_context("spawn")
        told, port = context.Pipe(duplex=False)
        self._process = context.Process(target=_serve, args=(rules_of(material), port))
        self._process.start()
        self._port = told.recv()
        self._kept = threading.local()
        self._opened: list[HTTPConnection] = []

    def work(self) -> None:
        with ThreadPoolExecutor(CLIENTS) as clients:
            self._told = list(clients.map(self._ask, self._documents))

    def check(self) -> None:
        super().check()
        start = time.perf_counter()
        self.work()
        each = (time.perf_counter() - start) / len(self._documents)
        waited = sorted(self._at_half_load(each))
        middle, late = waited[len(waited) // 2], waited[len(waited) * 95 // 100]
        print(
            f"service at half load: median {middle * 1000:.1f} ms, p95 {late * 1000:.1f} ms, "
            f"{late / middle:.1f} times",
            flush=True,
        )

    def _at_half_load(self, each: float) -> list[float]:
        """Send at half the rate that it takes when it has all it can do; return the waits."""
        waited: list[float] = []

        def ask(data: bytes) -> None:
            start = time.perf_counter()
            self._ask(data)
            waited.append(time.perf_counter() - start)

        begin = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as clients:
            for number, data in enumerate(self._documents):
                time.sleep(max(0.0, begin + number * 2 * each - time.perf_counter()))
                clients.submit(ask, data)
        return waited

    def _ask(self, data: bytes) -> str | None:
        """Ask over a connection that the thread keeps.

        With the least a client can do: others than this machine are who asks in earnest.
        """
        connection: HTTPConnection | None = getattr(self._kept, "connection", None)
        if connection is None:
            connection = self._kept.connection = HTTPConnection("127.0.0.1", self._port)
            self._opened.append(connection)
        connection.request("POST", "/v1/documents", data, PDF)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200
        told: str | None = json.loads(body)["sub_indication"]
        return told

    def close(self) -> None:
        for connection in self._opened:
            connection.close()
        self._process.terminate()
        self._process.join()


def _serve(rules: Rules, port: Connection) -> None:
    """Be the service, until it is told to end; clients in the same process would hold it up."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises it again at its end
    limits = Limits(workers=WORKERS, per_minute=10**9)
    workers = Workers(rules, limits)
    try:
        with socket.socket(proto=socket.IPPROTO_TCP) as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            port.send(listener.getsockname()[1])
            app = build_app(workers, Callers((), limits.per_minute), limits)
            config = uvicorn.Config(app, lifespan="off", log_level="error", access_log=False)
            uvicorn.Server(config).run(sockets=[listener])
    finally:
        workers.stop()


class Bare(_Judging):
    """Two processes that read files and judge."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(WORKERS, mp_context=context)
        self._work = partial(judge_file, rules_of(material))

    def work(self) -> None:
        paths = [*self.paths()] * self.times
        self._told = list(self._pool.map(self._work, paths, chunksize=10))

    def close(self) -> None:
        self._pool.shutdown()


def judge_file(rules: Rules, path: Path) -> str | None:
    """Return the sub-indication of a document."""
    return judge(rules, Asked(path.read_bytes())).sub_indication


class ServiceLongTerm(_LongTerm, Service):
    """The service with documents at B-LTA."""


class BareLongTerm(_LongTerm, Bare):
    """The two processes with documents at B-LTA."""


CONTENDERS = (Contender("Antin", Service), Contender("floor", Bare))
LONG_TERM = (Contender("Antin", ServiceLongTerm), Contender("floor", BareLongTerm))
