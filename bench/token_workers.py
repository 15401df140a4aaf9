"""Two signing processes against one, beside what `openssl speed -multi 2` gains over `-multi 1`."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.logins import LoginCounter
from bench.material import USER_PIN, Material
from bench.paired import Ways
from bench.tokens import Scheme
from hsm.embedded import EmbeddedTokens
from hsm.module import Module
from hsm.pin import GivenPinSource, Pin
from hsm.workers.messages import KeyOrder
from hsm.workers.pool import SigningWorkers, signing_workers
from hsm.workers.process import worker_key

TASKS, EACH = 16, 2
"""How many tasks make a round, and how many of a scheme's rounds of signatures make a task."""
_COUNTERS: list[LoginCounter] = []


@dataclass(frozen=True, slots=True)
class CountedTokens:
    """The embedded tokens, opened in a worker whose logins are counted."""

    directory: Path

    def module(self) -> Module:
        """Open them, before the worker logs in."""
        module = EmbeddedTokens(self.directory).module()
        _COUNTERS.append(LoginCounter(module.path))
        return module


def sign_many(scheme: Scheme) -> None:
    """Sign in a worker."""
    for _ in range(EACH * scheme.times):
        scheme.sign(worker_key())


def count_logins() -> tuple[int, int]:
    """Return a worker's number and its logins."""
    time.sleep(0.2)  # the other worker takes the other task
    return os.getpid(), sum(counter.logins for counter in _COUNTERS)


class Workers(Ways):
    """`signing_workers`, one and two, and OpenSSL's own processes, which sign for a second."""

    def __init__(self, material: Material, scheme: Scheme) -> None:
        self._scheme = scheme
        order = KeyOrder(scheme.uri(material), (CountedTokens(material.tokens.directory),))
        source = GivenPinSource(Pin(USER_PIN))
        self._pools = {n: signing_workers(order, source, workers=n) for n in (1, 2)}
        self.ways = {f"{n}": partial(self._sign, pool) for n, pool in self._pools.items()}
        self.ways |= {f"openssl {n}": partial(self._speed, n) for n in (1, 2)}

    def logins(self) -> int:
        return max(max(logins_of(pool, n).values()) for n, pool in self._pools.items())

    def close(self) -> None:
        for pool in self._pools.values():
            pool.shutdown()

    def _sign(self, pool: SigningWorkers) -> None:
        for task in [pool.submit(sign_many, self._scheme) for _ in range(TASKS)]:
            task.result()

    def _speed(self, processes: int) -> float:
        return TASKS * EACH * self._scheme.times / openssl_rate(self._scheme.openssl, processes)


def openssl_rate(algorithm: str, processes: int) -> float:
    """Return how many signatures a second OpenSSL's own processes make."""
    command = ["openssl", "speed", "-seconds", "1", "-multi", str(processes), algorithm]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    # The last two figures of the last line: signatures and verifications a second.
    return float(re.findall(r"[\d.]+", done.stdout.splitlines()[-1])[-2])


def logins_of(pool: SigningWorkers, workers: int) -> dict[int, int]:
    """Return the logins of each worker of a pool."""
    counts = dict(task.result() for task in [pool.submit(count_logins) for _ in range(workers)])
    assert len(counts) == workers
    return counts


def worker_lines(scheme: Scheme, times: dict[str, float]) -> list[tuple[str, ...]]:
    """Return what two processes gain, Antin's and OpenSSL's."""
    gain, peer = times["1"] / times["2"], times["openssl 1"] / times["openssl 2"]
    rate = TASKS * EACH * scheme.times / times["2"]
    return [
        (
            f"{scheme.name}, two workers against one",
            f"{rate:.0f}/s",
            f"{gain:.2f}",
            f"≥ {0.9 * peer:.2f}",
            f"0.9 of the {peer:.2f} that `openssl speed -multi 2` gains",
        )
    ]


def workers(scheme: Scheme) -> Callable[[Material], Ways]:
    """Return what measures a scheme."""
    return partial(Workers, scheme=scheme)
