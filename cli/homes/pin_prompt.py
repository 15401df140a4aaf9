"""The conversation about a PIN: what is said before it is typed, and before it is sent.

A PIN whose text says that the keyboard changed it is not sent: the person hears what is wrong with
it and types again. Typed a second time just the same, it is taken as meant.
"""

from __future__ import annotations

import sys

import typer

from cli.session import Session
from hsm.errors import PINMalformedError
from hsm.pin import Pin
from hsm.pin_text import PINDoubt, doubts_about
from hsm.tokens import PINState, TokenInfo


def somebody_is_there() -> bool:
    """Say whether a person can be asked twice: the input is a terminal."""
    return sys.stdin.isatty()


def ask_person(session: Session, token: TokenInfo) -> str:
    """Ask for a token's PIN, or for the password of a key file.

    Raises:
        PINMalformedError: what was typed is not text.
    """
    if token.key_file is not None:  # a wrong password costs nothing, and may hold any letter
        return ask_hidden(session.word("cli.ask.password", path=token.key_file))
    _tell_flags(session, token)
    question = session.word("cli.ask.pin", token=token.label, serial=token.serial)
    doubted: list[Pin] = []
    while True:
        pin = Pin(ask_hidden(question))
        if pin in doubted:
            return pin.reveal()
        doubts = tell_doubts(session, token, pin)
        if not somebody_is_there() or not any(doubt.retype for doubt in doubts):
            return pin.reveal()
        session.tell("cli.pin.retype")
        doubted.append(pin)


def tell_doubts(session: Session, token: TokenInfo, pin: Pin) -> tuple[PINDoubt, ...]:
    """Say on stderr what speaks against a PIN, and return it; never the PIN, nor its length."""
    doubts = doubts_about(pin, token.pin_bytes)
    allowed = token.pin_bytes or range(0)
    for doubt in doubts:
        session.tell(f"cli.pin.doubt.{doubt}", shortest=allowed.start, longest=allowed.stop - 1)
    return doubts


def _tell_flags(session: Session, token: TokenInfo) -> None:
    """Say what the token's flags tell of the tries that are left; they never give a number."""
    if token.pin_state is PINState.COUNT_LOW:
        session.tell("cli.pin.count_low", token=token.label)
    if token.pin_state is PINState.FINAL_TRY:
        session.tell("cli.pin.final_try", token=token.label)


def ask_hidden(question: str) -> str:
    """Return what is typed in answer to a question, without showing it.

    Raises:
        PINMalformedError: nothing, or bytes that are no text.
    """
    try:
        answer: str = typer.prompt(question, hide_input=True, err=True)
    except UnicodeDecodeError:  # its text would show a byte of the PIN
        answer = ""
    if not answer:
        raise PINMalformedError(source="prompt")
    return answer
