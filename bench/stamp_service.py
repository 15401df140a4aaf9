"""A time-stamp service on this machine, in a process of its own.

Whoever starts it loads nothing of what it is made of: a peer stays as it is installed.
"""

from __future__ import annotations

import importlib
import multiprocessing
import socket
import threading
import time

from bench import tsa
from bench.material import Material


class Service:
    """A time-stamp service in a process of its own."""

    def __init__(self, material: Material) -> None:
        tsa.certify(material)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=_serve, args=(material, port), daemon=True)
        self._process.start()
        self.url = f"http://127.0.0.1:{port}/tsa"
        _await(port)

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.join()


def _serve(material: Material, port: int) -> None:
    # By its name: what judges time-stamps puts quicker readers into pyHanko, here alone.
    importlib.import_module("bench.stamp_serving").serve(material, port)


def _await(port: int) -> None:
    """Wait until the service answers."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            threading.Event().wait(0.05)
        else:
            return
    raise AssertionError(port)
