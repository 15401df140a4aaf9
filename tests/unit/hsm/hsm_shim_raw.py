"""Calls functions of a module through ctypes: what bare python-pkcs11 has no way to call."""

from __future__ import annotations

import ctypes
from pathlib import Path

from hsm_shim_cryptoki import FUNCTIONS

CKF_OS_LOCKING_OK = 2


class _List(ctypes.Structure):
    _fields_ = (("version", ctypes.c_ubyte * 2), ("functions", ctypes.c_void_p * len(FUNCTIONS)))


class LockingArguments(ctypes.Structure):
    """CK_C_INITIALIZE_ARGS of a program with threads: the module uses the system's locks."""

    _fields_ = (
        ("mutex_functions", ctypes.c_void_p * 4),
        ("flags", ctypes.c_ulong),
        ("reserved", ctypes.c_void_p),
    )

    def __init__(self) -> None:
        super().__init__(flags=CKF_OS_LOCKING_OK)


class Raw:
    """A module's function list: `raw("C_Finalize", None)` gives the CKR."""

    def __init__(self, library: Path) -> None:
        table = ctypes.POINTER(_List)()
        assert ctypes.CDLL(str(library)).C_GetFunctionList(ctypes.byref(table)) == 0
        self._functions = table.contents.functions

    def __call__(self, function: str, *arguments: object) -> int:
        """Call it; integers are CK_ULONG."""
        address = self._functions[FUNCTIONS.index(function)]
        given = [ctypes.c_ulong(one) if isinstance(one, int) else one for one in arguments]
        return int(ctypes.CFUNCTYPE(ctypes.c_ulong)(address)(*given))
