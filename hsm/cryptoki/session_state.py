"""Whether a session is logged in, as the token says, which python-pkcs11 does not ask.

Spec: PKCS #11 v3.0 §5.6.4 (C_GetSessionInfo), §3.4 (CK_SESSION_INFO).
"""

from __future__ import annotations

import ctypes
import os

from pkcs11 import Session

from hsm.cryptoki.function_list import Function, FunctionList, handle_of
from hsm.cryptoki.mapping import check_result

_OF_A_USER = (1, 3)  # CKS_RO_USER_FUNCTIONS, CKS_RW_USER_FUNCTIONS


class _SessionInfo(ctypes.Structure):
    if os.name == "nt":
        _pack_ = 1
    _fields_ = (
        ("slot", ctypes.c_ulong),
        ("state", ctypes.c_ulong),
        ("flags", ctypes.c_ulong),
        ("device_error", ctypes.c_ulong),
    )


def is_logged_in(functions: FunctionList, session: Session) -> bool:
    """Say whether the user is logged in in this session.

    Raises:
        pkcs11.PKCS11Error: the token does not know the session, say; the caller maps it.
    """
    info = _SessionInfo()
    ask = functions.find(Function.C_GET_SESSION_INFO, ctypes.c_ulong, ctypes.c_void_p)
    check_result(ask(handle_of(session), ctypes.addressof(info)))
    return info.state in _OF_A_USER
