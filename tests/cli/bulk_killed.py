"""`antin`, ended by a signal before or after one of its writes: `bulk_killed.py SIGNAL AT WORD…`.

A write is a transaction of the register, or a file that takes its name. Batches are small, and
processes are started for few lines too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from itertools import count
from typing import Any


def dying(number: int, at: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what wraps a write."""
    numbers = count(1)

    def event() -> None:
        if next(numbers) == at:
            os.kill(os.getpid(), number)

    def wrap(real: Callable[..., Any]) -> Callable[..., Any]:
        def write(*words: Any, **named: Any) -> Any:
            event()
            done = real(*words, **named)
            event()
            return done

        return write

    return wrap


def main() -> None:
    number, at = map(int, sys.argv[1:3])
    sys.argv = ["antin", *sys.argv[3:]]
    from cli.app import main as antin
    from cli.issuing import bulk_workers
    from pki import atomic
    from pki.authority import bulk
    from pki.register.transactions import Transactions

    wrap = dying(number, at)
    bulk.BATCH = 4
    bulk_workers.MANY_OCTETS = 0
    Transactions.write = wrap(Transactions.write)  # type: ignore[method-assign]
    atomic._take_name = wrap(atomic._take_name)
    antin()


if __name__ == "__main__":
    main()
