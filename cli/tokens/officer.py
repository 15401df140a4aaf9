"""The security officer's PIN: asked for once, and its errors told for what they mean.

Some makers call it PUK, administrator's PIN or SO PIN. It unblocks the user's PIN; when its own
tries run out, nothing does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cli.errors import (
    EmbeddedOfficerPINError,
    OfficerPINError,
    OfficerPINFinalTryError,
    OfficerPINLockedError,
)
from cli.homes.pin_prompt import ask_hidden
from cli.session import Session
from cli.tokens.choose import Chosen
from hsm.embedded import EmbeddedTokens
from hsm.errors import (
    PINFinalTryError,
    PINLockedError,
    WrongPINError,
    WrongPINFinalTryError,
    WrongPINLockedError,
)
from hsm.pin import Pin, parse_pin_source
from hsm.tokens import PINState, TokenInfo

_PROMPT = "prompt"


@dataclass(frozen=True, slots=True)
class OfficerPINs:
    """Gives the officer's PIN: from `--so-pin-source`, else from a prompt."""

    session: Session
    option: str | None

    def ask(self, token: TokenInfo) -> Pin:
        """Return the PIN.

        Raises:
            PKIError: the source is malformed or gives nothing.
        """
        return parse_pin_source(self.option or _PROMPT, self._ask_person).ask(token)

    def announce_pad(self, token: TokenInfo) -> None:
        """Tell whoever is there to type the officer's PIN on the reader's own keys."""
        self.session.tell("cli.officer.on_pad", token=token.label, serial=token.serial)

    def _ask_person(self, token: TokenInfo) -> str:
        if token.so_pin_state is PINState.COUNT_LOW:
            self.session.tell("cli.officer.count_low", token=token.label)
        if token.so_pin_state is PINState.FINAL_TRY:
            self.session.tell("cli.officer.final_try", token=token.label)
        question = self.session.word("cli.officer.ask", token=token.label, serial=token.serial)
        return ask_hidden(question)


def as_officer(chosen: Chosen, work: Callable[[], None]) -> None:
    """Do work that takes the officer's PIN; nobody is asked a second time.

    Raises:
        EmbeddedOfficerPINError: wrong, and it is a token of the home's own store.
        OfficerPINError: wrong.
        OfficerPINLockedError: no try is left, before or now.
        OfficerPINFinalTryError: one try is left; it was not asked for.
        PKIError: whatever else `work` raises.
    """
    token = chosen.token
    facts = {"token": token.label, "serial": token.serial}
    try:
        work()
    except (WrongPINLockedError, PINLockedError) as error:
        raise OfficerPINLockedError(**facts) from error
    except PINFinalTryError as error:
        raise OfficerPINFinalTryError(**facts) from error
    except WrongPINError as error:
        if is_embedded(chosen):
            raise EmbeddedOfficerPINError(token=token.label) from error
        flags = error.facts["pin_flags"]
        kind = OfficerPINFinalTryError if isinstance(error, WrongPINFinalTryError) else None
        raise (kind(**facts) if kind else OfficerPINError(**facts, pin_flags=flags)) from error


def is_embedded(chosen: Chosen) -> bool:
    """Say whether the token is one of the home's own store."""
    home = chosen.home
    return home.settings.tokens.embedded and (EmbeddedTokens(home.tokens).module() is chosen.module)
