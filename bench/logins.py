"""Counts C_Login: puts a counter before the function in the module's own CK_FUNCTION_LIST.

Everybody calls through that table, python-pkcs11 and Antin alike.
"""

from __future__ import annotations

import ctypes
from pathlib import Path

C_LOGIN = 18
_LOGIN = ctypes.CFUNCTYPE(
    ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong
)


class _Table(ctypes.Structure):
    _fields_ = (("version", ctypes.c_ubyte * 2), ("functions", ctypes.c_void_p * 68))


class LoginCounter:
    """Counts the logins of this process from now on."""

    def __init__(self, library: Path) -> None:
        self.logins = 0
        table = ctypes.POINTER(_Table)()
        assert ctypes.CDLL(str(library)).C_GetFunctionList(ctypes.byref(table)) == 0
        functions = table.contents.functions
        original = _LOGIN(functions[C_LOGIN])

        def counted(session: int, user: int, pin: int, length: int) -> int:
            self.logins += 1
            return int(original(session, user, pin, length))

        self._keep = _LOGIN(counted)  # the table holds no reference
        functions[C_LOGIN] = ctypes.cast(self._keep, ctypes.c_void_p).value
