"""The warnings of cryptography, kept from whom they tell nothing."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass


@contextmanager
def quietly() -> Iterator[None]:
    """Keep cryptography from warning about odd but readable names, serials and lists.

    It warns at each look at one; a verdict depends on checks, not on warnings. Python keeps one
    list of filters for all threads: who comes first changes it, who leaves last puts it back.
    """
    with _QUIET.lock:
        if not _QUIET.inside:
            _QUIET.filters.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore", UserWarning)
        _QUIET.inside += 1
    try:
        yield
    finally:
        with _QUIET.lock:
            _QUIET.inside -= 1
            if not _QUIET.inside:
                _QUIET.filters.close()


@dataclass(slots=True)
class _Quiet:
    lock: threading.Lock
    filters: ExitStack
    inside: int = 0


_QUIET = _Quiet(threading.Lock(), ExitStack())
