"""Keeps Python's garbage collector from looking at the whole program again and again.

What is loaded at the start stays, and to look through it costs 50 to 100 ms each time: a sixth of
the time of a batch of 160 real documents, each of which leaves some thousand objects behind that
refer to each other; 8 of 100 of the time of 1,000 certificates issued one after another. So what is
there before the work is left out of it, and the rest is looked at less often.

This is the one place that says how Antin collects: a batch asks for it with `collecting_seldom`, a
process that lives for such work (a server, a worker) with `collect_seldom`, once, at its start.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = (20_000, 20, 20)


def collect_seldom() -> None:
    """Collect seldom from now on, and what is there now not at all; for a whole process."""
    gc.collect()  # what is garbage now would stay for good
    gc.freeze()
    gc.set_threshold(*_SELDOM)


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Collect seldom while the block runs, then as before; nested, the outer one decides.

    Nothing is collected first: that takes as long as signing ten documents, and what it would find
    is little.
    """
    before = gc.get_threshold()
    if before == _SELDOM or not gc.isenabled():
        yield
        return
    gc.freeze()
    gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
