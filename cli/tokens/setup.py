"""`antin token init`: one more embedded token, or a token of another module from scratch."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from cli.certificate_text import certificate_object
from cli.errors import BadOptionError, PadInitError
from cli.homes.home import Home, get_home, home_directory
from cli.homes.keys import PINs, open_modules
from cli.session import Session, table
from cli.tokens.choose import Chosen, home_of, token_address
from cli.tokens.dry_run import end_dry_run
from cli.tokens.new_pin import NewPIN
from cli.tokens.officer import OfficerPINs, as_officer
from hsm.cryptoki.pin_rules import PINRole, check_may_ask
from hsm.embedded import EmbeddedTokens
from hsm.errors import LabelTooLongError, TokenAmbiguousError, TokenNotFoundError
from hsm.objects import ObjectKind, list_objects
from hsm.pin import Pin
from hsm.token_setup import initialize_token
from hsm.tokens import TokenInfo
from hsm.uri import KeyURI

MAX_LABEL_BYTES = 32
_PROMPT = "prompt"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of `antin token init`."""

    label: str
    token: str | None
    """Label or address of a token that is there; None makes an embedded one."""
    serial: str | None
    erase: bool
    yes: bool
    pin_source: str | None
    so_pin_source: str | None


def set_up(session: Session, wanted: Wanted) -> None:
    """Set up a token, and say which.

    Raises:
        BadOptionError: options that belong to another module's token, and none is named.
        PKIError: no such token, a wrong or doubtful PIN, or the token refuses.
    """
    if wanted.token is not None or wanted.serial is not None:
        _set_up_again(session, wanted)
        return
    if wanted.erase or wanted.so_pin_source:
        raise BadOptionError(
            option="--erase, --so-pin-source", value="-", form="--token | --serial"
        )
    _put_made(session, _make_embedded(session, wanted))


def _make_embedded(session: Session, wanted: Wanted) -> TokenInfo:
    """Set up one more token in the home's store.

    The security officer's PIN is drawn at random and forgotten: an embedded token is not unlocked
    but made anew.
    """
    home = get_home(home_directory(session.home), session.configuration)
    fresh = TokenInfo(label=wanted.label, serial="-")
    source = wanted.pin_source or home.settings.pins.get(wanted.label, _PROMPT)
    if source == _PROMPT:
        user_pin = NewPIN(session, None, refuses=False)(fresh)
    else:
        user_pin = PINs(session, home, wanted.pin_source).ask(fresh)
    so_pin = Pin(secrets.token_hex(16))
    return EmbeddedTokens(home.tokens).create_token(wanted.label, user_pin, so_pin)


def _set_up_again(session: Session, wanted: Wanted) -> None:
    if len(wanted.label.encode()) > MAX_LABEL_BYTES:
        raise LabelTooLongError(label=wanted.label)
    chosen = _find(session, home_of(session), wanted)
    now = chosen.module.refresh(chosen.token)
    if now.protected_path:
        raise PadInitError(token=now.label or now.serial)
    if now.initialized:
        lost = _certificates(chosen)
        if not (wanted.erase and wanted.yes):
            _put_plan(session, chosen, lost)
            end_dry_run(session, "cli.token.init.advice")
        check = OfficerPINs(session, wanted.so_pin_source).ask
        as_officer(chosen, lambda: check_may_ask(now, allow_final_try=False, role=PINRole.OFFICER))
    else:
        check = NewPIN(session, wanted.so_pin_source, question="cli.new_pin.ask_officer")
    user_pin = NewPIN(session, wanted.pin_source)(now)
    so_pin = check(now)
    made: list[TokenInfo] = []

    def initialize() -> None:
        made.append(
            initialize_token(chosen.module, now, wanted.label, user_pin=user_pin, so_pin=so_pin)
        )

    as_officer(chosen, initialize)
    _put_made(session, made[0])


def _find(session: Session, home: Home, wanted: Wanted) -> Chosen:
    """Return the one token that is meant, also one that was never set up and has no label."""
    uri = token_address(wanted.token)
    if wanted.serial is not None:
        if wanted.token is not None:
            raise BadOptionError(option="--serial", value=wanted.serial, form="--token | --serial")
        uri = KeyURI(serial=wanted.serial)
    modules = open_modules(home, uri.module_path, session=session)
    every = [(module, token) for module in modules for token in module.all_tokens()]
    fitting = [(module, token) for module, token in every if uri.fits(token)]
    if not fitting:
        seen = tuple(_name(token) for _, token in every)
        raise TokenNotFoundError(wanted=str(uri), seen=seen or ("-",))
    if len(fitting) > 1:
        raise TokenAmbiguousError(
            wanted=str(uri), serials=tuple(_name(token) for _, token in fitting)
        )
    module, token = fitting[0]
    return Chosen(home, module, token)


def _name(token: TokenInfo) -> str:
    return f"{token.serial} ({token.label or '-'})"


def _certificates(chosen: Chosen) -> list[dict[str, str]]:
    found = list_objects(chosen.module, chosen.token, (ObjectKind.CERTIFICATE,))
    return [certificate_object(one.certificate) for one in found if one.certificate is not None]


def _put_plan(session: Session, chosen: Chosen, lost: list[dict[str, str]]) -> None:
    token = chosen.token

    def text() -> str:
        head = session.word("cli.token.erased", token=token.label, serial=token.serial)
        rows = [("  " + one["serial"], one["subject"]) for one in lost]
        return "\n".join((head, table(rows) if rows else "  " + session.word("cli.none")))

    _put(session, token, {"erased": lost, "done": False}, text())


def _put_made(session: Session, token: TokenInfo) -> None:
    text = session.word("cli.token.made", label=token.label, serial=token.serial)
    _put(session, token, {"done": True}, text)


def _put(session: Session, token: TokenInfo, more: dict[str, Any], text: str) -> None:
    data = {"label": token.label, "serial": token.serial, **more}
    session.put("token.init/1", data, lambda: text)
