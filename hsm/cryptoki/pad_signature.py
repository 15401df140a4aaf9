"""A signature whose own PIN is typed on a PIN pad: C_SignInit, C_Login without a PIN, C_Sign.

python-pkcs11 gives a context-specific login a PIN from memory only, so this file makes the three
calls itself, on python-pkcs11's session and key.

Spec: PKCS #11 v3.0 §5.6.8 (C_Login, CKU_CONTEXT_SPECIFIC), §4.9 (CKA_ALWAYS_AUTHENTICATE).
"""

from __future__ import annotations

import ctypes
import os

from pkcs11 import Mechanism
from pkcs11.types import Object

from hsm.cryptoki.function_list import Function, FunctionList, handle_of
from hsm.cryptoki.mapping import check_result
from hsm.cryptoki.signer import PSSParameters

_CONTEXT_SPECIFIC = 2
_ROOM = 8192  # the longest signature, ML-DSA-87, has 4,627 bytes


class _PSS(ctypes.Structure):
    if os.name == "nt":
        _pack_ = 1
    _fields_ = (("hash", ctypes.c_ulong), ("mgf", ctypes.c_ulong), ("salt", ctypes.c_ulong))


class _Mechanism(ctypes.Structure):
    if os.name == "nt":
        _pack_ = 1
    _fields_ = (
        ("mechanism", ctypes.c_ulong),
        ("parameter", ctypes.c_void_p),
        ("length", ctypes.c_ulong),
    )


def sign_on_pad(
    functions: FunctionList,
    key: Object,
    data: bytes,
    mechanism: Mechanism,
    parameters: PSSParameters | None,
) -> bytes:
    """Return the signature, once the person has typed the PIN on the reader.

    Raises:
        pkcs11.PKCS11Error: whatever the token answers; the caller maps it.
    """
    session = handle_of(key.session)
    number, pointer = ctypes.c_ulong, ctypes.c_void_p
    pss = _PSS(*map(int, parameters)) if parameters is not None else None
    asked = _Mechanism(
        int(mechanism),
        None if pss is None else ctypes.addressof(pss),
        0 if pss is None else ctypes.sizeof(pss),
    )
    check_result(
        functions.find(Function.C_SIGN_INIT, number, pointer, number)(
            session, ctypes.addressof(asked), handle_of(key)
        )
    )
    check_result(
        functions.find(Function.C_LOGIN, number, number, pointer, number)(
            session, _CONTEXT_SPECIFIC, None, 0
        )
    )
    buffer, length = ctypes.create_string_buffer(_ROOM), ctypes.c_ulong(_ROOM)
    check_result(
        functions.find(Function.C_SIGN, number, ctypes.c_char_p, number, pointer, pointer)(
            session, data, len(data), buffer, ctypes.addressof(length)
        )
    )
    return buffer.raw[: length.value]
