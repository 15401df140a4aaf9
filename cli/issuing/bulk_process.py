"""What a process does that judges lines of a file, or writes and signs certificates."""

from __future__ import annotations

import os
import signal
import threading
from functools import cache
from multiprocessing import connection, parent_process
from pathlib import Path

from hsm.software import load_key
from pki.collecting import collect_seldom
from pki.keys import PrivateKey


def begin() -> None:
    """Be a worker: Ctrl-C is for the process that started this one to mind; with it this ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    collect_seldom()
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    # Killed, the other process says nothing: the queue between the two stays open here.
    connection.wait([sentinel])
    os._exit(1)


@cache
def key_in_file(path: Path) -> PrivateKey:
    """Return an authority's key that lies in a file without a password; read once a process.

    Raises:
        PKIError: as `hsm.software.load_key`.
    """
    return load_key(path, None)
