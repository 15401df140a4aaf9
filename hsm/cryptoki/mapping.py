"""python-pkcs11's exceptions become Antin's, here and nowhere else.

CKR_PIN_INCORRECT alone is called a wrong PIN. At login it is `hsm.login` that maps it, with what
the token's flags tell.

Spec: PKCS #11 v3.0 §5.1 (return values).
"""

from __future__ import annotations

import pkcs11

from hsm.cryptoki.function_list import CKR_OK
from hsm.errors import (
    DeviceFailedError,
    FunctionFailedError,
    MechanismUnsupportedError,
    PINCancelledError,
    PINExpiredError,
    PINLockedError,
    PINNotAcceptedError,
    PINNotSetError,
    SessionLostError,
    TokenNotPresentError,
    TokenRemovedError,
    TokenWriteProtectedError,
    WrongPINError,
)
from pki.errors.tree import PKIError

_SIMPLE: dict[type[pkcs11.PKCS11Error], type[PKIError]] = {
    pkcs11.PinExpired: PINExpiredError,
    pkcs11.PinInvalid: PINNotAcceptedError,
    pkcs11.PinLenRange: PINNotAcceptedError,
    pkcs11.PinTooWeak: PINNotAcceptedError,
    pkcs11.FunctionCancelled: PINCancelledError,
    pkcs11.OperationNotInitialized: SessionLostError,
    pkcs11.UserPinNotInitialized: PINNotSetError,
    pkcs11.TokenNotPresent: TokenNotPresentError,
    pkcs11.TokenNotRecognised: TokenNotPresentError,
    pkcs11.SlotIDInvalid: TokenNotPresentError,
    pkcs11.DeviceRemoved: TokenRemovedError,
    pkcs11.OperationActive: SessionLostError,
    pkcs11.SessionClosed: SessionLostError,
    pkcs11.SessionHandleInvalid: SessionLostError,
    pkcs11.ObjectHandleInvalid: SessionLostError,
    pkcs11.KeyHandleInvalid: SessionLostError,
    pkcs11.UserNotLoggedIn: SessionLostError,
    pkcs11.TokenWriteProtected: TokenWriteProtectedError,
    pkcs11.SessionReadOnly: TokenWriteProtectedError,
}

_SPOILT = (
    pkcs11.DeviceRemoved,
    pkcs11.OperationActive,
    pkcs11.OperationNotInitialized,
    pkcs11.SessionClosed,
    pkcs11.SessionHandleInvalid,
    pkcs11.TokenNotPresent,
    pkcs11.UserNotLoggedIn,
)
# CKR_CRYPTOKI_NOT_INITIALIZED, for which python-pkcs11 has no class: the module was reset under us.
_NOT_INITIALIZED = "0x190"

_DEVICE = (pkcs11.DeviceError, pkcs11.DeviceMemory)

_MECHANISM = (
    pkcs11.MechanismInvalid,
    pkcs11.MechanismParamInvalid,
    pkcs11.FunctionNotSupported,
    pkcs11.KeySizeRange,
    pkcs11.KeyTypeInconsistent,
    pkcs11.DomainParamsInvalid,
)

# What python-pkcs11 raises, for the few calls that are made beside it.
_CLASSES: dict[int, type[pkcs11.PKCS11Error]] = {
    0x05: pkcs11.GeneralError,
    0x06: pkcs11.FunctionFailed,
    0x30: pkcs11.DeviceError,
    0x32: pkcs11.DeviceRemoved,
    0x50: pkcs11.FunctionCancelled,
    0x70: pkcs11.MechanismInvalid,
    0xA0: pkcs11.PinIncorrect,
    0xA1: pkcs11.PinInvalid,
    0xA2: pkcs11.PinLenRange,
    0xA3: pkcs11.PinExpired,
    0xA4: pkcs11.PinLocked,
    0xB3: pkcs11.SessionHandleInvalid,
    0xE0: pkcs11.TokenNotPresent,
    0x101: pkcs11.UserNotLoggedIn,
}


def check_result(result: int) -> None:
    """Raise python-pkcs11's exception for a CK_RV that is not CKR_OK.

    Raises:
        pkcs11.PKCS11Error: the class for it, or the base class with the number.
    """
    if result != CKR_OK:
        raise _CLASSES.get(result, pkcs11.PKCS11Error)(f"0x{result:X}")


def is_spoilt(error: pkcs11.PKCS11Error) -> bool:
    """Say whether what is open on the token is of no more use; keeping it would fail for ever."""
    return isinstance(error, _SPOILT) or _NOT_INITIALIZED in str(error)


def error_for(
    error: pkcs11.PKCS11Error, *, token: str, serial: str = "", mechanism: str = ""
) -> PKIError:
    """Return Antin's error for one of python-pkcs11's."""
    reason = reason_of(error)
    if isinstance(error, pkcs11.PinIncorrect):
        return WrongPINError(token=token, serial=serial, pin_flags=("-",))
    if isinstance(error, pkcs11.PinLocked):
        return PINLockedError(token=token, serial=serial)
    if isinstance(error, _MECHANISM):
        return MechanismUnsupportedError(token=token, mechanism=mechanism or reason)
    if isinstance(error, _DEVICE):
        return DeviceFailedError(token=token, reason=reason)
    simple = next((mapped for kind, mapped in _SIMPLE.items() if isinstance(error, kind)), None)
    if simple is None and is_spoilt(error):
        simple = SessionLostError
    return simple(token=token) if simple else FunctionFailedError(token=token, reason=reason)


def reason_of(error: pkcs11.PKCS11Error) -> str:
    """Return the name of the return value and the library's words, if any."""
    words = str(error)
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
