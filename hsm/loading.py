"""Loads PKCS#11 modules, each once a file and process."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

from hsm.cryptoki.library import Library, load_library
from hsm.errors import ForkedError, ModuleUnusableError, TokenTimeoutError
from hsm.gate import Gate, Limits
from hsm.lanes import Lane
from hsm.module import Module

_LOADING = threading.Lock()
_LOADED: dict[Path, Module] = {}
_USUAL_LIMITS = Limits()


def open_module(path: Path, *, limits: Limits | None = _USUAL_LIMITS, sessions: int = 1) -> Module:
    """Load a PKCS#11 module, once a file and process: later calls give the first one's module.

    Args:
        path: the module's file. `hsm.discovery` tries an unknown one in a process of its own first.
        limits: how long calls may take; None runs them on the caller's thread and waits for ever.
        sessions: how many calls may run at a time. More than one suits an HSM on the network; the
            module must lock by itself (CKF_OS_LOCKING_OK). Tokens on USB do one thing at a time.

    Raises:
        ModuleUnusableError: no such file, built for another processor, not a PKCS#11 module, or it
            takes too long to start.
    """
    try:
        real = path.resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise ModuleUnusableError(module=path, reason=str(error)) from error
    with _LOADING:
        if real not in _LOADED:
            gate = Gate(lanes=sessions, limits=limits)
            late = threading.Event()

            def load(_lane: Lane) -> Library:
                library = load_library(real, threads=sessions > 1)
                if late.is_set():  # nobody waits for it any more
                    library.finalize()
                return library

            try:
                library = gate.run(load)
            except TokenTimeoutError as error:
                late.set()
                raise ModuleUnusableError(module=path, reason="C_Initialize hangs") from error
            _LOADED[real] = Module(real, library, gate, on_close=_forget)
        return _LOADED[real]


def find_loaded(path: Path) -> Module | None:
    """Return the module if this process has loaded that file."""
    return _LOADED.get(path.resolve())


def close_modules() -> None:
    """Close every module this process loaded: for the end of a command.

    A forked child leaves its parent's modules alone.
    """
    for module in tuple(_LOADED.values()):
        with suppress(ForkedError):
            module.close()


def _forget(module: Module) -> None:
    with _LOADING:
        if _LOADED.get(module.path) is module:
            del _LOADED[module.path]
