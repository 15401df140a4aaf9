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
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import uvicorn

from bench import judge_material
from bench.asker import Asked, Asker
from bench.material import Material
from bench.rounds import Contender, Task
from verify.http.app import build_app
from verify.http.callers import Callers
from verify.http.judging import Asked as ToJudge
from verify.http.judging import Rules, judge
from verify.http.limits import Limits
from verify.http.protocol import BoundedHTTP
from verify.http.workers import Workers

WORKERS = 2
CLIENTS = 4
TIMES = 10
"""How often each document is judged in a round."""
TIMES_LONG_TERM = 2
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
        self._asker = Asker(told.recv(), CLIENTS)
        self._answered: list[Asked] = []

    def work(self) -> None:
        self._answered = self._asker.ask(self._documents)

    def check(self) -> None:
        self._told = [json.loads(one.body)["sub_indication"] for one in self._answered]
        super().check()
        start = time.perf_counter()
        self.work()
        each = (time.perf_counter() - start) / len(self._documents)
        # At half the rate that it takes when it has all it can do.
        waited = sorted(one.waited for one in self._asker.ask(self._documents, every=2 * each))
        middle, late = waited[len(waited) // 2], waited[len(waited) * 95 // 100]
        print(
            f"service at half load: median {middle * 1000:.1f} ms, p95 {late * 1000:.1f} ms, "
            f"{late / middle:.1f} times",
            flush=True,
        )

    def close(self) -> None:
        self._asker.close()
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
            config = uvicorn.Config(
                app,
                http=BoundedHTTP,
                lifespan="off",
                log_level="error",
                access_log=False,
                server_header=False,
                proxy_headers=False,
            )
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
    return judge(rules, ToJudge(path.read_bytes())).sub_indication


class ServiceLongTerm(_LongTerm, Service):
    """The service with documents at B-LTA."""


class BareLongTerm(_LongTerm, Bare):
    """The two processes with documents at B-LTA."""


CONTENDERS = (Contender("Antin", Service), Contender("floor", Bare))
LONG_TERM = (Contender("Antin", ServiceLongTerm), Contender("floor", BareLongTerm))
