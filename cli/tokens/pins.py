"""`antin token pin change|unblock`."""

from __future__ import annotations

from dataclasses import dataclass

from cli.homes.keys import PINs
from cli.session import Session
from cli.tokens.choose import Chosen, choose_token
from cli.tokens.new_pin import NewPIN
from cli.tokens.officer import OfficerPINs, as_officer
from hsm.login import change_pin, unblock_pin
from hsm.pin import Pin
from hsm.tokens import TokenInfo


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of both commands."""

    token: str | None
    source: str | None
    """Of the PIN that is there: the user's, or the officer's."""
    new_source: str | None
    final_try: bool
    """The last try may be spent."""


def change(session: Session, wanted: Wanted) -> None:
    """Change a token's user PIN: one try, with the PIN that it has now.

    Raises:
        PKIError: no such token, a wrong or doubtful PIN, or the token refuses.
    """
    chosen = choose_token(session, wanted.token)
    pins = PINs(session, chosen.home, wanted.source)
    source = _AnnouncingChange(session, pins)
    new_pin = NewPIN(session, wanted.new_source)
    module, token = chosen.module, chosen.token
    pins.retrying(
        lambda: change_pin(module, token, source, new_pin, allow_final_try=wanted.final_try)
    )
    _put(session, chosen, "token.pin.change/1", "cli.token.pin_changed")


def unblock(session: Session, wanted: Wanted) -> None:
    """Give the user a new PIN by the security officer's; keys and certificates stay.

    Raises:
        PKIError: no such token, a wrong or doubtful PIN, or the token refuses.
    """
    chosen = choose_token(session, wanted.token)
    source = OfficerPINs(session, wanted.source)
    new_pin = NewPIN(session, wanted.new_source)
    module, token = chosen.module, chosen.token
    as_officer(
        chosen,
        lambda: unblock_pin(module, token, source, new_pin, allow_final_try=wanted.final_try),
    )
    _put(session, chosen, "token.pin.unblock/1", "cli.token.pin_unblocked")


@dataclass(frozen=True, slots=True)
class _AnnouncingChange:
    """As `PINs`, for a reader on which both PINs are typed."""

    session: Session
    pins: PINs

    def ask(self, token: TokenInfo) -> Pin:
        return self.pins.ask(token)

    def announce_pad(self, token: TokenInfo) -> None:
        self.session.tell("cli.new_pin.on_pad", token=token.label, serial=token.serial)


def _put(session: Session, chosen: Chosen, schema: str, message_id: str) -> None:
    session.put(
        schema,
        {"token": chosen.as_json(), "done": True},
        lambda: session.word(message_id, token=chosen.token.label, serial=chosen.token.serial),
    )
