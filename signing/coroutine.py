"""The bridge to pyHanko's asynchronous half.

pyHanko's own synchronous calls use `asyncio.run`, which fails inside a running loop (an HTTP
handler): there the work is done in a thread of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


def finish(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run `coroutine` to its end and return what it returns, inside a running loop or outside."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, coroutine).result()
