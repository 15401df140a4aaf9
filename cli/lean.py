"""Keeps the start and the end of the program short.

aiohttp is left out: what stands in for it is empty and fails where it is used. pyHanko 0.38 and its
validator import it for HTTP clients of their own. Antin asks the network through its own `Fetcher`
alone and never uses them, but every command that signs or judges would load them: a fifth of the
processor time of `antin sign one.pdf` (0.20 s of 1.07 s).

Plugins of pydantic are left out: it reads what every installed package says of itself to find that
there are none (a twentieth of `antin verify one.pdf`), and who installs one would change how Antin
reads its own files. So is what looks for them, which loads what reads mail (a fortieth).

Garbage is looked for seldom, and not once more at the end: half a million objects of loaded modules
stay, so looking through them finds nothing (0.17 s of 0.67 s). Nor are they taken apart one by one
when the process ends (a thirtieth): the system takes all of it back at once.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from types import ModuleType
from typing import NoReturn

LEFT_OUT = "aiohttp"
_FINDER = "pydantic.plugin._loader"
_DATABASES = frozenset({"sqlite3", "psycopg"})
SELDOM = (300_000, 20, 20)
"""Thresholds of the collector; a long batch has its own, see `pki.collecting`."""


class LeftOutError(Exception):
    """Something of a library that was left out was used: a bug."""

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__(f"{LEFT_OUT} is left out of this program")


class _Empty(ModuleType):
    """Has every name, each a class that cannot be made an object of."""

    def __getattr__(self, name: str) -> type[LeftOutError]:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (LeftOutError,), {"__init__": _refuse})


def _refuse(*_: object, **__: object) -> NoReturn:
    raise LeftOutError


def leave_out_aiohttp() -> None:
    """Put the empty module in its place, unless the real one is loaded already."""
    sys.modules.setdefault(LEFT_OUT, _Empty(LEFT_OUT))


class _NoPlugins(ModuleType):
    """Stands where pydantic looks for plugins."""

    @staticmethod
    def get_plugins() -> tuple[()]:
        """Find none."""
        return ()


def leave_out_plugins() -> None:
    """Have pydantic look for none, by what it says of itself and without what would look."""
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    sys.modules.setdefault(_FINDER, _NoPlugins(_FINDER))


def collect_seldom() -> None:
    """Look for garbage seldom, and at the end of the process not through all that was loaded."""
    gc.set_threshold(*SELDOM)
    atexit.register(gc.freeze)


def end(status: int) -> NoReturn:
    """End the process: all that is done at the end is done, and nothing is taken apart.

    A database is, as it closes its files itself; and whatever else still runs has its time.
    """
    if threading.active_count() == 1 and _DATABASES.isdisjoint(sys.modules):
        atexit._run_exitfuncs()  # noqa: SLF001  what `sys.exit` has done as well
        if _written():
            os._exit(status)
    sys.exit(status)


def _written() -> bool:
    """Say whether all that was said has gone out; if not, Python tells of it."""
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except (OSError, ValueError, AttributeError):  # a broken pipe, a closed one, none
        return False
    return True
