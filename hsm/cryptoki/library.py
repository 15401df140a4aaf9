"""Loads a PKCS#11 module and initialises it, for one thread at a time or for several.

python-pkcs11 always calls `C_Initialize(NULL)`, which promises the module that threads will not
come at the same time. A pool of sessions needs CKF_OS_LOCKING_OK, so for a pool this one file makes
python-pkcs11's object without its own initialisation, and does that itself.

Spec: PKCS #11 v3.0 §5.4.1 (C_Initialize), §6.1.2 (CK_C_INITIALIZE_ARGS).
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any, Protocol, cast

import pkcs11
from pkcs11._pkcs11 import lib as _Lib  # noqa: N812  pkcs11.lib is a function of that name

from hsm.cryptoki.function_list import CKR_OK, Function, FunctionList
from hsm.cryptoki.mapping import reason_of
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
"""Libraries in which a call hangs. python-pkcs11 finalises one that is forgotten: not these."""


class Library(Protocol):
    """A loaded and initialised module."""

    functions: FunctionList
    """What python-pkcs11 does not call."""

    def get_slots(self) -> list[pkcs11.Slot]:
        """Return all slots, also empty ones."""
        ...

    def reinitialize(self) -> None:
        """C_Finalize and C_Initialize: some modules see a token that came back only then."""
        ...

    def finalize(self) -> None:
        """C_Finalize."""
        ...


def abandon(library: Library) -> None:
    """Leave a library as it is until the process ends: a call hangs in it."""
    _ABANDONED.append(library)


class _ThreadedLibrary:
    """A module initialised with locking by the operating system."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # Loads the library; its __init__ would initialise it.
        self._lib: _Lib = cast("Any", _Lib).__new__(_Lib, str(path))
        self.functions = FunctionList(self._lib, str(path))
        self._initialize()

    def get_slots(self) -> list[pkcs11.Slot]:
        return self._lib.get_slots()

    def reinitialize(self) -> None:
        self.finalize()
        self._initialize()

    def finalize(self) -> None:
        self.functions.find(Function.C_FINALIZE, ctypes.c_void_p)(None)

    def _initialize(self) -> None:
        arguments = _InitializeArgs(flags=_CKF_OS_LOCKING_OK)
        call = self.functions.find(Function.C_INITIALIZE, ctypes.c_void_p)
        result = call(ctypes.addressof(arguments))
        if result != CKR_OK:
            raise ModuleUnusableError(module=self._path, reason=f"C_Initialize: 0x{result:X}")


class _PlainLibrary:
    """A module initialised by python-pkcs11, for one thread at a time."""

    def __init__(self, path: Path) -> None:
        # Not `pkcs11.lib`, which would give a library again that it believes to be initialised.
        self._lib = _Lib(str(path))
        self.functions = FunctionList(self._lib, str(path))

    def get_slots(self) -> list[pkcs11.Slot]:
        return self._lib.get_slots()

    def reinitialize(self) -> None:
        self._lib.reinitialize()

    def finalize(self) -> None:
        self._lib.finalize()


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
        return _ThreadedLibrary(path) if threads else _PlainLibrary(path)
    except (pkcs11.PKCS11Error, OSError) as error:
        reason = reason_of(error) if isinstance(error, pkcs11.PKCS11Error) else str(error)
        raise ModuleUnusableError(module=path, reason=reason) from error
