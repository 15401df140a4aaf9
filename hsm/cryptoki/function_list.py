"""The CK_FUNCTION_LIST that python-pkcs11 calls through, for the few functions it does not call.

Asking the library for it once more would not do: p11-kit's proxy gives every caller a list of its
own, with sessions of its own. python-pkcs11 keeps its pointer in the one field of its class
`HasFuncList`, so it is read from there, after a look at the class's size: were the class another
one, the library is asked after all. Callers hold the module (`Module.run`).

Spec: PKCS #11 v3.0 §6.1.1 (CK_FUNCTION_LIST); the order is the header's and never changes.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from enum import IntEnum
from typing import Any, cast

from pkcs11 import _pkcs11

_LENGTH = 68
CKR_OK = 0x00


class Function(IntEnum):
    """Positions in the list, after the version."""

    C_INITIALIZE = 0
    C_FINALIZE = 1
    C_GET_TOKEN_INFO = 6
    C_INIT_TOKEN = 9
    C_INIT_PIN = 10
    C_SET_PIN = 11
    C_CLOSE_ALL_SESSIONS = 14
    C_GET_SESSION_INFO = 15
    C_LOGIN = 18
    C_SIGN_INIT = 42
    C_SIGN = 43


class _List(ctypes.Structure):
    # Cryptoki structures are packed to one byte on Windows and laid out naturally elsewhere.
    if os.name == "nt":
        _pack_ = 1
    _fields_ = (("version", ctypes.c_ubyte * 2), ("functions", ctypes.c_void_p * _LENGTH))


class FunctionList:
    """The functions of one loaded module."""

    def __init__(self, library: object, path: str) -> None:
        """Find the list.

        Args:
            library: python-pkcs11's library; it must live as long as this object.
            path: the library's file.

        Raises:
            OSError: the file is not there any more.
        """
        self._library = library
        self._list = _kept_by(library) or _asked_of(path)

    def find(self, which: Function, *arguments: type) -> Callable[..., int]:
        """Return a function of the module that takes these C types and gives a CK_RV."""
        return ctypes.CFUNCTYPE(ctypes.c_ulong, *arguments)(self._list.functions[which])


def handle_of(item: object) -> int:
    """Return the handle of a session or an object, which python-pkcs11's types do not mention."""
    return int(cast("Any", item).handle)


def _kept_by(library: object) -> _List | None:
    holder: type = cast("Any", _pkcs11).HasFuncList  # its types leave it out
    pointer = ctypes.sizeof(ctypes.c_void_p)
    if holder.__basicsize__ != object.__basicsize__ + pointer:
        return None
    address = ctypes.c_void_p.from_address(id(library) + object.__basicsize__).value
    return _List.from_address(address) if address else None


def _asked_of(path: str) -> _List:
    table = ctypes.POINTER(_List)()
    result: int = ctypes.CDLL(path).C_GetFunctionList(ctypes.byref(table))
    if result != CKR_OK:
        raise OSError(f"C_GetFunctionList: 0x{result:X}")
    return table.contents
