"""Loads a PKCS#11 module, initialises and finalises it.

python-pkcs11 can do that too, but not as it is needed here: it always calls `C_Initialize(NULL)`,
which promises the module that threads will not come at the same time, where a pool of sessions
needs CKF_OS_LOCKING_OK; and it calls C_Finalize without letting go of the interpreter's lock, so
that a module that hangs there would stop the whole process. So this one file makes python-pkcs11's
object without its own initialisation, and does that itself.

Spec: PKCS #11 v3.0 §5.4.1 (C_Initialize), §5.4.2 (C_Finalize), §6.1.2 (CK_C_INITIALIZE_ARGS).
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any, cast

import pkcs11
from pkcs11._pkcs11 import lib as _Lib  # noqa: N812  pkcs11.lib is a function of that name

from hsm.cryptoki.function_list import Function, FunctionList
from hsm.cryptoki.mapping import check_result, reason_of
from hsm.errors import ModuleUnusableError

_CKF_OS_LOCKING_OK = 0x02


class _InitializeArgs(ctypes.Structure):
    if os.name == "nt":
        _pack_ = 1
    _fields_ = (
        ("mutex_functions", ctypes.c_void_p * 4),
        ("flags", ctypes.c_ulong),
        ("reserved", ctypes.c_void_p),
    )


_ABANDONED: list[object] = []
"""Libraries in which a call hangs. They stay loaded until the process ends."""


class Library:
    """A loaded and initialised module; made by `load_library`."""

    def __init__(self, path: Path, *, threads: bool) -> None:
        # Loads the library; its __init__ would initialise it.
        self._lib: _Lib = cast("Any", _Lib).__new__(_Lib, str(path))
        self._threads = threads
        self.functions = FunctionList(self._lib, str(path))
        """What python-pkcs11 does not call, or not well."""
        self._initialize()

    def get_slots(self) -> list[pkcs11.Slot]:
        """Return all slots, also empty ones."""
        return self._lib.get_slots()

    def reinitialize(self) -> None:
        """C_Finalize and C_Initialize: some modules see a token that came back only then."""
        self.finalize()
        self._initialize()

    def finalize(self) -> None:
        """C_Finalize; what it answers changes nothing."""
        self.functions.find(Function.C_FINALIZE, ctypes.c_void_p)(None)

    def _initialize(self) -> None:
        arguments = _InitializeArgs(flags=_CKF_OS_LOCKING_OK)
        given = ctypes.addressof(arguments) if self._threads else None
        check_result(self.functions.find(Function.C_INITIALIZE, ctypes.c_void_p)(given))


def abandon(library: Library) -> None:
    """Leave a library as it is until the process ends: a call hangs in it."""
    _ABANDONED.append(library)


def load_library(path: Path, *, threads: bool) -> Library:
    """Load and initialise the module at `path`.

    Args:
        path: the module's file, resolved.
        threads: several threads will call at the same time.

    Raises:
        ModuleUnusableError: built for another processor, not a PKCS#11 module, or it refuses to be
            initialised; with `threads`, also where it cannot lock.
    """
    try:
        return Library(path, threads=threads)
    except (pkcs11.PKCS11Error, OSError) as error:
        reason = reason_of(error) if isinstance(error, pkcs11.PKCS11Error) else str(error)
        raise ModuleUnusableError(module=path, reason=reason) from error
