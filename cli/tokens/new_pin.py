"""A new PIN: asked twice, and refused where it could hardly be typed again."""

from __future__ import annotations

from cli.errors import NewPINRefusedError, PINsDifferError
from cli.homes.keys import QUESTIONS
from cli.homes.pin_prompt import ask_hidden, somebody_is_there
from cli.session import Session
from hsm.pin import Pin, parse_pin_source
from hsm.pin_text import PINDoubt, doubts_about
from hsm.tokens import TokenInfo

_PROMPT = "prompt"


class NewPIN:
    """Gives one new PIN; asked again, the same one."""

    def __init__(
        self,
        session: Session,
        option: str | None,
        *,
        question: str = "cli.new_pin.ask",
        refuses: bool = True,
    ) -> None:
        """Say where it comes from, before anybody is asked for the PIN that there is.

        Args:
            session: whom to tell what speaks against it.
            option: `--new-pin-source`; None is a prompt.
            question: the message that a person is asked.
            refuses: whether doubtful text is refused, or only told of.

        Raises:
            PINSourceError: not a source of a PIN.
        """
        self._session = session
        self._question = question
        self._refuses = refuses
        self._source = None
        if option not in (None, _PROMPT):
            self._source = parse_pin_source(option, lambda _token: "")
        self._given: Pin | None = None

    def __call__(self, token: TokenInfo) -> Pin:
        """Return the new PIN for this token.

        Raises:
            NewPINRefusedError: letters or signs that a keyboard setting made, or a length that the
                token does not take; nothing was tried.
            PINsDifferError: a person typed it differently each time.
            PKIError: the source is malformed or gives nothing.
        """
        if self._given is None:
            self._given = self._get(token)
        return self._given

    def _get(self, token: TokenInfo) -> Pin:
        if self._source is None:
            return self._ask_person(token)
        pin = self._source.ask(token)
        if self._is_doubtful(token, pin):
            raise NewPINRefusedError(token=token.label)
        return pin

    def _ask_person(self, token: TokenInfo) -> Pin:
        error: NewPINRefusedError | PINsDifferError | None = None
        for _ in range(QUESTIONS if somebody_is_there() else 1):
            if error is not None:
                self._session.tell("cli.new_pin.once_more")
            pin = self._ask_once(token, self._question)
            if self._is_doubtful(token, pin):
                error = NewPINRefusedError(token=token.label)
            elif pin != self._ask_once(token, "cli.new_pin.repeat"):
                error = PINsDifferError(token=token.label)
                self._session.tell("cli.pins_differ", token=token.label)
            else:
                return pin
        assert error is not None  # noqa: S101  asked at least once
        raise error

    def _ask_once(self, token: TokenInfo, question: str) -> Pin:
        return Pin(ask_hidden(self._session.word(question, token=token.label)))

    def _is_doubtful(self, token: TokenInfo, pin: Pin) -> bool:
        doubts = doubts_about(pin, token.pin_bytes)
        allowed = token.pin_bytes or range(0)
        for doubt in doubts:
            text = f"cli.pin.doubt.{doubt}"
            if doubt is PINDoubt.DEFAULT:  # elsewhere the advice is to change it
                text = "cli.new_pin.default"
            self._session.tell(text, shortest=allowed.start, longest=allowed.stop - 1)
        return self._refuses and any(doubt.retype for doubt in doubts)
