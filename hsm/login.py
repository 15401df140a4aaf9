"""Logging in, and the changes to PINs: every use of a PIN in Antin but the file passwords.

The rules and their order: `hsm.cryptoki.pin_rules`. The PIN is asked for without holding the
module, so that other tokens go on signing while a person types.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import TypeVar

import pkcs11
from pkcs11.types import PROTECTED_AUTH

from hsm.cryptoki.function_list import Function, handle_of
from hsm.cryptoki.mapping import check_result
from hsm.cryptoki.pin_rules import PINRole, check_may_ask, wrong_pin
from hsm.lanes import Lane
from hsm.module import Module
from hsm.pin import Pin, PinSource
from hsm.tokens import TokenInfo

T = TypeVar("T")


def login(
    module: Module, token: TokenInfo, pin_source: PinSource, *, allow_final_try: bool = False
) -> None:
    """Log in, once a process and token; later calls find it done and ask nothing.

    A token with a PIN pad is logged in to on the pad: the source only announces it.

    Raises:
        PINLockedError: locked; the PIN was not asked for.
        PINFinalTryError: one try is left and `allow_final_try` is not set; not asked for.
        WrongPINError: the token refused the PIN, now or before in this process.
        PINCancelledError: the person stopped at the pad.
        PKIError: whatever else the token answers.
    """
    state = module.kept.state(token)
    with state.logging_in:
        if state.session is not None:
            return
        now = module.refresh(token)
        check_may_ask(now, allow_final_try=allow_final_try)
        pin = _ask(now, pin_source)
        if module.logged_in(now):  # the one who was asked for the PIN logged in meanwhile
            return

        def log_in(_lane: Lane) -> pkcs11.Session:
            try:
                return _open(module, now, pin)
            except pkcs11.UserAlreadyLoggedIn:
                # Left over from before the machine slept, say, and not by this PIN: what is open
                # is given back, and the PIN is tried as it was meant.
                module.kept.forget(now)
                return _open(module, now, pin)

        state.session = _tried(module, now, pin, log_in)


def logout(module: Module, token: TokenInfo) -> None:
    """Give the login back; keys opened with it ask for the PIN again."""
    module.run_alone(lambda _lane: module.kept.forget(token), token)


def change_pin(
    module: Module,
    token: TokenInfo,
    pin_source: PinSource,
    new_pin: Callable[[TokenInfo], Pin],
    *,
    allow_final_try: bool = False,
) -> None:
    """Change the user's PIN. With a PIN pad both are typed there, and `new_pin` is not called.

    Args:
        module: where the token is.
        token: the token.
        pin_source: gives the present PIN.
        new_pin: gives the new one, once the token is known to take tries.
        allow_final_try: spend the last try if it comes to that.

    Raises:
        PINNotAcceptedError: the token refuses the new PIN's length or characters.
        PKIError: as `login`.

    Spec: PKCS #11 v3.0 §5.5.9 (C_SetPIN).
    """
    now = module.refresh(token)
    check_may_ask(now, allow_final_try=allow_final_try)
    pin = _ask(now, pin_source)
    fresh = new_pin(now) if pin is not None else None

    def change(_lane: Lane) -> None:
        session = module.slots.find(now).open(rw=True)
        try:
            if pin is None or fresh is None:  # they are both None, or neither is
                _set_pin_on_pad(module, session)
            else:
                session.set_pin(pin.reveal(), fresh.reveal())
        finally:
            session.close()

    _tried(module, now, pin, change)
    module.refused.forget(now)


def unblock_pin(
    module: Module,
    token: TokenInfo,
    officer_source: PinSource,
    new_pin: Callable[[TokenInfo], Pin],
    *,
    allow_final_try: bool = False,
) -> None:
    """Give the user a new PIN by the security officer's: unlocks the token, keeps its keys.

    With a PIN pad both are typed there, and `new_pin` is not called.

    Args:
        module: where the token is; this process is logged out of the token first.
        token: the token.
        officer_source: gives the security officer's PIN (some makers call it PUK or admin PIN).
        new_pin: gives the user's new PIN.
        allow_final_try: spend the officer's last try if it comes to that; the token is then lost.

    Raises:
        WrongPINError: not the officer's PIN.
        PINLockedError, PINFinalTryError: as `login`, of the officer's PIN.
        PINNotAcceptedError: the token refuses the new PIN's length or characters.
        PKIError: whatever else the token answers.

    Spec: PKCS #11 v3.0 §5.5.8 (C_InitPIN).
    """
    now = module.refresh(token)
    check_may_ask(now, allow_final_try=allow_final_try, role=PINRole.OFFICER)
    pin = _ask(now, officer_source)
    fresh = new_pin(now) if pin is not None else None

    def unblock(_lane: Lane) -> None:
        module.kept.forget(now)  # an officer's login wants nobody else's session
        found = module.slots.find(now)
        session = found.open(rw=True, so_pin=PROTECTED_AUTH if pin is None else pin.reveal())
        try:
            if fresh is None:
                _init_pin_on_pad(module, session)
            else:
                session.init_pin(fresh.reveal())
        finally:
            session.close()

    _tried(module, now, pin, unblock, PINRole.OFFICER)
    module.refused.forget(now)


def _ask(token: TokenInfo, pin_source: PinSource) -> Pin | None:
    """Return the PIN, or None where it is typed on the pad."""
    if token.protected_path:
        pin_source.announce_pad(token)
        return None
    return pin_source.ask(token)


def _open(module: Module, token: TokenInfo, pin: Pin | None) -> pkcs11.Session:
    """C_OpenSession and C_Login: the only one with a user's PIN."""
    return module.slots.find(token).open(user_pin=PROTECTED_AUTH if pin is None else pin.reveal())


def _tried(
    module: Module,
    token: TokenInfo,
    pin: Pin | None,
    work: Callable[[Lane], T],
    role: PINRole = PINRole.USER,
) -> T:
    """Do work that costs a try if the PIN is wrong; the same PIN is not tried twice."""
    if pin is not None and module.refused.knows(token, pin, role):
        raise wrong_pin(module.refresh(token), role)

    def attempt(lane: Lane) -> T:
        try:
            return work(lane)
        except pkcs11.PKCS11Error as error:
            module.kept.forget(token)  # python-pkcs11 leaves the session of a failed login open
            if isinstance(error, pkcs11.PinIncorrect):
                if pin is not None:
                    module.refused.remember(token, pin, role)
                raise wrong_pin(module.refresh(token), role) from error
            raise

    limit = module.limits.pad if pin is None else module.limits.call
    return module.run_alone(attempt, token, limit=limit)


def _set_pin_on_pad(module: Module, session: pkcs11.Session) -> None:
    """C_SetPIN without PINs, which python-pkcs11 cannot say: both are typed on the pad."""
    types = (ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong)
    call = module.functions.find(Function.C_SET_PIN, *types)
    check_result(call(handle_of(session), None, 0, None, 0))


def _init_pin_on_pad(module: Module, session: pkcs11.Session) -> None:
    """C_InitPIN without a PIN: it is typed on the pad."""
    types = (ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong)
    call = module.functions.find(Function.C_INIT_PIN, *types)
    check_result(call(handle_of(session), None, 0))
