"""CK_TOKEN_INFO as `TokenInfo`.

Spec: PKCS #11 v3.0 §3.2.
"""

from __future__ import annotations

import ctypes
import os
from dataclasses import replace

import pkcs11

from hsm.cryptoki.function_list import CKR_OK, Function, FunctionList
from hsm.tokens import PINState, TokenInfo

_Flag = pkcs11.TokenFlag
# Plain numbers: Python's flags take microseconds for each question.
_USER = tuple(map(int, (_Flag.USER_PIN_LOCKED, _Flag.USER_PIN_FINAL_TRY, _Flag.USER_PIN_COUNT_LOW)))
_OFFICER = tuple(map(int, (_Flag.SO_PIN_LOCKED, _Flag.SO_PIN_FINAL_TRY, _Flag.SO_PIN_COUNT_LOW)))
_PAD = int(_Flag.PROTECTED_AUTHENTICATION_PATH)
_INITIALIZED = int(_Flag.TOKEN_INITIALIZED)
_PIN_SET = int(_Flag.USER_PIN_INITIALIZED)
_WRITE_PROTECTED = int(_Flag.WRITE_PROTECTED)
_STATES = (PINState.LOCKED, PINState.FINAL_TRY, PINState.COUNT_LOW)


class _TokenInfo(ctypes.Structure):
    if os.name == "nt":
        _pack_ = 1
    _fields_ = (
        ("texts", ctypes.c_ubyte * 96),
        ("flags", ctypes.c_ulong),
        ("session_counts", ctypes.c_ulong * 4),
        ("max_pin", ctypes.c_ulong),
        ("min_pin", ctypes.c_ulong),
        ("rest", ctypes.c_ubyte * 128),  # memory, versions, time: more room than they take
    )


def token_info(token: pkcs11.Token) -> TokenInfo:
    """Return what the token said of itself when python-pkcs11 last asked."""
    flags = int(token.flags)
    return TokenInfo(
        label=token.label,
        serial=serial_of(token),
        manufacturer=token.manufacturer_id,
        model=token.model,
        slot_id=token.slot.slot_id,
        pin_state=_gravest(flags, _USER),
        so_pin_state=_gravest(flags, _OFFICER),
        protected_path=bool(flags & _PAD),
        initialized=bool(flags & _INITIALIZED),
        pin_set=bool(flags & _PIN_SET),
        write_protected=bool(flags & _WRITE_PROTECTED),
        hardware=_version(token.hardware_version),
        firmware=_version(token.firmware_version),
    )


def serial_of(token: pkcs11.Token) -> str:
    """Return the serial number that the token said it has when python-pkcs11 last asked."""
    return token.serial.rstrip(b"\0").decode("utf-8", errors="replace")


def read_pin_lengths(functions: FunctionList, token: TokenInfo) -> TokenInfo:
    """Return `token` with the lengths of PINs that it takes; python-pkcs11 does not tell them.

    What makes no sense is left out: a wrong bound would refuse a right PIN.
    """
    info = _TokenInfo()
    types = (ctypes.c_ulong, ctypes.c_void_p)
    result = functions.find(Function.C_GET_TOKEN_INFO, *types)(
        token.slot_id, ctypes.addressof(info)
    )
    if result != CKR_OK or not 0 < info.min_pin <= info.max_pin < 256:
        return token
    return replace(token, pin_bytes=range(info.min_pin, info.max_pin + 1))


def _gravest(flags: int, asked: tuple[int, ...]) -> PINState:
    for flag, state in zip(asked, _STATES, strict=True):
        if flags & flag:
            return state
    return PINState.NORMAL


def _version(version: tuple[int, int]) -> str:
    return ".".join(str(part) for part in version)
