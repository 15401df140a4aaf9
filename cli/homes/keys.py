"""Where keys and PINs come from in this run: modules of the home, PIN sources by token."""

from __future__ import annotations

import atexit
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import typer

from cli.homes.home import Home
from cli.session import Session
from hsm.embedded import EmbeddedTokens
from hsm.module import Module, close_modules, open_module
from hsm.pin import Pin, PinSource, parse_pin_source
from hsm.tokens import TokenInfo

# A process that ends logs out: the token must not stay open for the next program.
atexit.register(close_modules)


@dataclass(frozen=True, slots=True)
class PINs:
    """Gives the PIN of whatever token asks: the option, else the home's source, else a prompt."""

    session: Session
    home: Home
    option: str | None = None

    def ask(self, token: TokenInfo) -> Pin:
        """Return the PIN.

        Raises:
            PKIError: the source is malformed or gives nothing.
        """
        text = self.option or self.home.settings.pins.get(token.label, "prompt")
        return self._source(text).ask(token)

    def _source(self, text: str) -> PinSource:
        if self.option is None and text.startswith("file:"):
            text = f"file:{self.home.path(Path(text.removeprefix('file:')))}"
        return parse_pin_source(text, self._prompt)

    def _prompt(self, token: TokenInfo) -> str:
        if token.key_file is not None:
            question = self.session.word("cli.ask.password", path=token.key_file)
        else:
            question = self.session.word("cli.ask.pin", token=token.label, serial=token.serial)
        answer: str = typer.prompt(question, hide_input=True, err=True)
        return answer


def open_modules(home: Home, named: str | None = None) -> tuple[Module, ...]:
    """Return the PKCS#11 modules to search: the one a URI names, else the home's.

    Raises:
        SoftHSMMissingError, ModuleUnusableError: a configured module cannot be loaded.
    """
    if named is not None:
        return (open_module(Path(named)),)
    return tuple(_configured(home))


def _configured(home: Home) -> Iterable[Module]:
    if home.settings.tokens.embedded:
        yield EmbeddedTokens(home.tokens).module()
    for path in home.settings.tokens.modules:
        yield open_module(home.path(path))
