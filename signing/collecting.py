"""Keeps Python's garbage collector from looking at the whole program again and again in a batch.

Each document read leaves some thousand objects behind that refer to each other. Collecting them
often means to look through everything that is loaded as well: a sixth of the time of a batch of 160
real documents. Here what is there before the batch is left out of it, and the rest is looked at
less often; how the program collects otherwise is put back in the end. Nothing is collected first:
that takes as long as signing ten documents, and what it would find is little.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = (20_000, 20, 20)


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Collect seldom while the block runs; nested, the outer one decides."""
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
