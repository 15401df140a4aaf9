"""What a process that signs does before it is let in: another waits for it, and somebody types.

Loading what signing needs takes half a second of the processor, as much as signing sixty documents.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module

from cli.late_packages import load_packages_late
from cli.lean import leave_out_aiohttp, leave_out_plugins
from pki.collecting import collect_seldom
from pki.errors.tree import PKIError


def begin_worker(order: bytes) -> None:
    """Load what signing needs, and read the home.

    Args:
        order: a pickled `WorkOrder`. What is wrong with it is said of the first document.
    """
    leave_out_aiohttp()
    leave_out_plugins()
    load_packages_late()
    worker = import_module("cli.documents.sign_worker")
    with suppress(PKIError):
        worker.prepare(order)
    collect_seldom()
