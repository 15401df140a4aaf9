"""Tokens of a ceremony: made in the home's own store, or initialised where one lies blank.

A token that holds anything, or held it, is never initialised: not if the file names it, not if it
has the label, and not if somebody else sets it up between looking and doing. PINs come from their
sources and go to the token; nothing here writes them down.
"""

from __future__ import annotations

import secrets
from dataclasses import replace

from cli.errors import NewPINRefusedError, PadInitError
from cli.homes.keys import open_modules
from cli.homes.office import Office
from cli.tokens.choose import Chosen
from cli.tokens.new_pin import NewPIN
from cli.tokens.officer import OfficerPINs, as_officer, is_embedded
from hsm.embedded import EmbeddedTokens
from hsm.errors import (
    TokenAmbiguousError,
    TokenExistsError,
    TokenNotBlankError,
    TokenNotFoundError,
)
from hsm.objects import ObjectKind, list_objects
from hsm.pin import Pin
from hsm.pin_text import doubts_about
from hsm.token_setup import initialize_blank, set_first_pin
from hsm.tokens import TokenInfo
from hsm.uri import same_text
from pki.ceremony.plan import TokenStep

_PROMPT = "prompt"


def make_embedded(office: Office, label: str) -> None:
    """Make a token in the home's own store.

    Raises:
        TokenExistsError: one of this label is there.
        PKIError: no PIN, or SoftHSM refuses.
    """
    fresh = TokenInfo(label=label, serial="-")
    pin = _user_pin(office, fresh, refuses=False)
    # As with `token init`: an embedded token is not unlocked but made anew.
    EmbeddedTokens(office.home.tokens).create_token(label, pin, Pin(secrets.token_hex(16)))


def initialise(office: Office, step: TokenStep, so_pin_source: str | None, *, again: bool) -> None:
    """Initialise the blank token that a step means; after an interruption, end what was begun.

    Raises:
        TokenExistsError: a token of this label is there already.
        TokenNotBlankError: the token that the step names by its serial was set up before.
        TokenNotFoundError: no token is blank, or none has that serial.
        TokenAmbiguousError: several are, and the step names none.
        PadInitError: its PINs are typed on the reader, which only its maker's program can do.
        PKIError: no PIN, a PIN that the token refuses, or whatever else it answers.
    """
    every = _every(office)
    others = tuple(one for one in every if not is_embedded(one))
    begun = [one for one in every if _is_called(one.token, step.token)]
    if begun:
        if not again or len(begun) > 1 or begun[0] not in others:
            raise TokenExistsError(label=step.token)
        _go_on(office, begun[0], so_pin_source)
        return
    chosen = _blank(others, step)
    now = replace(chosen.module.refresh(chosen.token), label=step.token)
    if now.protected_path:
        raise PadInitError(token=step.token)
    user_pin = _user_pin(office, now)
    so_pin = NewPIN(office.session, so_pin_source, question="cli.new_pin.ask_officer")(now)
    initialize_blank(chosen.module, chosen.token, step.token, user_pin=user_pin, so_pin=so_pin)


def _go_on(office: Office, chosen: Chosen, so_pin_source: str | None) -> None:
    """Take the token that the step set up before; give it its PIN where it has none yet."""
    kinds = (ObjectKind.CERTIFICATE, ObjectKind.PUBLIC)
    if list_objects(chosen.module, chosen.token, kinds):
        raise TokenExistsError(label=chosen.token.label)  # the step's own would be empty
    if chosen.token.pin_set:
        return
    now = chosen.module.refresh(chosen.token)
    user_pin = _user_pin(office, now)
    so_pin = OfficerPINs(office.session, so_pin_source).ask(now)

    def work() -> None:
        set_first_pin(chosen.module, now, user_pin=user_pin, so_pin=so_pin)

    as_officer(chosen, work)


def _every(office: Office) -> tuple[Chosen, ...]:
    """Return every token, blank ones too; in the home's own store there is always one of those."""
    modules = open_modules(office.home, session=office.session)
    return tuple(Chosen(office.home, one, token) for one in modules for token in one.all_tokens())


def _is_called(token: TokenInfo, label: str) -> bool:
    return token.initialized and same_text(label, token.label)


def _blank(every: tuple[Chosen, ...], step: TokenStep) -> Chosen:
    fitting = [one for one in every if step.serial is None or one.token.serial == step.serial]
    blank = [one for one in fitting if not one.token.initialized]
    wanted = step.serial or step.token
    if not blank:
        if step.serial is not None and fitting:
            raise TokenNotBlankError(token=fitting[0].token.label, serial=step.serial)
        raise TokenNotFoundError(wanted=wanted, seen=_names(every))
    if len(blank) > 1:
        raise TokenAmbiguousError(wanted=wanted, serials=_names(blank))
    return blank[0]


def _names(found: tuple[Chosen, ...] | list[Chosen]) -> tuple[str, ...]:
    names = (f"{one.token.serial or '-'} ({one.token.label or '-'})" for one in found)
    return tuple(names) or ("-",)


def _user_pin(office: Office, token: TokenInfo, *, refuses: bool = True) -> Pin:
    """Return the PIN from where it comes; one that the token would refuse is refused before."""
    source = office.pins.option or office.home.settings.pins.get(token.label, _PROMPT)
    if source == _PROMPT:
        return NewPIN(office.session, None, refuses=refuses)(token)
    pin = office.pins.ask(token)
    if refuses and any(doubt.retype for doubt in doubts_about(pin, token.pin_bytes)):
        raise NewPINRefusedError(token=token.label)
    return pin
