"""Where keys and PINs come from in this run: modules of the home, PIN sources by token."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from cli.homes.home import Home
from cli.homes.modules import open_home_modules, open_module_of
from cli.homes.pin_prompt import ask_person, somebody_is_there, tell_doubts
from cli.session import Session
from hsm.errors import (
    KeyPasswordWrongError,
    PINSourceUnavailableError,
    WrongPINError,
    WrongPINFinalTryError,
    WrongPINLockedError,
)
from hsm.loading import close_modules
from hsm.module import Module
from hsm.pin import Pin, PinSource, parse_pin_source
from hsm.tokens import TokenInfo
from pki.errors.tree import PKIError

# A process that ends logs out: the token must not stay open for the next program.
atexit.register(close_modules)


_PROMPT = "prompt"
QUESTIONS = 3
"""How often a person is asked for one PIN; most tokens lock after five wrong ones in a row."""

_MISTYPED = (WrongPINError, KeyPasswordWrongError)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PINs:
    """Gives the PIN of whatever token asks: the option, else the home's source, else a prompt."""

    session: Session
    home: Home
    option: str | None = None
    final_try: bool = False
    """Spend a token's last try if it comes to that."""
    one_pin: bool = False
    """One PIN serves a batch, also with a key that wants one at every signature."""
    unattended: bool = False
    """Nobody is asked: a PIN that has no other source cannot be had."""
    _sources: dict[str, PinSource] = field(default_factory=dict, init=False)
    """One of each kind: a pipe can be read to its end only once."""
    _warned: set[tuple[str, str]] = field(default_factory=set, init=False)
    _quiet: list[Callable[[], None]] = field(default_factory=list, init=False)

    def ask(self, token: TokenInfo) -> Pin:
        """Return the PIN; what speaks against its text is said on stderr first.

        Raises:
            PKIError: the source is malformed or gives nothing.
        """
        text = self._source_of(token.label)
        if self.unattended and text == _PROMPT:
            raise PINSourceUnavailableError(source=text)
        if text == _PROMPT:
            self._be_quiet()
        source = self._sources.setdefault(text, self._parse(text))
        pin = source.ask(token)
        place = (token.label, token.serial)
        if text != _PROMPT and token.key_file is None and place not in self._warned:
            self._warned.add(place)
            tell_doubts(self.session, token, pin)
        return pin

    def announce_pad(self, token: TokenInfo) -> None:
        """Tell whoever is there to type the PIN on the reader's own keys.

        Raises:
            PINSourceUnavailableError: nobody is to be asked.
        """
        if self.unattended:
            raise PINSourceUnavailableError(source="pad")
        self._be_quiet()
        self.session.tell("cli.pin.on_pad", token=token.label, serial=token.serial)

    def before_questions(self, be_quiet: Callable[[], None]) -> None:
        """Have `be_quiet` called before a person is asked: for what is drawn on the terminal."""
        self._quiet.append(be_quiet)

    def _be_quiet(self) -> None:
        for call in self._quiet:
            call()

    def retrying(self, use_pin: Callable[[], T]) -> T:
        """Return what `use_pin` returns; a person who mistyped the PIN is asked again.

        Nobody is asked again where the PIN comes from elsewhere, where no person is at a terminal,
        where one try is left, and after `QUESTIONS` questions.

        Args:
            use_pin: asks this object for the PIN every time it is called.

        Raises:
            PKIError: whatever `use_pin` raises.
        """
        for _ in range(QUESTIONS - 1):
            try:
                return use_pin()
            except _MISTYPED as error:
                if not self._may_ask_again(error):
                    raise
                self.session.tell("cli.pin.again")
        return use_pin()

    def _may_ask_again(self, error: PKIError) -> bool:
        if isinstance(error, WrongPINFinalTryError | WrongPINLockedError):
            return False
        if self.unattended:
            return False
        label = Path(str(error.facts.get("path", ""))).name or str(error.facts["token"])
        return self._source_of(label) == _PROMPT and somebody_is_there()

    def _source_of(self, label: str) -> str:
        return self.option or self.home.settings.pins.get(label, _PROMPT)

    def _parse(self, text: str) -> PinSource:
        if self.option is None and text.startswith("file:"):
            text = f"file:{self.home.path(Path(text.removeprefix('file:')))}"
        return parse_pin_source(text, lambda token: ask_person(self.session, token))


def open_modules(
    home: Home, named: str | None = None, *, session: Session | None = None
) -> tuple[Module, ...]:
    """Return the PKCS#11 modules to search: the one a URI names, else the home's.

    Args:
        home: whose modules.
        named: the `module-path` of a key's address.
        session: where to say which modules are left out; None says nothing.

    Raises:
        SoftHSMMissingError: the home has an embedded store, and SoftHSM is not installed.
        ModuleUnusableError: the named module, or all that are configured, cannot be used.
    """
    if named is not None:
        return (open_module_of(home, Path(named)),)
    return open_home_modules(home, session)
