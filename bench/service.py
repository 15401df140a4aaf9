"""Verdicts over HTTP from a service with two processes, beside two processes that only judge.

Offline, with the anchors alone: nobody's status is known, and both come to the same TRY_LATER.
"""

from __future__ import annotations

import multiprocessing
import socket
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import urllib3
import uvicorn

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
PDF = {"Content-Type": "application/pdf"}
EXPECTED = "TRY_LATER"


def rules_of(material: Material) -> Rules:
    """Return who is trusted: the root alone."""
    return Rules(trust=(material.folder / "root.pem",), offline=True)


class _Judging(Task):
    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._documents = [path.read_bytes() for path in material.signed()] * TIMES
        self._told: list[str | None] = []

    def check(self) -> None:
        assert self._told == [EXPECTED] * len(self._documents), set(self._told)


class Service(_Judging):
    """The whole way of a document: HTTP, a process, a report, HTTP."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        limits = Limits(workers=WORKERS, per_minute=10**9)
        self._workers = Workers(rules_of(material), limits)
        app = build_app(self._workers, Callers((), limits.per_minute), limits)
        self._listener = socket.socket(proto=socket.IPPROTO_TCP)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        config = uvicorn.Config(app, lifespan="off", log_level="error", access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}
        )
        self._thread.start()
        self._url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1/documents"
        self._clients = urllib3.PoolManager(maxsize=CLIENTS)

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
        answer = self._clients.request("POST", self._url, body=data, headers=PDF)
        assert answer.status == 200
        told: str | None = answer.json()["sub_indication"]
        return told

    def close(self) -> None:
        self._clients.clear()
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()
        self._workers.stop()


class Bare(_Judging):
    """Two processes that read files and judge."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(WORKERS, mp_context=context)
        self._work = partial(judge_file, rules_of(material))

    def work(self) -> None:
        paths = [*self.material.signed()] * TIMES
        self._told = list(self._pool.map(self._work, paths, chunksize=10))

    def close(self) -> None:
        self._pool.shutdown()


def judge_file(rules: Rules, path: Path) -> str | None:
    """Return the sub-indication of a document."""
    return judge(rules, Asked(path.read_bytes())).sub_indication


CONTENDERS = (Contender("Antin", Service), Contender("floor", Bare))
