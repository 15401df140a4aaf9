"""The rules that keep PIN tries: what is refused before a PIN is asked for, and what is remembered.

`hsm.login` follows them, in this order:

1. LOCKED: refused, nothing is asked.
2. FINAL_TRY: refused, unless told to spend the last try.
3. The PIN is asked for.
4. A PIN this token has refused before in this process is not tried again.
5. One C_Login; CKR_PIN_INCORRECT comes back with what the flags now tell.
"""

from __future__ import annotations

import hashlib
import secrets
from enum import StrEnum
from typing import ClassVar
from weakref import WeakSet

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
    PINState.COUNT_LOW: "{role}_PIN_COUNT_LOW",
    PINState.FINAL_TRY: "{role}_PIN_FINAL_TRY",
    PINState.LOCKED: "{role}_PIN_LOCKED",
}


class PINRole(StrEnum):
    """Whose PIN it is.

    Spec: PKCS #11 v3.0 §3.3 (CK_USER_TYPE).
    """

    USER = "USER"
    OFFICER = "SO"
    """The security officer, who sets the user's PIN and nothing else."""

    def state_of(self, token: TokenInfo) -> PINState:
        """Return what the token told of this PIN."""
        return token.pin_state if self is PINRole.USER else token.so_pin_state


def check_may_ask(token: TokenInfo, *, allow_final_try: bool, role: PINRole = PINRole.USER) -> None:
    """Refuse before the PIN is asked for, where asking could only do harm.

    Raises:
        PINLockedError: no PIN would be taken.
        PINFinalTryError: a wrong one would lock the token, and nobody allowed that.
    """
    state = role.state_of(token)
    if state is PINState.LOCKED:
        raise PINLockedError(token=token.label, serial=token.serial)
    if state is PINState.FINAL_TRY and not allow_final_try:
        raise PINFinalTryError(token=token.label, serial=token.serial)


def wrong_pin(token: TokenInfo, role: PINRole = PINRole.USER) -> WrongPINError:
    """Return the error for a refused PIN; `token` was read after the refusal."""
    state = role.state_of(token)
    kind = {
        PINState.FINAL_TRY: WrongPINFinalTryError,
        PINState.LOCKED: WrongPINLockedError,
    }.get(state, WrongPINError)
    flags = (_FLAG_NAMES[state].format(role=role),)
    return kind(token=token.label, serial=token.serial, pin_flags=flags)


class RefusedPins:
    """Remembers which PINs a token refused, as keyed hashes with a key of this process alone.

    Fifty documents with one wrong PIN file would lock a token that allows five tries.
    """

    _all: ClassVar[WeakSet[RefusedPins]] = WeakSet()

    def __init__(self) -> None:
        self._all.add(self)
        self._key = secrets.token_bytes(32)
        self._refused: dict[tuple[str, str, PINRole], set[bytes]] = {}

    def remember(self, token: TokenInfo, pin: Pin, role: PINRole = PINRole.USER) -> None:
        """Note that this token refused this PIN."""
        self._refused.setdefault(_owner(token, role), set()).add(self._trace(pin))

    def knows(self, token: TokenInfo, pin: Pin, role: PINRole = PINRole.USER) -> bool:
        """Say whether this token refused this PIN before."""
        return self._trace(pin) in self._refused.get(_owner(token, role), ())

    def forget(self, token: TokenInfo, role: PINRole = PINRole.USER) -> None:
        """Let any PIN be tried again, whichever way to the token: it has a new one."""
        for one in tuple(self._all):
            one._refused.pop(_owner(token, role), None)  # noqa: SLF001

    def _trace(self, pin: Pin) -> bytes:
        return hashlib.blake2b(pin.reveal().encode(), key=self._key).digest()


def _owner(token: TokenInfo, role: PINRole) -> tuple[str, str, PINRole]:
    return token.serial, token.label, role
