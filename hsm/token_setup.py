"""Sets up a token: gives it a name, an officer's and a user's PIN; what was on it is erased."""

from __future__ import annotations

from hsm.cryptoki.init_token import init_token, set_user_pin
from hsm.cryptoki.token_info import token_info
from hsm.errors import TokenNotBlankError, TokenNotPresentError
from hsm.lanes import Lane
from hsm.module import Module
from hsm.pin import Pin
from hsm.tokens import TokenInfo


def set_up_token(module: Module, label: str, *, user_pin: Pin, so_pin: Pin) -> TokenInfo:
    """Set up a token that never was; one that was is not touched.

    Raises:
        TokenNotPresentError: there is none. SoftHSM always has one.
        PINNotAcceptedError: the token refuses a PIN's length or characters.
    """
    fresh = next((one for one in module.all_tokens() if not one.initialized), None)
    if fresh is None:
        raise TokenNotPresentError(token=label)
    return initialize_token(module, fresh, label, user_pin=user_pin, so_pin=so_pin)


def initialize_token(
    module: Module, token: TokenInfo, label: str, *, user_pin: Pin, so_pin: Pin
) -> TokenInfo:
    """Initialise the token in this slot: everything on it is erased.

    Args:
        module: where the token is.
        token: the token as it is now; another one in its slot is not touched.
        label: what it is to be called, at most 32 bytes in UTF-8.
        user_pin: the user's PIN from now on.
        so_pin: the security officer's PIN: the present one, or a new token's first.

    Raises:
        WrongPINError: not the officer's PIN of a token that was set up before.
        PINNotAcceptedError: the token refuses a PIN's length or characters.
        PKIError: whatever else the token answers.
    """

    def make(_lane: Lane) -> TokenInfo:
        module.slots.find(token)
        return _make(module, token, label, user_pin=user_pin, so_pin=so_pin)

    return module.run_alone(make, token, limit=module.limits.generate)


def initialize_blank(
    module: Module, token: TokenInfo, label: str, *, user_pin: Pin, so_pin: Pin
) -> TokenInfo:
    """As `initialize_token`, of a token that was never set up, which is asked at the last moment.

    Raises:
        TokenNotBlankError: it was set up meanwhile; nothing was done to it.
        PINNotAcceptedError: the token refuses a PIN's length or characters.
        PKIError: whatever else the token answers.
    """

    def make(_lane: Lane) -> TokenInfo:
        now = token_info(module.slots.find(token))
        if now.initialized:
            raise TokenNotBlankError(token=now.label, serial=now.serial)
        return _make(module, token, label, user_pin=user_pin, so_pin=so_pin)

    return module.run_alone(make, token, limit=module.limits.generate)


def set_first_pin(module: Module, token: TokenInfo, *, user_pin: Pin, so_pin: Pin) -> None:
    """Give a token its first user's PIN, where its setting up was interrupted before that.

    Raises:
        TokenNotBlankError: it has one; nothing was done to it.
        WrongPINError: not the officer's PIN.
        PKIError: whatever else the token answers.
    """

    def give(_lane: Lane) -> None:
        found = module.slots.find(token)
        now = token_info(found)
        if now.pin_set:
            raise TokenNotBlankError(token=now.label, serial=now.serial)
        module.kept.forget(token)
        set_user_pin(found, so_pin, user_pin)

    module.run_alone(give, token, limit=module.limits.generate)


def _make(module: Module, token: TokenInfo, label: str, *, user_pin: Pin, so_pin: Pin) -> TokenInfo:
    module.kept.forget(token)  # C_InitToken refuses while a session is open
    init_token(module.functions, token.slot_id, label, so_pin)
    made = module.slots.get(token.slot_id, label).get_token()
    set_user_pin(made, so_pin, user_pin)
    return token_info(module.slots.get(token.slot_id, label).get_token())
