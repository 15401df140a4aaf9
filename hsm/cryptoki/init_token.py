"""Sets up a token with C_InitToken through ctypes, because nothing else can do it safely.

python-pkcs11 0.9 has no C_InitToken, and `softhsm2-util` 2.6 takes PINs only in its arguments,
where every user of the machine can read them, or from a terminal. So this one file calls the one
function. Setting the user's PIN afterwards (C_InitPIN) python-pkcs11 can do.

Spec: PKCS #11 v3.0 §5.5.7 (C_InitToken).
"""

from __future__ import annotations

import ctypes

import pkcs11

from hsm.cryptoki.function_list import CKR_OK, Function, FunctionList
from hsm.errors import FunctionFailedError, PINNotAcceptedError, WrongPINError
from hsm.pin import Pin

_LABEL_BYTES = 32
_CKR_PIN_INCORRECT = 0xA0
_CKR_PIN_REFUSED = (0xA1, 0xA2)  # CKR_PIN_INVALID, CKR_PIN_LEN_RANGE


def init_token(functions: FunctionList, slot_id: int, label: str, so_pin: Pin) -> None:
    """Set up the token in a slot: gives it a label and a security officer's PIN.

    The caller holds the module (`Module.run`) and has checked that the slot's token is a fresh
    one: C_InitToken erases whatever is there.

    Args:
        functions: the module's.
        slot_id: the slot.
        label: at most 32 bytes in UTF-8.
        so_pin: the security officer's PIN.

    Raises:
        WrongPINError: the token was set up before and has another officer's PIN.
        PINNotAcceptedError: too short, too long or of the wrong characters for this token.
        FunctionFailedError: the token failed otherwise.
    """
    padded = label.encode().ljust(_LABEL_BYTES)
    result = _call(functions, slot_id, so_pin.reveal().encode(), padded)
    if result == _CKR_PIN_INCORRECT:
        raise WrongPINError(token=label, serial="", pin_flags=("-",))
    if result in _CKR_PIN_REFUSED:
        raise PINNotAcceptedError(token=label)
    if result != CKR_OK:
        raise FunctionFailedError(token=label, reason=f"C_InitToken: 0x{result:X}")


def set_user_pin(token: pkcs11.Token, so_pin: Pin, user_pin: Pin) -> None:
    """Give a freshly set up token its user's PIN.

    Raises:
        pkcs11.PKCS11Error: as the token says; the caller maps it.
    """
    session = token.open(rw=True, so_pin=so_pin.reveal())
    try:
        session.init_pin(user_pin.reveal())
    finally:
        session.close()


def _call(functions: FunctionList, slot_id: int, pin: bytes, label: bytes) -> int:
    types = (ctypes.c_ulong, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)
    return functions.find(Function.C_INIT_TOKEN, *types)(slot_id, pin, len(pin), label)
