"""A new PIN: asked twice, and refused where it could hardly be typed again."""

from __future__ import annotations

from dataclasses import dataclass, field

from cli.errors import NewPINRefusedError, PINsDifferError
from cli.homes.keys import QUESTIONS
from cli.homes.pin_prompt import ask_hidden, somebody_is_there
from cli.session import Session
from hsm.pin import Pin, parse_pin_source
from hsm.pin_text import PINDoubt, doubts_about
from hsm.tokens import TokenInfo

_PROMPT = "prompt"


@dataclass(frozen=True, slots=True)
class NewPIN:
    """Gives one new PIN; asked again, the same one."""

    session: Session
    option: str | None
    question: str = "cli.new_pin.ask"
    """What a person is asked."""
    refuses: bool = True
    """Whether doubtful text is refused, or only told of."""
    _given: list[Pin] = field(default_factory=list, init=False)

    def __call__(self, token: TokenInfo) -> Pin:
        """Return the new PIN for this token.

        Raises:
            NewPINRefusedError: letters or signs that a keyboard setting made, or a length that the
                token does not take; nothing was tried.
            PINsDifferError: a person typed it differently each time.
            PKIError: the source is malformed or gives nothing.
        """
        if not self._given:
            self._given.append(self._get(token))
        return self._given[0]

    def _get(self, token: TokenInfo) -> Pin:
        if (self.option or _PROMPT) == _PROMPT:
            return self._ask_person(token)
        pin = parse_pin_source(self.option or _PROMPT, lambda _token: "").ask(token)
        if self._is_doubtful(token, pin):
            raise NewPINRefusedError(token=token.label)
        return pin

    def _ask_person(self, token: TokenInfo) -> Pin:
        error: NewPINRefusedError | PINsDifferError | None = None
        for _ in range(QUESTIONS if somebody_is_there() else 1):
            if error is not None:
                self.session.tell("cli.new_pin.once_more")
            pin = self._ask_once(token, self.question)
            if self._is_doubtful(token, pin):
                error = NewPINRefusedError(token=token.label)
            elif pin != self._ask_once(token, "cli.new_pin.repeat"):
                error = PINsDifferError(token=token.label)
                self.session.tell("cli.pins_differ", token=token.label)
            else:
                return pin
        assert error is not None  # noqa: S101  asked at least once
        raise error

    def _ask_once(self, token: TokenInfo, question: str) -> Pin:
        return Pin(ask_hidden(self.session.word(question, token=token.label)))

    def _is_doubtful(self, token: TokenInfo, pin: Pin) -> bool:
        doubts = doubts_about(pin, token.pin_bytes)
        allowed = token.pin_bytes or range(0)
        for doubt in doubts:
            text = f"cli.pin.doubt.{doubt}"
            if doubt is PINDoubt.DEFAULT:  # elsewhere the advice is to change it
                text = "cli.new_pin.default"
            self.session.tell(text, shortest=allowed.start, longest=allowed.stop - 1)
        return self.refuses and any(doubt.retype for doubt in doubts)
