"""The rules of logging in: at most one `C_Login` a question, never twice with a refused PIN.

1. LOCKED: refused, nothing is asked.
2. FINAL_TRY: refused, unless told to spend the last try.
3. The PIN is asked for.
4. A PIN this token has refused before in this process is not tried again.
5. One C_Login; CKR_PIN_INCORRECT comes back with what the flags now tell.
"""

from __future__ import annotations

import hashlib
import secrets

import pkcs11

from hsm.errors import (
    PINFinalTryError,
    PINLockedError,
    WrongPINError,
    WrongPINFinalTryError,
    WrongPINLockedError,
)
from hsm.pin import Pin
from hsm.tokens import PINState, TokenInfo

_FLAG_NAMES = {
    PINState.NORMAL: "-",
    PINState.COUNT_LOW: "USER_PIN_COUNT_LOW",
    PINState.FINAL_TRY: "USER_PIN_FINAL_TRY",
    PINState.LOCKED: "USER_PIN_LOCKED",
}


def pin_state(flags: pkcs11.TokenFlag) -> PINState:
    """Return the gravest of what the flags tell."""
    if flags & pkcs11.TokenFlag.USER_PIN_LOCKED:
        return PINState.LOCKED
    if flags & pkcs11.TokenFlag.USER_PIN_FINAL_TRY:
        return PINState.FINAL_TRY
    if flags & pkcs11.TokenFlag.USER_PIN_COUNT_LOW:
        return PINState.COUNT_LOW
    return PINState.NORMAL


def check_may_ask(token: TokenInfo, *, allow_final_try: bool) -> None:
    """Refuse before the PIN is asked for, where asking could only do harm.

    Raises:
        PINLockedError: no PIN would be taken.
        PINFinalTryError: a wrong one would lock the token, and nobody allowed that.
    """
    if token.pin_state is PINState.LOCKED:
        raise PINLockedError(token=token.label, serial=token.serial)
    if token.pin_state is PINState.FINAL_TRY and not allow_final_try:
        raise PINFinalTryError(token=token.label, serial=token.serial)


def wrong_pin(token: TokenInfo) -> WrongPINError:
    """Return the error for a refused PIN; `token` was read after the refusal."""
    kind = {
        PINState.FINAL_TRY: WrongPINFinalTryError,
        PINState.LOCKED: WrongPINLockedError,
    }.get(token.pin_state, WrongPINError)
    flags = (_FLAG_NAMES[token.pin_state],)
    return kind(token=token.label, serial=token.serial, pin_flags=flags)


def log_in(token: pkcs11.Token, pin: Pin) -> pkcs11.Session:
    """Open a session and log in: the only C_Login with a user's PIN in Antin.

    Raises:
        pkcs11.PKCS11Error: as the token says; mapped by the caller, who knows the token's flags.
    """
    try:
        return token.open(user_pin=pin.reveal())
    except pkcs11.UserAlreadyLoggedIn:
        # Login counts for the whole process (PKCS #11 §5.6.8): another part of it was first.
        return token.open()


class RefusedPins:
    """Remembers which PINs a token refused, as keyed hashes with a key of this process alone.

    Fifty documents with one wrong PIN file would lock a token that allows five tries.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._refused: set[bytes] = set()

    def remember(self, token: TokenInfo, pin: Pin) -> None:
        """Note that this token refused this PIN."""
        self._refused.add(self._trace(token, pin))

    def knows(self, token: TokenInfo, pin: Pin) -> bool:
        """Say whether this token refused this PIN before."""
        return self._trace(token, pin) in self._refused

    def _trace(self, token: TokenInfo, pin: Pin) -> bytes:
        text = f"{token.serial}\0{token.label}\0{pin.reveal()}".encode()
        return hashlib.blake2b(text, key=self._key).digest()
