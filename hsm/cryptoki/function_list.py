"""Functions of a loaded module's CK_FUNCTION_LIST, for the few that python-pkcs11 does not call.

The operating system gives the same copy of a library twice, so what is called here is the module
that python-pkcs11 has loaded and initialised. Callers hold the module (`Module.run`).

Spec: PKCS #11 v3.0 §6.1.1 (CK_FUNCTION_LIST); the order is the header's and never changes.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Any, cast

_LENGTH = 68
CKR_OK = 0x00


class Function(IntEnum):
    """Positions in the list, after the version."""

    C_INITIALIZE = 0
    C_FINALIZE = 1
    C_GET_TOKEN_INFO = 6
    C_INIT_TOKEN = 9
    C_SET_PIN = 11
    C_CLOSE_ALL_SESSIONS = 14
    C_LOGIN = 18
    C_SIGN_INIT = 42
    C_SIGN = 43


class _FunctionList(ctypes.Structure):
    # Cryptoki structures are packed to one byte on Windows and laid out naturally elsewhere.
    if os.name == "nt":
        _pack_ = 1
    _fields_ = (("version", ctypes.c_ubyte * 2), ("functions", ctypes.c_void_p * _LENGTH))


def handle_of(item: object) -> int:
    """Return the handle of a session or an object, which python-pkcs11's types do not mention."""
    return int(cast("Any", item).handle)


def function(library: Path, which: Function, *arguments: type) -> Callable[..., int]:
    """Return one function of the module, taking these C types and giving a CK_RV.

    Raises:
        OSError: the library is not there any more.
    """
    table = ctypes.POINTER(_FunctionList)()
    result: int = ctypes.CDLL(str(library)).C_GetFunctionList(ctypes.byref(table))
    if result != CKR_OK:
        raise OSError(f"C_GetFunctionList: 0x{result:X}")
    return ctypes.CFUNCTYPE(ctypes.c_ulong, *arguments)(table.contents.functions[which])
